package runtime

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/volume"
)

// cut is a verb that is killed, as kill -9 does, after each of its steps.
type cut struct {
	name  string
	setup func(*bench)
	// verb is what the command line does: find the object, then act.
	verb func(*bench, *engine) error
	// done says that nothing is left to do: the only error of a second run may
	// be that of a verb that was carried out already.
	done func(*bench) bool
	// after is what must hold once the second run has succeeded. Optional.
	after func(*bench)
}

func onCtr(name string, do func(*bench, *engine, string) error) func(*bench, *engine) error {
	return func(b *bench, e *engine) error {
		ids, err := e.lookupContainers(b.ctx, []string{name})
		if err != nil {
			return err
		}
		return do(b, e, ids[0])
	}
}

func onPod(name string, do func(*bench, *engine, string) error) func(*bench, *engine) error {
	return func(b *bench, e *engine) error {
		ids, err := e.lookupPods(b.ctx, []string{name})
		if err != nil {
			return err
		}
		return do(b, e, ids[0])
	}
}

func hasCtr(name string) func(*bench) bool {
	return func(b *bench) bool { return b.state(name) != "" }
}

func not(is func(*bench) bool) func(*bench) bool { return func(b *bench) bool { return !is(b) } }

func hasPod(name string) func(*bench) bool {
	return func(b *bench) bool {
		ok, err := b.look().PodExists(b.ctx, name)
		require.NoError(b.t, err)
		return ok
	}
}

// state is the state of the container of that name as users see it; "" for none.
func (b *bench) state(name string) container.State {
	b.t.Helper()
	ids, err := b.look().lookupContainers(b.ctx, []string{name})
	if errors.Is(err, errdefs.ErrNoSuchCtr) {
		return ""
	}
	require.NoError(b.t, err)
	return b.row(ids[0]).State
}

func expect(want container.State, names ...string) func(*bench) {
	return func(b *bench) {
		b.t.Helper()
		for _, name := range names {
			require.Equal(b.t, want, b.state(name), name)
		}
	}
}

func never(*bench) bool { return false }

func withVolumes(o *CreateOptions) {
	o.Config.Storage.Volumes = []container.VolumeMount{{Name: "data", Destination: "/data"}, {Destination: "/anon"}}
}

// twoInPod is a pod of db and web, which requires it; running on request.
func twoInPod(start bool) func(*bench) {
	return func(b *bench) {
		id := b.pod("p")
		b.ctr("db", "p")
		b.ctr("web", "p", requires("db"), withVolumes)
		if start {
			require.NoError(b.t, b.open().StartPod(b.ctx, id))
		}
	}
}

// oneAlone is a container outside pods; running on request.
func oneAlone(start bool, change ...func(*CreateOptions)) func(*bench) {
	return func(b *bench) {
		id := b.ctr("web", "", append(change, withVolumes)...)
		if start {
			require.NoError(b.t, b.open().StartContainer(b.ctx, id))
		}
	}
}

// ended is a set-up whose container ended by itself.
func ended(setup func(*bench), name string) func(*bench) {
	return func(b *bench) {
		setup(b)
		ids, err := b.look().lookupContainers(b.ctx, []string{name})
		require.NoError(b.t, err)
		b.exit(ids[0], 3)
	}
}

func start(b *bench, e *engine, id string) error { return e.StartContainer(b.ctx, id) }
func stop(b *bench, e *engine, id string) error  { return e.StopContainer(b.ctx, id, StopOptions{}) }
func cleanup(b *bench, e *engine, id string) error {
	return e.CleanupContainer(b.ctx, id, CleanupOptions{})
}

func remove(b *bench, e *engine, id string) error {
	return e.RemoveContainer(b.ctx, id, RemoveOptions{Force: true, Volumes: true})
}

func autoRemove(o *CreateOptions) { o.Config.AutoRemove = true }

func restartAlways(o *CreateOptions) {
	o.Config.RestartSet, o.Config.Restart.Name = true, "always"
}

func cuts() []cut {
	return []cut{
		{name: "create", setup: func(*bench) {}, done: hasCtr("web"), after: expect(container.Created, "web"),
			verb: func(b *bench, e *engine) error {
				_, err := e.CreateContainer(b.ctx, ctrOptions("web", "", withVolumes))
				return err
			}},
		{name: "create_in_a_pod", setup: func(b *bench) { b.pod("p") }, done: hasCtr("web"), after: expect(container.Created, "web"),
			verb: func(b *bench, e *engine) error {
				_, err := e.CreateContainer(b.ctx, ctrOptions("web", "p", withVolumes))
				return err
			}},
		{name: "create_with_a_new_pod", setup: func(*bench) {}, done: hasPod("p"),
			verb: func(b *bench, e *engine) error {
				_, err := e.CreateContainer(b.ctx, ctrOptions("web", "", func(o *CreateOptions) { p := podOptions("p"); o.NewPod = &p }))
				return err
			}},
		{name: "create_replacing", setup: oneAlone(true), done: never, after: expect(container.Created, "web"),
			verb: func(b *bench, e *engine) error {
				_, err := e.CreateContainer(b.ctx, ctrOptions("web", "", func(o *CreateOptions) { o.Replace = true }))
				return err
			}},
		{name: "pod_create", setup: func(*bench) {}, done: hasPod("p"), after: func(b *bench) { require.True(b.t, hasPod("p")(b)) },
			verb: func(b *bench, e *engine) error {
				_, err := e.CreatePod(b.ctx, podOptions("p", func(o *PodCreateOptions) {
					o.Infra.Storage.Volumes = []container.VolumeMount{{Name: "shared", Destination: "/shared"}}
				}))
				return err
			}},
		{name: "start", setup: oneAlone(false), verb: onCtr("web", start), done: never, after: expect(container.Running, "web")},
		{name: "start_again", setup: func(b *bench) {
			oneAlone(true)(b)
			require.NoError(b.t, onCtr("web", stop)(b, b.open()))
		}, verb: onCtr("web", start), done: never, after: expect(container.Running, "web")},
		{name: "start_with_dependencies", setup: twoInPod(false), verb: onCtr("web", start), done: never, after: expect(container.Running, "web", "db")},
		{name: "init", setup: oneAlone(false), verb: onCtr("web", func(b *bench, e *engine, id string) error { return e.InitContainer(b.ctx, id) }),
			done: func(b *bench) bool { return b.state("web") == container.Initialized }, after: expect(container.Initialized, "web")},
		{name: "pod_start", setup: twoInPod(false), done: never, after: expect(container.Running, "web", "db"),
			verb: onPod("p", func(b *bench, e *engine, id string) error { return e.StartPod(b.ctx, id) })},
		{name: "stop", setup: oneAlone(true), verb: onCtr("web", stop), done: never, after: expect(container.Exited, "web")},
		{name: "stop_of_one_that_removes_itself", setup: oneAlone(true, autoRemove), verb: onCtr("web", stop), done: not(hasCtr("web")), after: expect("", "web")},
		{name: "pod_stop", setup: twoInPod(true), done: never, after: expect(container.Exited, "web", "db"),
			verb: onPod("p", func(b *bench, e *engine, id string) error { return e.StopPod(b.ctx, id, StopOptions{}) })},
		{name: "restart", setup: oneAlone(true), done: never, after: expect(container.Running, "web"),
			verb: onCtr("web", func(b *bench, e *engine, id string) error { return e.RestartContainers(b.ctx, []Target{{ID: id}}, StopOptions{})[0] })},
		{name: "pod_restart", setup: twoInPod(true), done: never, after: expect(container.Running, "web", "db"),
			verb: onPod("p", func(b *bench, e *engine, id string) error { return e.RestartPod(b.ctx, id) })},
		{name: "rm_of_one_never_started", setup: oneAlone(false), verb: onCtr("web", remove), done: not(hasCtr("web")), after: expect("", "web")},
		{name: "rm_of_one_that_runs", setup: oneAlone(true), verb: onCtr("web", remove), done: not(hasCtr("web")), after: expect("", "web")},
		{name: "rm_of_one_that_is_paused", setup: func(b *bench) {
			oneAlone(true)(b)
			require.NoError(b.t, onCtr("web", func(b *bench, e *engine, id string) error { return e.PauseContainer(b.ctx, id) })(b, b.open()))
		}, verb: onCtr("web", remove), done: not(hasCtr("web")), after: expect("", "web")},
		{name: "rm_of_one_with_dependents", setup: twoInPod(true), done: not(hasCtr("db")), after: expect("", "web", "db"),
			verb: onCtr("db", func(b *bench, e *engine, id string) error {
				return e.RemoveContainer(b.ctx, id, RemoveOptions{Force: true, Volumes: true, Depend: true})
			})},
		{name: "pod_rm_of_one_that_runs", setup: twoInPod(true), done: not(hasPod("p")), after: expect("", "web", "db"),
			verb: onPod("p", func(b *bench, e *engine, id string) error { return e.RemovePod(b.ctx, id, RemoveOptions{Force: true}) })},
		{name: "pod_rm_of_one_never_started", setup: twoInPod(false), done: not(hasPod("p")), after: expect("", "web", "db"),
			verb: onPod("p", func(b *bench, e *engine, id string) error { return e.RemovePod(b.ctx, id, RemoveOptions{}) })},
		{name: "cleanup", setup: ended(oneAlone(true), "web"), verb: onCtr("web", cleanup), done: never, after: expect(container.Exited, "web")},
		{name: "cleanup_of_one_that_restarts", setup: ended(oneAlone(true, restartAlways), "web"), verb: onCtr("web", cleanup),
			done: func(b *bench) bool { return b.state("web") == container.Running }},
		{name: "cleanup_of_one_that_removes_itself", setup: ended(oneAlone(true, autoRemove), "web"), verb: onCtr("web", cleanup),
			done: not(hasCtr("web")), after: expect("", "web")},
		{name: "pause", setup: oneAlone(true), verb: onCtr("web", func(b *bench, e *engine, id string) error { return e.PauseContainer(b.ctx, id) }),
			done: func(b *bench) bool { return b.state("web") == container.Paused }, after: expect(container.Paused, "web")},
	}
}

// killAfter sets the scene and runs the verb in a podctl process that is killed
// after so many steps; false if it ended before.
func (c cut) killAfter(t *testing.T, steps int) (*bench, bool) {
	t.Helper()
	b := newBench(t)
	c.setup(b)
	b.sound()
	b.forget()
	e := b.open()
	e.cut = steps
	err := c.verb(b, e)
	if e.podctl.self.alive() {
		require.NoError(t, err)
		e.kill() // as a process ends
		b.sound()
		return b, false
	}
	return b, true
}

// again runs the verb once more, undisturbed.
func (c cut) again(b *bench) {
	b.t.Helper()
	done := c.done(b)
	e := b.open()
	err := c.verb(b, e)
	if err != nil && !done {
		require.NoError(b.t, err, "journal: %s", b.names(fmt.Sprint(b.journal)))
	}
	require.Empty(b.t, b.notes.String())
	e.kill()
	b.sound()
	if c.after != nil {
		c.after(b)
	}
}

// TestKilledVerb kills every verb after every one of its steps. Whatever command
// comes next mends what was left, and the same verb run again succeeds.
func TestKilledVerb(t *testing.T) {
	for _, c := range cuts() {
		t.Run(c.name, func(t *testing.T) {
			for steps, more := 1, true; more; steps++ {
				t.Run(fmt.Sprintf("after_step_%d_then_the_same", steps), func(t *testing.T) {
					var b *bench
					if b, more = c.killAfter(t, steps); more {
						c.again(b)
					}
				})
				if !more {
					break
				}
				t.Run(fmt.Sprintf("after_step_%d_then_another", steps), func(t *testing.T) {
					b, _ := c.killAfter(t, steps)
					e := b.open()
					_, err := e.CreateVolume(b.ctx, volume.CreateOptions{Name: "other"})
					require.NoError(t, err)
					require.Empty(t, b.notes.String())
					e.kill()
					b.sound()
					c.again(b)
				})
				t.Run(fmt.Sprintf("after_step_%d_and_killed_again", steps), func(t *testing.T) {
					b, _ := c.killAfter(t, steps)
					e := b.open()
					e.cut = 1 + steps%4
					_ = c.verb(b, e) // killed, or done before
					e.kill()
					c.again(b)
				})
			}
		})
	}
}
