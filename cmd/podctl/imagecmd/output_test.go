package imagecmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdtest"
	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
	"github.com/podctl/podctl/pkg/library"
)

// fake is an image store that holds what a test puts in and records calls.
type fake struct {
	list    []library.Summary
	history []library.HistoryEntry
	report  image.RemoveReport
	errs    []error
	pruned  []image.Pruned
	found   []library.Found
	calls   []string
}

func open[T any](t *testing.T, f *fake) func(context.Context) (T, error) {
	t.Helper()
	narrow, ok := any(f).(T)
	require.True(t, ok)
	return func(context.Context) (T, error) { return narrow, nil }
}

func (f *fake) List(_ context.Context, opts library.ListOptions) ([]library.Summary, error) {
	f.calls = append(f.calls, fmt.Sprintf("list details=%t", opts.Details))
	return f.list, nil
}

func (f *fake) History(context.Context, string) ([]library.HistoryEntry, error) {
	return f.history, nil
}

func (f *fake) Remove(context.Context, []string, image.RemoveOptions) (image.RemoveReport, []error) {
	return f.report, f.errs
}

func (f *fake) Prune(context.Context, image.PruneOptions) ([]image.Pruned, error) {
	f.calls = append(f.calls, "prune")
	return f.pruned, errors.Join(f.errs...)
}

func (f *fake) Pull(_ context.Context, ref string, opts image.PullOptions) ([]string, error) {
	if opts.Progress != nil {
		fmt.Fprintln(opts.Progress, "pulling "+ref)
	}
	if ref == "bad" {
		return nil, errors.New("no such thing")
	}
	return []string{"id-of-" + ref}, nil
}

func (f *fake) Load(_ context.Context, path string, _ io.Writer) ([]string, error) {
	return []string{path + ":1", path + ":2"}, nil
}

func (f *fake) LoadFrom(_ context.Context, archive io.Reader, _ io.Writer) ([]string, error) {
	data, err := io.ReadAll(archive)
	return []string{string(data)}, err
}

func (f *fake) Inspect(_ context.Context, ref string) (*library.Details, error) {
	if strings.HasPrefix(ref, "no") {
		return nil, fmt.Errorf("%s: %w", ref, errdefs.ErrNoSuchImage)
	}
	return &library.Details{ID: "id-of-" + ref}, nil
}

func (f *fake) Exists(_ context.Context, ref string) (bool, error) { return ref == "yes", nil }

func (f *fake) Search(context.Context, string, library.SearchOptions) ([]library.Found, error) {
	return f.found, nil
}

var (
	idA   = strings.Repeat("a", 64)
	idB   = strings.Repeat("b", 64)
	idC   = strings.Repeat("c", 64)
	today = time.Date(2024, 5, 6, 12, 0, 0, 0, time.UTC)
)

func now() time.Time { return today }

func someImages() []library.Summary {
	return []library.Summary{
		{ID: idA, Names: []string{"docker.io/library/busybox:latest", "localhost:5000/bb:1"}, Created: today.Add(-72 * time.Hour), Size: 4_500_000, Digest: "sha256:dd"},
		{ID: idB, Created: today.Add(-time.Hour), Size: 999, Dangling: true},
		{ID: idC, Names: []string{"localhost/c@sha256:" + idA}, Created: today.Add(-2 * time.Hour), Size: 1_234_567_890, NamesHistory: []string{"localhost/c:1"}},
	}
}

func TestListOutput(t *testing.T) {
	for _, tt := range []struct {
		name    string
		opts    listOptions
		details bool
		want    string
	}{
		{name: "one line a name, newest first", want: "" +
			"REPOSITORY                 TAG         IMAGE ID      CREATED            SIZE\n" +
			"<none>                     <none>      bbbbbbbbbbbb  About an hour ago  999 B\n" +
			"localhost/c                <none>      cccccccccccc  2 hours ago        1.23 GB\n" +
			"docker.io/library/busybox  latest      aaaaaaaaaaaa  3 days ago         4.5 MB\n" +
			"localhost:5000/bb          1           aaaaaaaaaaaa  3 days ago         4.5 MB\n"},
		{name: "quiet prints an ID once", opts: listOptions{Quiet: true}, want: "bbbbbbbbbbbb\ncccccccccccc\naaaaaaaaaaaa\n"},
		{name: "quiet, not shortened", opts: listOptions{Quiet: true, NoTrunc: true, Sort: sortID},
			want: "sha256:" + idA + "\nsha256:" + idB + "\nsha256:" + idC + "\n"},
		{name: "sorted by size, without headings", opts: listOptions{Sort: sortSize, NoHeading: true, Digests: true, History: true}, want: "" +
			"<none>                     <none>      <none>      bbbbbbbbbbbb  About an hour ago  999 B       <none>\n" +
			"docker.io/library/busybox  latest      sha256:dd   aaaaaaaaaaaa  3 days ago         4.5 MB      <none>\n" +
			"localhost:5000/bb          1           sha256:dd   aaaaaaaaaaaa  3 days ago         4.5 MB      <none>\n" +
			"localhost/c                <none>      <none>      cccccccccccc  2 hours ago        1.23 GB     localhost/c:1\n"},
		{name: "a template sees each name", opts: listOptions{Format: "{{.Repository}} {{.Tag}} {{.Created}} {{.CreatedAt}} {{.Dangling}}", Sort: sortRepository}, details: true, want: "" +
			"<none> <none> About an hour ago 2024-05-06 11:00:00 +0000 UTC true\n" +
			"docker.io/library/busybox latest 3 days ago 2024-05-03 12:00:00 +0000 UTC false\n" +
			"localhost/c <none> 2 hours ago 2024-05-06 10:00:00 +0000 UTC false\n" +
			"localhost:5000/bb 1 3 days ago 2024-05-03 12:00:00 +0000 UTC false\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := &fake{list: someImages()}
			ios, _, out, _ := iostreams.Test()
			opts := tt.opts
			opts.IO, opts.Now, opts.Images = ios, now, open[lister](t, store)
			require.NoError(t, listRun(t.Context(), &opts))
			require.Equal(t, tt.want, out.String())
			require.Equal(t, []string{fmt.Sprintf("list details=%t", tt.details)}, store.calls, "a plain table reads no configuration")
		})
	}
}

func TestListJSON(t *testing.T) {
	run := func(list []library.Summary) string {
		ios, _, out, _ := iostreams.Test()
		require.NoError(t, listRun(t.Context(), &listOptions{IO: ios, Now: now, Format: "json", Images: open[lister](t, &fake{list: list})}))
		return out.String()
	}
	require.Equal(t, "[]\n", run(nil))
	require.Equal(t, `[
    {
        "Id": "`+idA+`",
        "ParentId": "",
        "RepoTags": null,
        "RepoDigests": null,
        "Size": 4500000,
        "SharedSize": 0,
        "VirtualSize": 4500000,
        "Labels": null,
        "Containers": 0,
        "Arch": "",
        "Digest": "sha256:dd",
        "History": null,
        "IsManifestList": false,
        "Names": [
            "docker.io/library/busybox:latest",
            "localhost:5000/bb:1"
        ],
        "Os": "",
        "Created": 1714737600,
        "CreatedAt": "2024-05-03T12:00:00Z"
    }
]
`, run(someImages()[:1]))
}

func TestHistoryOutput(t *testing.T) {
	created := today.Add(-72 * time.Hour)
	entries := []library.HistoryEntry{
		{ID: idA, Created: &created, CreatedBy: strings.Repeat("x", 50), Size: 4_500_000, Comment: "note", Tags: []string{"a:1"}},
		{ID: "<missing>", Created: &created, CreatedBy: "short"},
	}
	for _, tt := range []struct {
		name string
		opts historyOptions
		want string
	}{
		{"table", historyOptions{Human: true}, "" +
			"ID            CREATED     CREATED BY                                     SIZE        COMMENT\n" +
			"aaaaaaaaaaaa  3 days ago  " + strings.Repeat("x", 42) + "...  4.5 MB      note\n" +
			"<missing>     3 days ago  short                                          0 B         \n"},
		{"for machines", historyOptions{NoTrunc: true, Format: "{{.ID}} {{.Created}} {{.Size}} {{.Tags}}"}, "" +
			idA + " 2024-05-03T12:00:00Z 4500000 a:1\n<missing> 2024-05-03T12:00:00Z 0 \n"},
		{"quiet", historyOptions{Quiet: true}, "aaaaaaaaaaaa\n<missing>\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ios, _, out, _ := iostreams.Test()
			opts := tt.opts
			opts.IO, opts.Now, opts.Images = ios, now, open[historian](t, &fake{history: entries})
			require.NoError(t, historyRun(t.Context(), &opts))
			require.Equal(t, tt.want, out.String())
		})
	}
}

func TestRemoveOutput(t *testing.T) {
	unknown := fmt.Errorf("x: %w", errdefs.ErrNoSuchImage)
	used := fmt.Errorf("image used by c: %w: why", errdefs.ErrImageInUse)
	for _, tt := range []struct {
		name string
		errs []error
		code int
		want string
	}{
		{"all went well", nil, 0, ""},
		{"unknown only", []error{unknown}, 1, "Error: x: image not known\n"},
		{"in use counts more", []error{unknown, used}, 2, "Error: x: image not known\nError: image used by c: image is in use by a container: why\n"},
		{"anything else", []error{unknown, errors.New("disk on fire")}, 125, "Error: x: image not known\nError: disk on fire\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ios, _, out, errOut := iostreams.Test()
			store := &fake{report: image.RemoveReport{Untagged: []string{"localhost/a:1"}, Deleted: []string{idA}}, errs: tt.errs}
			err := removeRun(t.Context(), &removeOptions{IO: ios, Images: open[remover](t, store)})
			require.Equal(t, tt.code, cmdutil.Report(ios, err))
			require.Equal(t, "Untagged: localhost/a:1\nDeleted: "+idA+"\n", out.String(), "what was done is told whatever failed")
			require.Equal(t, tt.want, errOut.String())
		})
	}
}

func TestPruneOutput(t *testing.T) {
	const question = "Are you sure you want to continue? [y/N] "
	for _, tt := range []struct {
		name, answer string
		opts         pruneOptions
		want         string
		pruned       bool
	}{
		{"asks", "y\n", pruneOptions{}, "WARNING! This command removes all dangling images.\n" + question + idA + "\n", true},
		{"takes no for an answer", "n\n", pruneOptions{Prune: image.PruneOptions{All: true}},
			"WARNING! This command removes all images without at least one container associated with them.\n" + question, false},
		{"force does not ask", "", pruneOptions{Force: true}, idA + "\n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := &fake{pruned: []image.Pruned{{ID: idA, Size: 1}}}
			ios, in, out, _ := iostreams.Test()
			in.WriteString(tt.answer)
			opts := tt.opts
			opts.IO, opts.Images = ios, open[pruner](t, store)
			require.NoError(t, pruneRun(t.Context(), &opts))
			require.Equal(t, tt.want, out.String())
			require.Equal(t, tt.pruned, len(store.calls) > 0)
		})
	}
}

func TestPullOutput(t *testing.T) {
	ios, _, out, errOut := iostreams.Test()
	err := pullRun(t.Context(), &pullOptions{IO: ios, Images: open[puller](t, &fake{}), Refs: []string{"bad", "good"}})
	require.EqualError(t, err, "no such thing")
	require.Equal(t, "id-of-good\n", out.String())
	require.Equal(t, "pulling bad\npulling good\n", errOut.String())

	ios, _, _, errOut = iostreams.Test()
	require.NoError(t, pullRun(t.Context(), &pullOptions{IO: ios, Images: open[puller](t, &fake{}), Refs: []string{"good"}, Quiet: true}))
	require.Empty(t, errOut.String())
}

func TestLoadOutput(t *testing.T) {
	ios, in, out, _ := iostreams.Test()
	in.WriteString("streamed")
	require.NoError(t, loadRun(t.Context(), &loadOptions{IO: ios, Images: open[loader](t, &fake{})}))
	require.NoError(t, loadRun(t.Context(), &loadOptions{IO: ios, Images: open[loader](t, &fake{}), Input: "a"}))
	require.Equal(t, "Loaded image: streamed\nLoaded image: a:1\nLoaded image: a:2\n", out.String())
}

func TestInspectOutput(t *testing.T) {
	for _, tt := range []struct {
		name, format string
		names        []string
		out, errOut  string
		code         int
	}{
		{"template", "{{.Id}}", []string{"a", "b"}, "id-of-a\nid-of-b\n", "", 0},
		{"nothing found", "json", []string{"no"}, "[]\n", "Error: no: image not known\n", 125},
		{"what is found is shown", "{{.ID}}", []string{"no1", "a", "no2"}, "id-of-a\n", "no2: image not known\nError: no1: image not known\n", 125},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ios, _, out, errOut := iostreams.Test()
			err := inspectRun(t.Context(), &inspectOptions{IO: ios, Images: open[inspector](t, &fake{}), Names: tt.names, Format: tt.format})
			require.Equal(t, tt.code, cmdutil.Report(ios, err))
			require.Equal(t, tt.out, out.String())
			require.Equal(t, tt.errOut, errOut.String())
		})
	}
}

func TestExistsOutput(t *testing.T) {
	for ref, code := range map[string]int{"yes": 0, "nope": 1} {
		require.Equal(t, cmdtest.Result{Code: code}, cmdtest.New(t).Run("image", newCmdExists(open[existence](t, &fake{})), ref))
	}
}

func TestSearchOutput(t *testing.T) {
	found := []library.Found{
		{Index: "example.test", Name: "example.test/a", Description: "first", Stars: 7, Official: "[OK]", Tag: "1"},
		{Index: "example.test", Name: "example.test/a", Description: "second", Tag: "2"},
	}
	for _, tt := range []struct {
		name  string
		opts  searchOptions
		found []library.Found
		want  string
	}{
		{"table", searchOptions{}, found, "NAME            DESCRIPTION\nexample.test/a  first\nexample.test/a  second\n"},
		{"no result is no output", searchOptions{}, nil, ""},
		{"compatible", searchOptions{Compatible: true}, found[:1], "" +
			"NAME            DESCRIPTION  STARS       OFFICIAL    AUTOMATED\nexample.test/a  first        7           [OK]        \n"},
		{"tags", searchOptions{Search: library.SearchOptions{ListTags: true}}, found, "" +
			"NAME            TAG\nexample.test/a  1\nexample.test/a  2\n"},
		{"tags as JSON", searchOptions{Search: library.SearchOptions{ListTags: true}, Format: "json"}, found, `[
    {
        "Name": "example.test/a",
        "Tags": [
            "1",
            "2"
        ]
    }
]
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ios, _, out, _ := iostreams.Test()
			opts := tt.opts
			opts.IO, opts.Images = ios, open[searcher](t, &fake{found: tt.found})
			require.NoError(t, searchRun(t.Context(), &opts))
			require.Equal(t, tt.want, out.String())
		})
	}
}
