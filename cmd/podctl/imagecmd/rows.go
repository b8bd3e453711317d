package imagecmd

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/containers/image/v5/docker/reference"
	"github.com/docker/go-units"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/library"
)

const (
	// none stands for a name an image does not have.
	none = "<none>"
	// listIndent is the number of blanks per level that image lists print.
	listIndent = 4
	// shortLength is the length of an ID in a table.
	shortLength = 12
)

// The fields of --sort.
const (
	sortCreated    = "created"
	sortID         = "id"
	sortRepository = "repository"
	sortSize       = "size"
	sortTag        = "tag"
)

// namedImage is an image under one of its names: one row of a list.
type namedImage struct {
	library.Summary
	Repository, Tag string
}

// split makes a row of each name, and one of an image without a name.
func split(summaries []library.Summary) []namedImage {
	var rows []namedImage
	for _, s := range summaries {
		for _, name := range s.Names {
			repository, tag := splitName(name)
			rows = append(rows, namedImage{s, repository, tag})
		}
		if len(s.Names) == 0 {
			rows = append(rows, namedImage{s, none, none})
		}
	}
	return rows
}

func splitName(name string) (repository, tag string) {
	ref, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return none, none
	}
	if tagged, ok := ref.(reference.Tagged); ok {
		return ref.Name(), tagged.Tag()
	}
	return ref.Name(), none
}

// sortNames sorts newest first by date, else ascending.
func sortNames(rows []namedImage, field string) {
	slices.SortStableFunc(rows, func(a, b namedImage) int {
		switch field {
		case sortID:
			return cmp.Compare(a.ID, b.ID)
		case sortRepository:
			return cmp.Compare(a.Repository, b.Repository)
		case sortSize:
			return cmp.Compare(a.Size, b.Size)
		case sortTag:
			return cmp.Compare(a.Tag, b.Tag)
		}
		return b.Created.Compare(a.Created)
	})
}

// imageRow is what --format sees.
type imageRow struct {
	cmdutil.Raw
	Repository, Tag, Digest, ID                   string
	Created, CreatedAt, CreatedSince, CreatedTime string
	Size                                          string
	VirtualSize                                   int64
	Containers                                    int
	Dangling, ReadOnly                            bool
	History                                       string
	Labels                                        map[string]string
	Names, RepoTags                               []string
}

func newImageRow(opts *listOptions, n namedImage) imageRow {
	row := imageRow{
		Raw: cmdutil.RawOf(taggedJSON{n.Repository, n.Tag, newImageJSON(n)}), Repository: n.Repository, Tag: n.Tag, Digest: n.Digest, ID: opts.id(n.ID),
		CreatedAt: n.Created.UTC().Truncate(time.Second).String(), CreatedSince: cmdutil.Ago(opts.Now(), n.Created),
		Size: humanSize(n.Size), VirtualSize: n.Size, Containers: n.Containers,
		Dangling: n.Dangling, ReadOnly: n.ReadOnly, History: strings.Join(n.NamesHistory, ", "),
		Labels: n.Labels, Names: n.Names, RepoTags: n.Names,
	}
	row.Created, row.CreatedTime = row.CreatedSince, row.CreatedAt
	if row.Digest == "" {
		row.Digest = none
	}
	if row.History == "" {
		row.History = none
	}
	return row
}

// imageJSON is one image in --format json.
type imageJSON struct {
	ID             string `json:"Id"`
	ParentID       string `json:"ParentId"`
	RepoTags       []string
	RepoDigests    []string
	Size           int64
	SharedSize     int
	VirtualSize    int64
	Labels         map[string]string
	Containers     int
	ReadOnly       bool `json:",omitempty"`
	Dangling       bool `json:",omitempty"`
	Arch           string
	Digest         string
	History        []string
	IsManifestList bool
	Names          []string
	Os             string
	Created        int64
	CreatedAt      string
}

// imagesJSON returns each image once, in the order of the rows. It is never
// nil: an empty list is [], not null. RepoTags is always null; names are in
// Names.
func imagesJSON(rows []namedImage) []imageJSON {
	objects := []imageJSON{}
	seen := map[string]bool{}
	for _, n := range rows {
		if seen[n.ID] {
			continue
		}
		seen[n.ID] = true
		objects = append(objects, newImageJSON(n))
	}
	return objects
}

func newImageJSON(n namedImage) imageJSON {
	return imageJSON{
		ID: n.ID, ParentID: n.ParentID, RepoDigests: n.RepoDigests, Size: n.Size, VirtualSize: n.Size,
		Labels: n.Labels, Containers: n.Containers, ReadOnly: n.ReadOnly, Dangling: n.Dangling,
		Arch: n.Architecture, Digest: n.Digest, History: n.NamesHistory, IsManifestList: n.IsManifestList,
		Names: n.Names, Os: n.OS, Created: n.Created.Unix(), CreatedAt: n.Created.UTC().Format(time.RFC3339Nano),
	}
}

// taggedJSON is an image under one of its names, as {{json .}} shows it.
type taggedJSON struct {
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
	imageJSON
}

func shortID(id string) string {
	if len(id) > shortLength {
		return id[:shortLength]
	}
	return id
}

// humanSize words a size with a blank before the unit: "4.5 MB".
func humanSize(bytes int64) string {
	text := units.HumanSizeWithPrecision(float64(bytes), 3)
	end := strings.LastIndexFunc(text, unicode.IsNumber) + 1
	return text[:end] + " " + text[end:]
}
