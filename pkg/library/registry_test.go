package library

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/image"
)

// fakeRegistry is a registry with one repository, motd, whose tag latest is the
// image last put.
type fakeRegistry struct {
	host      string
	blobs     map[string][]byte // by digest
	manifest  []byte
	manifests atomic.Int32 // how often a manifest was fetched
	down      atomic.Bool
}

func newRegistry(t *testing.T) *fakeRegistry {
	t.Helper()
	r := &fakeRegistry{blobs: map[string][]byte{}}
	server := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(server.Close)
	r.host = strings.TrimPrefix(server.URL, "http://")
	return r
}

func (r *fakeRegistry) serve(w http.ResponseWriter, req *http.Request) {
	switch path := req.URL.Path; {
	case r.down.Load():
		http.Error(w, "down", http.StatusNotFound)
	case path == "/v2/":
	case strings.HasPrefix(path, "/v2/motd/manifests/"):
		if req.Method == http.MethodGet {
			r.manifests.Add(1)
		}
		w.Header().Set("Content-Type", "application/vnd.docker.distribution.manifest.v2+json")
		w.Header().Set("Docker-Content-Digest", "sha256:"+hexSum(r.manifest))
		_, _ = w.Write(r.manifest)
	case r.blobs[strings.TrimPrefix(path, "/v2/motd/blobs/")] != nil:
		_, _ = w.Write(r.blobs[strings.TrimPrefix(path, "/v2/motd/blobs/")])
	case path == "/v1/search":
		fmt.Fprintf(w, `{"results": [{"name": "motd", "description": %q, "star_count": 7, "is_official": true}]}`, req.URL.Query().Get("q"))
	default:
		http.NotFound(w, req)
	}
}

// put makes latest an image whose /etc/motd has the given text and returns its ID.
func (r *fakeRegistry) put(t *testing.T, motd string) string {
	t.Helper()
	layer := tarOf(t, map[string]string{"etc/motd": motd})
	config := marshal(t, map[string]any{
		"architecture": "amd64", "os": "linux", "created": "2024-05-06T07:08:09Z", "config": map[string]any{},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hexSum(layer)}},
	})
	describe := func(mediaType string, data []byte) map[string]any {
		digest := "sha256:" + hexSum(data)
		r.blobs[digest] = data
		return map[string]any{"mediaType": mediaType, "size": len(data), "digest": digest}
	}
	r.manifest = marshal(t, map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
		"config": describe("application/vnd.docker.container.image.v1+json", config),
		"layers": []any{describe("application/vnd.docker.image.rootfs.diff.tar", layer)},
	})
	return hexSum(config)
}

func TestPull_from_a_registry(t *testing.T) {
	reg := newRegistry(t)
	var events []image.Event
	store := openTestStore(t, "vfs", image.Hooks{OnEvent: recordInto(&events)})
	insecure, noRetry := false, uint(0)
	ref := reg.host + "/motd:latest"
	var progress bytes.Buffer
	opts := func(policy image.PullPolicy) image.PullOptions {
		return image.PullOptions{
			Policy: policy, Progress: &progress,
			SignaturePolicy: writeFile(t, t.TempDir(), "policy.json", `{"default": [{"type": "insecureAcceptAnything"}]}`),
			Registry:        image.Registry{TLSVerify: &insecure, Retry: &noRetry},
		}
	}
	ensure := func(policy image.PullPolicy) string {
		img, err := store.Ensure(t.Context(), ref, opts(policy))
		require.NoError(t, err)
		require.Equal(t, ref, img.Name)
		return img.ID
	}

	first := reg.put(t, "one")
	require.Equal(t, first, ensure(image.PullMissing))
	require.Contains(t, progress.String(), "Trying to pull "+ref+"...\n")
	require.Equal(t, image.Event{Status: image.StatusPull, ID: first, Name: ref}, events[0])

	before := reg.manifests.Load()
	second := reg.put(t, "two")
	require.Equal(t, first, ensure(image.PullMissing), "missing takes what is there")
	require.Equal(t, first, ensure(image.PullNever))
	require.Equal(t, before, reg.manifests.Load(), "and does not ask the registry")
	require.Equal(t, second, ensure(image.PullNewer), "newer notices another digest")
	third := reg.put(t, "three")
	require.Equal(t, third, ensure(image.PullAlways))

	reg.down.Store(true)
	require.Equal(t, third, ensure(image.PullNewer), "newer makes do with what is there")
	events = nil
	_, err := store.Ensure(t.Context(), ref, opts(image.PullAlways))
	require.Error(t, err)
	require.Equal(t, []image.Event{{Status: image.StatusPullError, Name: ref, Error: err.Error()}}, events)
}

func TestSearch(t *testing.T) {
	reg := newRegistry(t)
	store := openTestStore(t, "vfs", image.Hooks{})
	insecure := false
	opts := SearchOptions{Registry: image.Registry{TLSVerify: &insecure}}
	found, err := store.Search(t.Context(), reg.host+"/message", opts)
	require.NoError(t, err)
	require.Equal(t, []Found{{Index: reg.host, Name: reg.host + "/motd", Description: "message", Stars: 7, Official: "[OK]"}}, found)

	opts.Filters = []string{"stars=8"}
	found, err = store.Search(t.Context(), reg.host+"/message", opts)
	require.NoError(t, err)
	require.Empty(t, found)
	opts.Filters = []string{"size=1"}
	_, err = store.Search(t.Context(), "x", opts)
	require.EqualError(t, err, `invalid filter type "size=1"`)
}
