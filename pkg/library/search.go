package library

import (
	"context"
	"fmt"

	"github.com/containers/common/libimage"
	"github.com/containers/common/libimage/filter"
	imagetypes "github.com/containers/image/v5/types"

	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
)

// SearchOptions modify Search.
type SearchOptions struct {
	// Filters are stars=N, is-official=BOOL and is-automated=BOOL.
	Filters []string
	// Limit is the most results per registry, 0 for the library's default.
	Limit int
	// ListTags lists the tags of the repository the term names.
	ListTags bool
	// NoTrunc keeps descriptions as they are, else they end after 44 characters.
	NoTrunc  bool
	Registry image.Registry
}

// Found is one search result; Tag is set with [SearchOptions.ListTags] only.
type Found = libimage.SearchResult

// Search asks the registry the term begins with, or all unqualified-search
// registries, for images. No registry and no result are not errors.
func (l *Library) Search(ctx context.Context, term string, opts SearchOptions) ([]Found, error) {
	parsed, err := filter.ParseSearchFilter(opts.Filters)
	if err != nil {
		return nil, image.Classed(err, errdefs.ErrInvalidArg)
	}
	searchOpts := &libimage.SearchOptions{
		Filter: *parsed, Limit: opts.Limit, ListTags: opts.ListTags, NoTrunc: opts.NoTrunc,
		Authfile: opts.Registry.AuthFile, CertDirPath: opts.Registry.CertDir, Credentials: opts.Registry.Creds,
	}
	if opts.Registry.TLSVerify != nil {
		searchOpts.InsecureSkipTLSVerify = imagetypes.NewOptionalBool(!*opts.Registry.TLSVerify)
	}
	found, err := l.runtime.Search(ctx, term, searchOpts)
	if err != nil {
		return nil, fmt.Errorf("search for %q: %w", term, err)
	}
	return found, nil
}
