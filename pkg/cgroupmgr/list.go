package cgroupmgr

import (
	"os"
	"path/filepath"
	"slices"
)

// List returns the names of the cgroups directly below dir, a path from the root
// of each hierarchy, in any hierarchy; none if there is no such cgroup. root is
// where the tree is mounted, empty for [DefaultRoot].
func List(root, dir string) ([]string, error) {
	if root == "" {
		root = DefaultRoot
	}
	layout, err := Detect(root)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, h := range layout.Hierarchies {
		entries, err := os.ReadDir(filepath.Join(h.Dir, rooted(dir)))
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.IsDir() {
				names = append(names, e.Name())
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
