package runtime

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/containers/common/libnetwork/types"
	"github.com/containers/common/pkg/config"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/network"
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
			if got := b.state(name); got != want {
				require.Equal(b.t, want, got, "%s; journal: %s", name, b.names(fmt.Sprint(b.journal)))
			}
		}
	}
}

func isOnNetwork(ctr, name string) func(*bench) bool {
	return func(b *bench) bool { return isOn(b.row(b.idOf(ctr)), name) }
}

func never(*bench) bool { return false }

func withVolumes(o *CreateOptions) {
	o.Config.Storage.Volumes = []container.VolumeMount{{Name: "data", Destination: "/data"}, {Destination: "/anon"}}
}

// twoInPod is a pod of sql and web, which requires it; running on request.
func twoInPod(start bool) func(*bench) {
	return func(b *bench) {
		id := b.pod("p")
		b.ctr("sql", "p")
		b.ctr("web", "p", requires("sql"), withVolumes)
		if start {
			require.NoError(b.t, b.look().StartPod(b.ctx, id))
		}
	}
}

// oneAlone is a container outside pods; running on request.
func oneAlone(start bool, change ...func(*CreateOptions)) func(*bench) {
	return func(b *bench) {
		id := b.ctr("web", "", append(change, withVolumes)...)
		if start {
			require.NoError(b.t, b.look().StartContainer(b.ctx, id))
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

// remove is `rm` as the command line does it.
func remove(opts RemoveOptions, name string) func(*bench, *engine) error {
	opts.Force, opts.Volumes = true, true
	return func(b *bench, e *engine) (err error) {
		removed, err := e.RemoveContainers(b.ctx, Selection{Names: []string{name}}, opts)
		for _, rm := range removed {
			err = errors.Join(err, rm.Err)
		}
		return err
	}
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
			require.NoError(b.t, onCtr("web", stop)(b, b.look()))
		}, verb: onCtr("web", start), done: never, after: expect(container.Running, "web")},
		{name: "start_with_dependencies", setup: twoInPod(false), verb: onCtr("web", start), done: never, after: expect(container.Running, "web", "sql")},
		{name: "init", setup: oneAlone(false), verb: onCtr("web", func(b *bench, e *engine, id string) error { return e.InitContainer(b.ctx, id) }),
			done: func(b *bench) bool { return b.state("web") == container.Initialized }, after: expect(container.Initialized, "web")},
		{name: "pod_start", setup: twoInPod(false), done: never, after: expect(container.Running, "web", "sql"),
			verb: onPod("p", func(b *bench, e *engine, id string) error { return e.StartPod(b.ctx, id) })},
		{name: "stop", setup: oneAlone(true), verb: onCtr("web", stop), done: never, after: expect(container.Exited, "web")},
		{name: "stop_of_one_that_removes_itself", setup: oneAlone(true, autoRemove), verb: onCtr("web", stop), done: not(hasCtr("web")), after: expect("", "web")},
		{name: "pod_stop", setup: twoInPod(true), done: never, after: expect(container.Exited, "web", "sql"),
			verb: onPod("p", func(b *bench, e *engine, id string) error { return e.StopPod(b.ctx, id, StopOptions{}) })},
		{name: "restart", setup: oneAlone(true), done: never, after: expect(container.Running, "web"),
			verb: onCtr("web", func(b *bench, e *engine, id string) error {
				return e.RestartContainers(b.ctx, []Target{{ID: id}}, StopOptions{})[0]
			})},
		{name: "pod_restart", setup: twoInPod(true), done: never, after: expect(container.Running, "web", "sql"),
			verb: onPod("p", func(b *bench, e *engine, id string) error { return e.RestartPod(b.ctx, id) })},
		{name: "rm_of_one_never_started", setup: oneAlone(false), verb: remove(RemoveOptions{}, "web"), done: not(hasCtr("web")), after: expect("", "web")},
		{name: "rm_of_one_that_runs", setup: oneAlone(true), verb: remove(RemoveOptions{}, "web"), done: not(hasCtr("web")), after: expect("", "web")},
		{name: "rm_of_one_that_is_paused", setup: func(b *bench) {
			oneAlone(true)(b)
			require.NoError(b.t, onCtr("web", func(b *bench, e *engine, id string) error { return e.PauseContainer(b.ctx, id) })(b, b.look()))
		}, verb: remove(RemoveOptions{}, "web"), done: not(hasCtr("web")), after: expect("", "web")},
		{name: "rm_of_one_with_dependents", setup: twoInPod(true), done: not(hasCtr("sql")), after: expect("", "web", "sql"),
			verb: remove(RemoveOptions{Depend: true}, "sql")},
		{name: "pod_rm_of_one_that_runs", setup: twoInPod(true), done: not(hasPod("p")), after: expect("", "web", "sql"),
			verb: onPod("p", func(b *bench, e *engine, id string) error { return e.RemovePod(b.ctx, id, RemoveOptions{Force: true}) })},
		{name: "pod_rm_of_one_never_started", setup: twoInPod(false), done: not(hasPod("p")), after: expect("", "web", "sql"),
			verb: onPod("p", func(b *bench, e *engine, id string) error { return e.RemovePod(b.ctx, id, RemoveOptions{}) })},
		{name: "cleanup", setup: ended(oneAlone(true), "web"), verb: onCtr("web", cleanup), done: never, after: expect(container.Exited, "web")},
		{name: "cleanup_of_one_that_restarts", setup: ended(oneAlone(true, restartAlways), "web"), verb: onCtr("web", cleanup),
			done: func(b *bench) bool { return b.state("web") == container.Running }, after: expect(container.Running, "web")},
		{name: "cleanup_of_one_that_removes_itself", setup: ended(oneAlone(true, autoRemove), "web"), verb: onCtr("web", cleanup),
			done: not(hasCtr("web")), after: expect("", "web")},
		{name: "cleanup_of_the_last_member", setup: ended(func(b *bench) {
			id := b.pod("p", exitPolicy("stop"))
			b.ctr("web", "p")
			b.startPod(id)
		}, "web"), verb: onCtr("web", cleanup), done: never, after: func(b *bench) {
			expect(container.Exited, "web")(b)
			require.Equal(b.t, container.Exited, b.row(b.infra(b.podNamed("p"))).State)
		}},
		{name: "connect", setup: oneAlone(true), done: isOnNetwork("web", "net"), after: expect(container.Running, "web"),
			verb: func(b *bench, e *engine) error {
				return e.ConnectNetwork(b.ctx, "net", "web", types.PerNetworkOptions{})
			}},
		{name: "connect_of_one_that_does_not_run", setup: oneAlone(false), done: isOnNetwork("web", "net"), after: expect(container.Created, "web"),
			verb: func(b *bench, e *engine) error {
				return e.ConnectNetwork(b.ctx, "net", "web", types.PerNetworkOptions{})
			}},
		{name: "disconnect", setup: func(b *bench) {
			oneAlone(true)(b)
			require.NoError(b.t, b.look().ConnectNetwork(b.ctx, "net", "web", types.PerNetworkOptions{}))
		}, done: not(isOnNetwork("web", "podman")), after: expect(container.Running, "web"),
			verb: func(b *bench, e *engine) error {
				return e.DisconnectNetwork(b.ctx, "podman", "web", network.DisconnectOptions{})
			}},
		{name: "network_reload", setup: oneAlone(true), done: never, after: expect(container.Running, "web"),
			verb: func(b *bench, e *engine) error {
				reloaded, err := e.ReloadNetworks(b.ctx, network.ReloadOptions{Containers: []string{"web"}})
				for _, ctr := range reloaded {
					err = errors.Join(err, ctr.Err)
				}
				return err
			}},
		{name: "pause", setup: oneAlone(true), verb: onCtr("web", func(b *bench, e *engine, id string) error { return e.PauseContainer(b.ctx, id) }),
			done: func(*bench) bool { return true }, after: expect(container.Paused, "web")},
	}
}

// scene is a host set up for the verb.
func (c cut) scene(t *testing.T, conf *config.Config) *bench {
	t.Helper()
	b := benchWith(t, conf)
	c.setup(b)
	b.forget()
	return b
}

// kill runs the verb in a podctl process that is killed after so many steps.
func (c cut) kill(b *bench, steps int) {
	b.t.Helper()
	done := c.done(b)
	e := b.open()
	e.cut = steps
	err := c.verb(b, e)
	if e.podctl.self.alive() {
		if !done {
			require.NoError(b.t, err) // members in another order may take fewer steps
		}
		e.kill()
	}
}

// steps counts the verb's steps when nobody disturbs it.
func (c cut) steps(t *testing.T, conf *config.Config) int {
	t.Helper()
	b := c.scene(t, conf)
	b.sound()
	e := b.open()
	require.NoError(t, c.verb(b, e))
	e.kill() // as a process ends
	b.sound()
	b.noLocks()
	if c.after != nil {
		c.after(b)
	}
	return e.steps
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
	e.kill()
	if done {
		c.another(b) // what is done already may find its object gone, and mend nothing
	}
	b.sound()
	if c.after != nil {
		c.after(b)
	}
}

// another runs a verb that has nothing to do with it.
func (c cut) another(b *bench) {
	b.t.Helper()
	e := b.open()
	_, err := e.CreateVolume(b.ctx, volume.CreateOptions{Name: "other", IgnoreIfExists: true})
	require.NoError(b.t, err)
	e.kill()
}

// TestKilledVerb kills every verb after every one of its steps. Whatever command
// comes next mends what was left, also when it is killed in turn, and the same
// verb run again succeeds.
func TestKilledVerb(t *testing.T) {
	conf, said := defaultConf(t), warnings(t)
	t.Run("verb", func(t *testing.T) {
		for _, c := range cuts() {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				steps := c.steps(t, conf)
				require.NotZero(t, steps)
				for i := 1; i <= steps; i++ {
					t.Run(fmt.Sprintf("after_step_%d_then_the_same", i), func(t *testing.T) {
						b := c.scene(t, conf)
						c.kill(b, i)
						c.again(b)
					})
					t.Run(fmt.Sprintf("after_step_%d_then_another", i), func(t *testing.T) {
						b := c.scene(t, conf)
						c.kill(b, i)
						if i%2 == 0 {
							c.kill(b, 1+i%5) // while it mends
						}
						c.another(b)
						b.sound()
						c.again(b)
					})
				}
			})
		}
	})
	for _, line := range strings.Split(said.String(), "\n") {
		require.True(t, line == "" || strings.Contains(line, errKilled.Error()), line)
	}
}
