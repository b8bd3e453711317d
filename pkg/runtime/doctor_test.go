package runtime

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/cgroupmgr"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/oci"
	"github.com/podctl/podctl/pkg/proc"
	"github.com/podctl/podctl/pkg/store"
	"github.com/podctl/podctl/pkg/volume"
)

// filesOnly is an OCI runtime that knows no container.
type filesOnly struct {
	ociRuntime
	exits string
}

func (o filesOnly) RemoveFiles(id string) error {
	return os.RemoveAll(filepath.Join(o.exits, id))
}

func (o filesOnly) RelievedBy(string, proc.Process) bool { return false }

func (o filesOnly) Delete(context.Context, string, oci.DeleteOptions) error { return nil }

// patient is an engine with a pod of an infra container and two members, all
// created and with their blueprints, and a volume.
func patient(t *testing.T) *Runtime {
	t.Helper()
	s := testSettings(t)
	r, _ := testEngine(t, s)
	r.lookPause = time.Millisecond
	r.cgroups = func() (cgroupmgr.Manager, error) { return nil, errdefs.ErrUnsupported }
	r.oci = func() (ociRuntime, error) { return filesOnly{exits: s.ExitDir()}, nil }

	p := aPod('a', "web")
	p.InfraID = fullID('b')
	infra, one, two := aContainer('b', "web-infra", p.ID), aContainer('c', "one", p.ID, fullID('b')), aContainer('d', "two", p.ID, fullID('c'))
	infra.Config.Infra = true
	one.Config.Requires, two.Config.Requires = one.DependsOn, two.DependsOn
	v, err := volume.New(s.VolumeDir, volume.CreateOptions{Name: "data"}, p.CreatedAt)
	require.NoError(t, err)
	if os.Geteuid() != 0 {
		v.UID, v.GID = os.Geteuid(), os.Getegid()
	}
	require.NoError(t, r.recordVolume(t.Context(), v))
	two.Config.Storage.Volumes = []container.VolumeMount{{Name: "data", Destination: "/data"}}
	insert(t, r, p, infra, one, two)
	require.NoError(t, r.writePodBlueprint(p))
	for _, c := range []*container.Container{infra, one, two} {
		require.NoError(t, r.writeBlueprint(c))
	}
	return r
}

// spoil runs statements behind the engine's back and without the schema's rules.
func spoil(t *testing.T, r *Runtime, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+r.settings.Database())
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	for _, stmt := range statements {
		_, err := db.Exec(stmt)
		require.NoError(t, err)
	}
}

func touch(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// kinds are what was found, "kind object", objects shortened.
func kinds(found []Finding) (list []string) {
	for _, f := range found {
		list = append(list, f.Kind+" "+shortID(f.Object))
	}
	return list
}

func TestDoctor(t *testing.T) {
	const a, b, c, d, e, f = "aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc", "dddddddddddd", "eeeeeeeeeeee", "ffffffffffff"
	for name, tc := range map[string]struct {
		damage func(t *testing.T, r *Runtime)
		want   []string
		// left is what Repair can do nothing about.
		left []string
	}{
		"finds_nothing_where_nothing_is_wrong": {damage: func(*testing.T, *Runtime) {}},
		"a_lost_container": {damage: func(t *testing.T, r *Runtime) {
			spoil(t, r, "DELETE FROM containers WHERE name = 'one'")
		}, want: []string{"row " + c}},
		"everything_lost": {damage: func(t *testing.T, r *Runtime) {
			spoil(t, r, "DELETE FROM containers", "DELETE FROM pods", "DELETE FROM volumes", "DELETE FROM container_deps", "DELETE FROM container_volumes")
		}, want: []string{"row " + a, "row " + b, "row " + c, "row " + d, "volume data"}},
		"rows_that_cannot_be_read": {damage: func(t *testing.T, r *Runtime) {
			spoil(t, r, "UPDATE containers SET config = '{' WHERE name = 'one'", "UPDATE containers SET state = 'walking' WHERE name = 'two'",
				"UPDATE pods SET config = '{'", "UPDATE volumes SET config = '{'")
		}, want: []string{"row " + a, "row " + c, "row data", "row " + d}},
		"a_row_that_cannot_be_read_without_a_blueprint": {damage: func(t *testing.T, r *Runtime) {
			spoil(t, r, "UPDATE containers SET config = '{' WHERE name = 'two'")
			require.NoError(t, os.Remove(r.blueprintPath(fullID('d'))))
		}, want: []string{"row " + d}, left: []string{"row " + d}},
		"edges_that_are_missing_too_many_or_lead_nowhere": {damage: func(t *testing.T, r *Runtime) {
			spoil(t, r, "DELETE FROM container_deps WHERE container_id = '"+fullID('c')+"'", "INSERT INTO container_deps VALUES ('"+fullID('b')+"', '"+fullID('d')+"')",
				"INSERT INTO container_deps VALUES ('"+fullID('d')+"', '"+fullID('f')+"')")
		}, want: []string{"dependency " + b, "dependency " + c, "dependency " + d}},
		"rows_about_what_is_not_there": {damage: func(t *testing.T, r *Runtime) {
			spoil(t, r, "INSERT INTO container_networks VALUES ('gone', 'net')", "INSERT INTO exec_sessions (id, container_id, created_at, config) VALUES ('x', 'gone', 1, '{}')")
		}, want: []string{"database gone", "database gone"}},
		"an_infra_container_that_is_not_there": {damage: func(t *testing.T, r *Runtime) {
			spoil(t, r, "UPDATE pods SET infra_id = '"+fullID('f')+"'")
			require.NoError(t, os.Remove(r.podBlueprintPath(fullID('a'))))
		}, want: []string{"blueprint " + a, "pod " + a}},
		"a_pod_that_is_not_there": {damage: func(t *testing.T, r *Runtime) {
			spoil(t, r, "DELETE FROM pods")
			require.NoError(t, os.Remove(r.podBlueprintPath(fullID('a'))))
		}, want: []string{"container " + b, "container " + c, "container " + d}, left: []string{"container " + b, "container " + c, "container " + d}},
		"what_a_dead_command_was_at": {damage: func(t *testing.T, r *Runtime) {
			spoil(t, r, "UPDATE containers SET intent = 'stop', owner_pid = 1, owner_boot = 'another' WHERE name = 'two'")
		}, want: []string{"intent " + d}},
		"states_nobody_is_responsible_for": {damage: func(t *testing.T, r *Runtime) {
			spoil(t, r, "UPDATE containers SET state = 'removing' WHERE name = 'two'", "UPDATE containers SET state = 'creating' WHERE name = 'one'",
				"UPDATE volumes SET state = 'walking'")
		}, want: []string{"intent " + c, "intent " + d, "row data"}},
		"missing_blueprints": {damage: func(t *testing.T, r *Runtime) {
			require.NoError(t, os.Remove(r.blueprintPath(fullID('c'))))
			touch(t, r.podBlueprintPath(fullID('a')), "{")
			require.NoError(t, os.RemoveAll(r.volumeBlueprintDir("data")))
		}, want: []string{"blueprint " + a, "blueprint " + c, "blueprint data"}},
		"a_volume's_directory": {damage: func(t *testing.T, r *Runtime) {
			require.NoError(t, os.RemoveAll(filepath.Join(r.settings.VolumeDir, "data")))
		}, want: []string{"volume data"}},
		"files_of_nothing": {damage: func(t *testing.T, r *Runtime) {
			touch(t, filepath.Join(r.settings.LockDir(), fullID('e')), "")
			touch(t, filepath.Join(r.settings.ExitDir(), fullID('f')), "0")
			touch(t, filepath.Join(r.settings.BundleDir(fullID('f')), "config.json"), "{}")
			touch(t, r.blueprintPath(fullID('e')), "no JSON")
			touch(t, r.volumeBlueprintPath("lost"), "{}")
		}, want: []string{"blueprint " + e, "blueprint lost", "bundle " + f, "exit-file " + f, "lock " + e}},
		"a_container_that_is_recorded_as_running": {damage: func(t *testing.T, r *Runtime) {
			spoil(t, r, "UPDATE containers SET state = 'running', pid = 1, pid_start = 7, boot_id = '"+r.self.BootID+"' WHERE name = 'two'")
			touch(t, filepath.Join(r.settings.ExitDir(), fullID('d')), "5")
		}, want: []string{"container " + d}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := patient(t)
			tc.damage(t, r)
			found, err := r.Examine(t.Context())
			require.NoError(t, err)
			require.Equal(t, tc.want, kinds(found))

			done, err := r.Repair(t.Context())
			require.NoError(t, err)
			var left []string
			for _, res := range done {
				if res.Err != nil {
					require.ErrorIs(t, res.Err, ErrNoRepair)
					require.NotEmpty(t, res.Advice)
					left = append(left, kinds([]Finding{res.Finding})...)
				}
			}
			require.Equal(t, tc.left, left)
			found, err = r.Examine(t.Context())
			require.NoError(t, err)
			require.Equal(t, tc.left, kinds(found))
		})
	}
}

func TestDoctorTellsWhatItsRepairDidNotEnd(t *testing.T) {
	r := patient(t)
	touch(t, filepath.Join(r.settings.ExitDir(), fullID('f')), "0")
	r.oci = func() (ociRuntime, error) { return filesOnly{exits: t.TempDir()}, nil } // removes nothing
	done, err := r.Repair(t.Context())
	require.NoError(t, err)
	require.Len(t, done, 1)
	require.ErrorIs(t, done[0].Err, errStillThere)
}

// TestDoctorLeavesAlone: what somebody works on, and what is not ours.
func TestDoctorLeavesAlone(t *testing.T) {
	id := fullID('f')
	leftover := func(t *testing.T, r *Runtime) {
		touch(t, filepath.Join(r.settings.BundleDir(id), "config.json"), "{}")
	}
	layer := func(t *testing.T, r *Runtime) {
		touch(t, filepath.Join(r.settings.GraphRoot, "overlay-containers", "containers.json"), `[{"id":"`+id+`","metadata":"{\"creator\":\"podctl\"}"}]`)
		touch(t, filepath.Join(r.settings.GraphRoot, "overlay-layers", "layers.json"), `[{"id":"`+id+`"}]`)
	}
	for name, tc := range map[string]struct {
		damage func(t *testing.T, r *Runtime)
		found  bool
	}{
		"an_object_whose_lock_is_held": {damage: func(t *testing.T, r *Runtime) {
			leftover(t, r)
			l, err := r.locks.Lock(t.Context(), id)
			require.NoError(t, err)
			t.Cleanup(func() { _ = l.Unlock() })
		}},
		"an_object_whose_owner_lives": {damage: func(t *testing.T, r *Runtime) {
			require.NoError(t, r.store.Update(t.Context(), func(tx *store.Tx) error {
				c := aContainer('f', "new", "")
				c.State = container.Creating
				r.claim(c, intentCreate)
				return tx.InsertContainer(t.Context(), c)
			}))
			leftover(t, r)
		}},
		"a_layer_of_another_podctl": {damage: layer},
		"but_not_a_layer_of_an_ID_it_gave_out": {damage: func(t *testing.T, r *Runtime) {
			layer(t, r)
			spoil(t, r, "INSERT INTO ids VALUES ('"+id+"')")
		}, found: true},
		"a_volume_without_its_mark": {damage: func(t *testing.T, r *Runtime) {
			require.NoError(t, os.MkdirAll(volume.Mountpoint(r.settings.VolumeDir, "theirs"), 0o700))
		}},
		"names_that_are_no_IDs": {damage: func(t *testing.T, r *Runtime) {
			touch(t, filepath.Join(r.settings.BundleDir("notes"), "x"), "")
			touch(t, filepath.Join(r.settings.LockDir(), "notes"), "")
		}},
		"but_not_a_leftover": {damage: leftover, found: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := patient(t)
			tc.damage(t, r)
			found, err := r.Examine(t.Context())
			require.NoError(t, err)
			require.Equal(t, tc.found, len(found) > 0, "%v", kinds(found))
		})
	}
}

func TestDoctorWhatChangesMeanwhileIsNotJudged(t *testing.T) {
	r := patient(t)
	before, err := r.takeCensus(t.Context())
	require.NoError(t, err)
	spoil(t, r, "UPDATE containers SET intent = 'stop', owner_pid = 1, owner_boot = 'another' WHERE name = 'two'")
	after, err := r.takeCensus(t.Context())
	require.NoError(t, err)
	seen, err := r.survey(t.Context(), before)
	require.NoError(t, err)
	for _, tc := range []struct {
		first *census
		want  []string
	}{{before, nil}, {after, []string{"intent dddddddddddd"}}} {
		x := &examination{r: r, rows: after, before: tc.first, host: seen, used: map[string]bool{}}
		require.NoError(t, x.examine(t.Context()))
		require.Equal(t, tc.want, kinds(x.found))
	}
}

func TestSurveyKnowsCommandLinesAndCgroups(t *testing.T) {
	id := fullID('c')
	require.Equal(t, id, cleansUp([]string{"podctl", "--root", "/r", "container", "cleanup", "--stopped-only", id}))
	require.Empty(t, cleansUp([]string{"podctl", "container", "cleanup", "--all"}))
	require.Empty(t, cleansUp([]string{id}))
	require.Equal(t, "/x", argAfter([]string{"conmon", "--exit-dir", "/x"}, "--exit-dir"))
	require.Empty(t, argAfter([]string{"conmon", "--exit-dir"}, "--exit-dir"))
	for text, want := range map[string]string{
		"4:memory:/podctl_parent/podctl-" + id + "\n0::/\n":                    id,
		"0::/podctl_parent/" + fullID('a') + "/podctl-" + id + "/init\n":       id,
		"0::/machine.slice/podctl-" + id + ".scope/container\n":                id,
		"0::/podctl_parent/" + id + "/conmon\n":                                "",
		"0::/machine.slice/libpod-" + id + ".scope\n":                          "",
		"0::/podctl_parent/podctl-" + id + "0\n":                               "",
		"0::/machine.slice/machine-podctl_pod_" + id + ".slice/conmon.scope\n": "",
	} {
		file := filepath.Join(t.TempDir(), "cgroup")
		touch(t, file, text)
		require.Equal(t, want, cgroupOwner(file), text)
	}
}
