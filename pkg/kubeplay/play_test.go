package kubeplay

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/kube"
	engine "github.com/podctl/podctl/pkg/runtime"
)

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

func read(t *testing.T, text string) *kube.Objects {
	t.Helper()
	objects, err := kube.Read([]byte(text))
	require.NoError(t, err)
	return objects
}

// play plays everything on a fake engine.
func play(t *testing.T, f *fake, change func(*Options)) (*Made, error) {
	t.Helper()
	opts := Options{Start: true, Overlay: new(choices)}
	if change != nil {
		change(&opts)
	}
	return Play(t.Context(), f, read(t, everything), opts)
}

func TestPlay(t *testing.T) {
	f := new(fake)
	made, err := play(t, f, nil)
	require.NoError(t, err)
	require.Equal(t, &Made{Volumes: []string{"v"}, Secrets: []string{"id-s"}, Pods: []Pod{
		{ID: "0123456789abcdef-web", Containers: []string{"id-web-a", "id-web-b"}},
		{ID: "0123456789abcdef-d-pod", Containers: []string{"id-d-pod-c"}},
	}}, made)
	require.Equal(t, []string{
		"secret create s", "volume create v",
		"network create podman-default-kube-network", "pod create web on podman-default-kube-network",
		"image img", "create web-i", "image img", "create web-a", "image img", "create web-b", "start 0123456789abcdef-web",
		"network create podman-default-kube-network", "pod create d-pod on podman-default-kube-network",
		"image img", "create d-pod-c", "start 0123456789abcdef-d-pod",
	}, f.calls)
	require.YAMLEq(t, "{kind: Secret, metadata: {name: s}, stringData: {k: v}}", string(f.data["s"]))
}

func TestPlayFailures(t *testing.T) {
	first := Pod{ID: "0123456789abcdef-web", Containers: []string{"id-web-a", "id-web-b"}}
	t.Run("a_pod_that_is_not_complete_goes", func(t *testing.T) {
		f := &fake{fails: map[string]error{"create d-pod-c": errors.New("no")}}
		made, err := play(t, f, nil)
		require.EqualError(t, err, "encountered while bringing up pod d-pod: no")
		require.Equal(t, &Made{Volumes: []string{"v"}, Secrets: []string{"id-s"}, Pods: []Pod{first}}, made)
		require.Equal(t, "rm 0123456789abcdef-d-pod", f.calls[len(f.calls)-1])
	})
	t.Run("a_pod_that_does_not_go_is_said_too", func(t *testing.T) {
		f := &fake{fails: map[string]error{"create web-a": errors.New("no"), "rm 0123456789abcdef-web": errors.New("it stays")}}
		_, err := play(t, f, nil)
		require.EqualError(t, err, "no\nit stays")
	})
	t.Run("containers_that_do_not_start", func(t *testing.T) {
		f := &fake{fails: map[string]error{"start 0123456789abcdef-web": errors.New("no")}}
		made, err := play(t, f, nil)
		require.NoError(t, err)
		require.Len(t, made.Pods, 2)
		require.EqualError(t, made.Pods[0].StartErr, "no")
		require.NoError(t, made.Pods[1].StartErr)
	})
	t.Run("a_secret_that_must_stay", func(t *testing.T) {
		f := &fake{data: map[string][]byte{"s": []byte("immutable: true")}}
		made, err := play(t, f, nil)
		require.EqualError(t, err, "cannot remove colliding secret as it is set to immutable")
		require.ErrorIs(t, err, errdefs.ErrInUse)
		require.Equal(t, new(Made), made)
		require.Empty(t, f.calls)
	})
	t.Run("an_image_to_be_built", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, "img"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "img", "Containerfile"), nil, 0o644))
		_, err := play(t, new(fake), func(o *Options) { o.Build, o.ContextDir = true, dir })
		require.EqualError(t, err, "image img is to be built from "+dir+"/img/Containerfile, and podctl builds no images: build it with buildah, and play without --build")
		require.ErrorIs(t, err, errdefs.ErrUnsupported)
	})
}

func TestPlayWithoutStart(t *testing.T) {
	f := new(fake)
	_, err := play(t, f, func(o *Options) { o.Start = false })
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(f.calls, func(c string) bool { return strings.HasPrefix(c, "start") }))
}

func TestOverlay(t *testing.T) {
	f, c := new(fake), &choices{network: "own"}
	_, err := play(t, f, func(o *Options) { o.Overlay = c })
	require.NoError(t, err)
	require.Equal(t, []string{"pod web 0 host", "container of img", "container of img", "container of img", "pod d-pod 1 host", "container of img"}, c.calls)
	require.Contains(t, f.calls, "pod create web on own")
	require.NotContains(t, f.calls, "network create "+defaultNetwork)

	f, c = new(fake), &choices{fail: errors.New("no")}
	_, err = play(t, f, func(o *Options) { o.Overlay = c })
	require.EqualError(t, err, "no")
	require.Equal(t, "rm 0123456789abcdef-web", f.calls[len(f.calls)-1])
}

func TestWait(t *testing.T) {
	pods := []Pod{{ID: "0123456789abcdef"}, {ID: "fedcba9876543210", InfraName: "own"}}
	f := &fake{waits: []engine.Wait{{}, {Err: errdefs.ErrNoSuchCtr}}}
	require.NoError(t, Wait(t.Context(), f, pods))
	require.Equal(t, []string{"wait 0123456789ab-infra own"}, f.calls)
	f.waits[0].Err = errors.New("no")
	require.EqualError(t, Wait(t.Context(), f, pods), "no")
}
