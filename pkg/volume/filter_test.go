package volume

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/podctl/podctl/pkg/errdefs"
)

func TestFilters(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	list := []Status{
		{Volume: &Volume{Name: "db", CreatedAt: day(1), Config: Config{Driver: "local", Labels: map[string]string{"env": "prod"}}}, Users: []string{"c1"}},
		{Volume: &Volume{Name: "cache", CreatedAt: day(2), Config: Config{Driver: "local", Options: map[string]string{"type": "tmpfs"}}}},
		{Volume: &Volume{Name: "img", CreatedAt: day(3), Config: Config{Driver: "image", Labels: map[string]string{"env": "dev"}}}},
	}
	lookup := func(name string) (time.Time, error) {
		for _, c := range list {
			if c.Name == name {
				return c.CreatedAt, nil
			}
		}
		return time.Time{}, errdefs.ErrNoSuchVolume
	}
	for name, tc := range map[string]struct {
		filters map[string][]string
		want    []string
	}{
		"none passes all":        {nil, []string{"db", "cache", "img"}},
		"name is a regex":        {map[string][]string{"name": {"^d", "g$"}}, []string{"db", "img"}},
		"driver":                 {map[string][]string{"driver": {"image"}}, []string{"img"}},
		"scope":                  {map[string][]string{"scope": {"local"}}, []string{"db", "cache", "img"}},
		"label by key":           {map[string][]string{"label": {"env"}}, []string{"db", "img"}},
		"label by value":         {map[string][]string{"label": {"env=dev"}}, []string{"img"}},
		"label not":              {map[string][]string{"label!": {"env=dev"}}, []string{"db", "cache"}},
		"opt":                    {map[string][]string{"opt": {"type=tmpfs"}}, []string{"cache"}},
		"opt by key":             {map[string][]string{"opt": {"type"}}, []string{"cache"}},
		"dangling":               {map[string][]string{"dangling": {"true"}}, []string{"cache", "img"}},
		"not dangling":           {map[string][]string{"dangling": {"false"}}, []string{"db"}},
		"until":                  {map[string][]string{"until": {"2026-01-02T12:00:00Z"}}, []string{"db", "cache"}},
		"after":                  {map[string][]string{"after": {"db"}}, []string{"cache", "img"}},
		"since the earlier of 2": {map[string][]string{"since": {"img", "cache"}}, []string{"img"}},
		"keys must all match":    {map[string][]string{"label": {"env"}, "dangling": {"true"}}, []string{"img"}},
	} {
		t.Run(name, func(t *testing.T) {
			pass, err := Filters(tc.filters, lookup)
			require.NoError(t, err)
			var got []string
			for _, c := range list {
				if pass(c) {
					got = append(got, c.Name)
				}
			}
			require.Equal(t, tc.want, got)
		})
	}
	for name, tc := range map[string]struct {
		filters map[string][]string
		err     string
	}{
		"unknown key":      {map[string][]string{"size": {"1"}}, `"size" is an invalid volume filter`},
		"bad dangling":     {map[string][]string{"dangling": {"maybe"}}, `"maybe" is not a valid value for the "dangling" filter - must be true or false`},
		"after of nothing": {map[string][]string{"after": {"x"}}, "no such volume"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Filters(tc.filters, lookup)
			require.EqualError(t, err, tc.err)
		})
	}
	t.Run("prune does not know name", func(t *testing.T) {
		_, err := PruneFilters(map[string][]string{"name": {"x"}}, lookup)
		require.EqualError(t, err, `"name" is an invalid volume filter`)
	})
}
