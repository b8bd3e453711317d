package kubecmd

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/containers/common/libnetwork/types"
	ociv1 "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/kube"
	"github.com/podctl/podctl/pkg/network"
	engine "github.com/podctl/podctl/pkg/runtime"
	"github.com/podctl/podctl/pkg/volume"
)

// fake notes what is asked of it. Names of what it makes are their IDs.
type fake struct {
	mutex sync.Mutex // pods are stopped and removed at the same time
	calls []string
	// fails has errors by the beginning of a call.
	fails map[string]error
	dir   string // of all volumes
	data  map[string][]byte
}

func (f *fake) call(format string, args ...any) error {
	call := fmt.Sprintf(format, args...)
	f.mutex.Lock()
	f.calls = append(f.calls, call)
	f.mutex.Unlock()
	for beginning, err := range f.fails {
		if strings.HasPrefix(call, beginning) {
			return err
		}
	}
	return nil
}

func (f *fake) ResolvePods(_ context.Context, sel engine.Selection) (targets []engine.Target, err error) {
	for _, name := range sel.Names {
		targets = append(targets, engine.Target{ID: "id-" + name, Name: name})
	}
	return targets, nil
}

func (f *fake) StopPod(_ context.Context, id string, _ engine.StopOptions) error {
	return f.call("stop %s", id)
}

func (f *fake) RemovePod(_ context.Context, id string, _ engine.RemoveOptions) error {
	return f.call("rm %s", id)
}

func (f *fake) RemoveSecret(_ context.Context, name string) (string, error) {
	return "id-" + name, f.call("secret rm %s", name)
}

func (f *fake) RemoveVolume(_ context.Context, name string, _ volume.RemoveOptions) error {
	return f.call("volume rm %s", name)
}

func (f *fake) CreateSecret(_ context.Context, name string, data []byte, _ engine.SecretOptions) (string, error) {
	if f.data == nil {
		f.data = map[string][]byte{}
	}
	f.data[name] = data
	return "id-" + name, f.call("secret create %s", name)
}

func (f *fake) SecretData(_ context.Context, name string) (engine.Secret, []byte, error) {
	data, ok := f.data[name]
	if !ok {
		return engine.Secret{}, nil, errdefs.ErrNoSuchSecret
	}
	s := engine.Secret{Name: name}
	if strings.Contains(string(data), "immutable: true") {
		s.Metadata = map[string]string{"immutable": "true"}
	}
	return s, data, nil
}

func (f *fake) CreateVolume(_ context.Context, opts volume.CreateOptions) (*volume.Volume, error) {
	return &volume.Volume{Name: opts.Name}, f.call("volume create %s", opts.Name)
}
func (f *fake) MountVolume(context.Context, string) (string, error)          { return f.dir, nil }
func (f *fake) UnmountVolume(_ context.Context, name string) (string, error) { return name, nil }

func (f *fake) CreateNetwork(_ context.Context, opts network.CreateOptions) (types.Network, error) {
	return opts.Network, f.call("network create %s", opts.Network.Name)
}

func (f *fake) EnsureImage(_ context.Context, ref string, _ engine.PullOptions) (*image.Image, error) {
	return &image.Image{Name: ref, Config: &ociv1.ImageConfig{}}, f.call("image %s", ref)
}

func (f *fake) CreatePod(_ context.Context, opts engine.PodCreateOptions) (string, error) {
	return "0123456789abcdef-" + opts.Name, f.call("pod create %s", opts.Name)
}

func (f *fake) CreateContainer(_ context.Context, opts engine.CreateOptions) (string, error) {
	return "id-" + opts.Name, f.call("create %s", opts.Name)
}
func (f *fake) StartPod(_ context.Context, id string) error { return f.call("start %s", id) }

func (f *fake) WaitContainers(_ context.Context, sel engine.Selection, _ engine.WaitOptions) ([]engine.Wait, error) {
	return nil, f.call("wait %s", strings.Join(sel.Names, " "))
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
	opts := &playOptions{IO: ios, Files: []string{"-"}, Start: true, Engine: func(context.Context) (player, error) { return f, nil }}
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	opts.Flags.Bind(fs)
	if change != nil {
		change(opts)
	}
	err = playRun(t.Context(), opts)
	return stdout.String(), stderr.String(), err
}

func TestPlayPrintsWhatItMade(t *testing.T) {
	f := new(fake)
	out, errOut, err := run(t, f, everything, nil)
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
	require.Equal(t, []string{
		"secret create s", "volume create v",
		"network create podman-default-kube-network", "pod create web", "image img", "create web-i", "image img", "create web-a", "image img", "create web-b", "start 0123456789abcdef-web",
		"network create podman-default-kube-network", "pod create d-pod", "image img", "create d-pod-c", "start 0123456789abcdef-d-pod",
	}, f.calls)
	require.YAMLEq(t, "{kind: Secret, metadata: {name: s}, stringData: {k: v}}", string(f.data["s"]))
}

func TestPlayFailures(t *testing.T) {
	t.Run("a_pod_that_is_not_complete_goes", func(t *testing.T) {
		f := &fake{fails: map[string]error{"create d-pod-c": errors.New("no")}}
		out, _, err := run(t, f, everything, nil)
		require.EqualError(t, err, "encountered while bringing up pod d-pod: no")
		require.Contains(t, out, "Pod:\n0123456789abcdef-web\n")
		require.Equal(t, "rm 0123456789abcdef-d-pod", f.calls[len(f.calls)-1])
	})
	t.Run("containers_that_do_not_start", func(t *testing.T) {
		f := &fake{fails: map[string]error{"start 0123456789abcdef-web": errors.Join(errors.New("starting container x: no"), errors.New("starting container y: no"))}}
		out, errOut, err := run(t, f, everything, nil)
		require.EqualError(t, err, "failed to start 2 containers")
		require.Equal(t, "starting container x: no\nstarting container y: no\n", errOut)
		require.Contains(t, out, "id-web-b\n\n\nPod:\n")
	})
	t.Run("nothing_to_make", func(t *testing.T) {
		f := new(fake)
		_, _, err := run(t, f, "kind: ConfigMap", nil)
		require.EqualError(t, err, "ConfigMaps in podman are not a standalone object and must be used in a container")
		require.Empty(t, f.calls)
	})
	t.Run("a_secret_that_must_stay", func(t *testing.T) {
		f := &fake{data: map[string][]byte{"s": []byte("immutable: true")}}
		_, _, err := run(t, f, everything, nil)
		require.EqualError(t, err, "cannot remove colliding secret as it is set to immutable")
		require.Empty(t, f.calls)
	})
	t.Run("an_image_to_be_built", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, "img"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "img", "Containerfile"), nil, 0o644))
		_, _, err := run(t, new(fake), everything, func(o *playOptions) { o.Build, o.ContextDir = true, dir })
		require.EqualError(t, err, "image img is to be built from "+dir+"/img/Containerfile, and podctl builds no images: build it with buildah, and play without --build")
	})
}

func TestPlayWithoutStart(t *testing.T) {
	f := new(fake)
	_, _, err := run(t, f, everything, func(o *playOptions) { o.Start = false })
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(f.calls, func(c string) bool { return strings.HasPrefix(c, "start") }))
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
	out, _, err := run(t, f, everything, func(o *playOptions) { o.Replace = true })
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(out, takenDown+"Volumes:\nv\n"), out)
}

func TestPlayAndWait(t *testing.T) {
	f := new(fake)
	out, _, err := run(t, f, everything, func(o *playOptions) { o.Wait = true })
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(out, "Use ctrl+c to clean up or wait for pods to exit\nVolumes:\n"), out)
	require.True(t, strings.HasSuffix(out, "\nCleaning up containers, pods, and volumes...\n"+takenDown+"v\n"), out)
	require.Contains(t, f.calls, "wait 0123456789ab-infra 0123456789ab-infra")
}

func TestDown(t *testing.T) {
	f := &fake{fails: map[string]error{"stop id-web": errors.New("it stays"), "rm id-d-pod": errdefs.ErrNoSuchPod, "secret rm": errdefs.ErrNoSuchSecret, "volume rm": errdefs.ErrVolumeInUse}}
	out, _, err := run(t, f, everything, func(o *playOptions) { o.Down, o.Force = true, true })
	require.EqualError(t, err, "it stays\nvolume is being used")
	require.Equal(t, "Pods stopped:\nid-d-pod\nPods removed:\nid-web\nid-d-pod\nSecrets removed:\nVolumes removed:\n", out)
}

func TestConfigMapFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "maps")
	require.NoError(t, os.WriteFile(file, []byte("{kind: ConfigMap, metadata: {name: m}}"), 0o644))
	maps, err := allConfigMaps([]string{file}, nil)
	require.NoError(t, err)
	_, err = allConfigMaps([]string{file}, maps)
	require.EqualError(t, err, "ambiguous configuration: the same config map m is present in YAML and in --configmaps "+file+" file")
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

func TestHostPaths(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, makeHostPaths([]kube.HostPath{
		{Path: filepath.Join(dir, "a/b"), Type: kube.DirectoryOrCreate}, {Path: filepath.Join(dir, "c"), Type: kube.FileOrCreate}, {Path: "/dev/null", Type: kube.CharDevice},
	}))
	require.DirExists(t, filepath.Join(dir, "a/b"))
	require.FileExists(t, filepath.Join(dir, "c"))
	for _, kind := range []string{kube.Socket, kube.BlockDevice, kube.CharDevice} {
		require.ErrorContains(t, makeHostPaths([]kube.HostPath{{Path: dir, Type: kind}}), "checking HostPath"+kind+": path "+dir+" is not a ")
		require.ErrorIs(t, makeHostPaths([]kube.HostPath{{Path: dir + "/x", Type: kind}}), os.ErrNotExist)
	}
}

func TestArchive(t *testing.T) {
	packed, err := archive(map[string]kube.FileContent{"d/f": {Data: []byte("x"), Mode: 0o600}, "a": {Mode: 0o644}})
	require.NoError(t, err)
	r := tar.NewReader(packed)
	for _, want := range []string{"a 644 ", "d/f 600 x"} {
		h, err := r.Next()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, want, fmt.Sprintf("%s %o %s", h.Name, h.Mode, data))
	}
}
