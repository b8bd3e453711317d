package kubecmd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containers/common/libnetwork/types"
	ociv1 "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/kube"
	"github.com/podctl/podctl/pkg/kubeplay"
	"github.com/podctl/podctl/pkg/network"
	engine "github.com/podctl/podctl/pkg/runtime"
	"github.com/podctl/podctl/pkg/volume"
)

// fake is an engine on which all succeeds that has no error in fails, by what is done
// and to what. Names of what it makes are their IDs.
type fake struct {
	player // what is not asked of it
	fails  map[string]error
	waited []string
}

func (f *fake) ResolvePods(_ context.Context, sel engine.Selection) (targets []engine.Target, err error) {
	for _, name := range sel.Names {
		targets = append(targets, engine.Target{ID: "id-" + name, Name: name})
	}
	return targets, nil
}

func (f *fake) StopPod(_ context.Context, id string, _ engine.StopOptions) error {
	return f.fails["stop "+id]
}

func (f *fake) RemovePod(_ context.Context, id string, _ engine.RemoveOptions) error {
	return f.fails["rm "+id]
}

func (f *fake) RemoveSecret(_ context.Context, name string) (string, error) {
	return "id-" + name, f.fails["secret rm "+name]
}

func (f *fake) RemoveVolume(_ context.Context, name string, _ volume.RemoveOptions) error {
	return f.fails["volume rm "+name]
}

func (f *fake) CreateSecret(_ context.Context, name string, _ []byte, _ engine.SecretOptions) (string, error) {
	return "id-" + name, nil
}

func (f *fake) SecretData(context.Context, string) (engine.Secret, []byte, error) {
	return engine.Secret{}, nil, errdefs.ErrNoSuchSecret
}

func (f *fake) CreateVolume(_ context.Context, opts volume.CreateOptions) (*volume.Volume, error) {
	return &volume.Volume{Name: opts.Name}, nil
}

func (f *fake) CreateNetwork(_ context.Context, opts network.CreateOptions) (types.Network, error) {
	return opts.Network, nil
}

func (f *fake) EnsureImage(_ context.Context, ref string, _ engine.PullOptions) (*image.Image, error) {
	return &image.Image{Name: ref, Config: &ociv1.ImageConfig{}}, nil
}

func (f *fake) CreatePod(_ context.Context, opts engine.PodCreateOptions) (string, error) {
	return "0123456789abcdef-" + opts.Name, nil
}

func (f *fake) CreateContainer(_ context.Context, opts engine.CreateOptions) (string, error) {
	return "id-" + opts.Name, f.fails["create "+opts.Name]
}
func (f *fake) StartPod(_ context.Context, id string) error { return f.fails["start "+id] }

func (f *fake) WaitContainers(_ context.Context, sel engine.Selection, _ engine.WaitOptions) ([]engine.Wait, error) {
	f.waited = append(f.waited, sel.Names...)
	return nil, nil
}

const everything = `
{kind: Secret, metadata: {name: s}, stringData: {k: v}}
---
{kind: PersistentVolumeClaim, metadata: {name: v}}
---
kind: Pod
metadata: {name: web}
spec:
  initContainers: [{name: i, image: img}]
  containers: [{name: a, image: img}, {name: b, image: img}]
---
kind: Deployment
metadata: {name: d}
spec: {template: {spec: {containers: [{name: c, image: img}]}}}
`

// run plays text on a fake engine.
func run(t *testing.T, f *fake, text string, change func(*playOptions)) (out, errOut string, err error) {
	t.Helper()
	ios, in, stdout, stderr := iostreams.Test()
	in.WriteString(text)
	opts := &playOptions{IO: ios, Files: []string{"-"}, Play: kubeplay.Options{Start: true}, Engine: func(context.Context) (player, error) { return f, nil }}
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	opts.Flags.Bind(fs)
	if change != nil {
		change(opts)
	}
	err = playRun(t.Context(), opts)
	return stdout.String(), stderr.String(), err
}

func TestPlayPrintsWhatItMade(t *testing.T) {
	out, errOut, err := run(t, new(fake), everything, nil)
	require.NoError(t, err)
	require.Empty(t, errOut)
	require.Equal(t, `Volumes:
v
Secrets:
id-s
Pod:
0123456789abcdef-web
Containers:
id-web-a
id-web-b

Pod:
0123456789abcdef-d-pod
Container:
id-d-pod-c

`, out)
}

func TestPlayFailures(t *testing.T) {
	t.Run("a_pod_that_is_not_complete", func(t *testing.T) {
		f := &fake{fails: map[string]error{"create d-pod-c": errors.New("no")}}
		out, _, err := run(t, f, everything, nil)
		require.EqualError(t, err, "encountered while bringing up pod d-pod: no")
		require.Contains(t, out, "Pod:\n0123456789abcdef-web\n")
		require.NotContains(t, out, "0123456789abcdef-d-pod")
	})
	t.Run("containers_that_do_not_start", func(t *testing.T) {
		f := &fake{fails: map[string]error{"start 0123456789abcdef-web": errors.Join(errors.New("starting container x: no"), errors.New("starting container y: no"))}}
		out, errOut, err := run(t, f, everything, nil)
		require.EqualError(t, err, "failed to start 2 containers")
		require.Equal(t, "starting container x: no\nstarting container y: no\n", errOut)
		require.Contains(t, out, "id-web-b\n\n\nPod:\n")
	})
	t.Run("nothing_to_make", func(t *testing.T) {
		out, _, err := run(t, new(fake), "kind: ConfigMap", nil)
		require.EqualError(t, err, "ConfigMaps in podman are not a standalone object and must be used in a container")
		require.Empty(t, out)
	})
}

const takenDown = `Pods stopped:
id-web
id-d-pod
Pods removed:
id-web
id-d-pod
Secrets removed:
id-s
Volumes removed:
`

func TestPlayReplaces(t *testing.T) {
	f := new(fake)
	out, _, err := run(t, f, everything, func(o *playOptions) { o.Play.Replace = true })
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(out, takenDown+"Volumes:\nv\n"), out)
}

func TestPlayAndWait(t *testing.T) {
	f := new(fake)
	out, _, err := run(t, f, everything, func(o *playOptions) { o.Wait = true })
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(out, "Use ctrl+c to clean up or wait for pods to exit\nVolumes:\n"), out)
	require.True(t, strings.HasSuffix(out, "\nCleaning up containers, pods, and volumes...\n"+takenDown+"v\n"), out)
	require.Equal(t, []string{"0123456789ab-infra", "0123456789ab-infra"}, f.waited)
}

func TestDown(t *testing.T) {
	f := &fake{fails: map[string]error{"stop id-web": errors.New("it stays"), "rm id-d-pod": errdefs.ErrNoSuchPod, "secret rm s": errdefs.ErrNoSuchSecret, "volume rm v": errdefs.ErrVolumeInUse}}
	out, _, err := run(t, f, everything, func(o *playOptions) { o.Down, o.Force = true, true })
	require.EqualError(t, err, "it stays\nvolume is being used")
	require.Equal(t, "Pods stopped:\nid-d-pod\nPods removed:\nid-web\nid-d-pod\nSecrets removed:\nVolumes removed:\n", out)
}

func TestConfigMapFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "maps")
	require.NoError(t, os.WriteFile(file, []byte("{kind: ConfigMap, metadata: {name: m}}"), 0o644))
	objects := new(kube.Objects)
	require.NoError(t, addConfigMaps(objects, []string{file}))
	require.Len(t, objects.ConfigMaps, 1)
	require.EqualError(t, addConfigMaps(objects, []string{file}), "ambiguous configuration: the same config map m is present in YAML and in --configmaps "+file+" file")
}

func TestSources(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/a" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, "kind: Pod")
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "b")
	require.NoError(t, os.WriteFile(file, []byte("kind: Job"), 0o644))
	ios, in, _, _ := iostreams.Test()
	in.WriteString("kind: Secret")
	for want, sources := range map[string][]string{
		"kind: Pod\n---\nkind: Job": {server.URL + "/a", file},
		"kind: Secret":              {"-"},
	} {
		data, err := readAll(t.Context(), ios, sources)
		require.NoError(t, err)
		require.Equal(t, want, string(data))
	}
	_, err := readAll(t.Context(), ios, []string{server.URL + "/x"})
	require.EqualError(t, err, "get "+server.URL+"/x: 404 Not Found")
	_, err = readAll(t.Context(), ios, []string{"/nosuch"})
	require.ErrorIs(t, err, os.ErrNotExist)
}
