package settings

import (
	"os"
	"path/filepath"
	"sort"

	"github.com/BurntSushi/toml"
	"github.com/containers/storage/pkg/homedir"
	"github.com/containers/storage/pkg/unshare"
)

// explicitKeys are the keys some containers.conf file sets, as "table.key". The
// merged configuration cannot tell a default from a user's word, and only the
// former may be replaced by what the host can do.
type explicitKeys map[string]bool

// readExplicit looks through the files containers.conf(5) names, in no
// particular order: a key set anywhere counts.
func readExplicit(modules []string) (explicitKeys, error) {
	keys := explicitKeys{}
	for _, path := range append(confFiles(), modules...) {
		var tables map[string]map[string]any
		md, err := toml.DecodeFile(path, &tables)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			// The library has read or refused the file already; a table of
			// another shape is not ours to judge.
			continue
		}
		for _, k := range md.Keys() {
			keys[k.String()] = true
		}
	}
	return keys, nil
}

// confFiles are the files of containers.conf(5), those of the environment included.
func confFiles() []string {
	override := os.Getenv("CONTAINERS_CONF_OVERRIDE")
	if only := os.Getenv("CONTAINERS_CONF"); only != "" {
		return []string{only, override}
	}
	bases := []string{"/usr/share/containers/containers.conf", "/etc/containers/containers.conf"}
	if unshare.IsRootless() {
		bases = append(bases, "/etc/containers/containers.rootless.conf")
		if home, err := homedir.GetConfigHome(); err == nil {
			bases = append(bases, filepath.Join(home, "containers", "containers.conf"))
		}
	}
	var files []string
	for _, base := range bases {
		files = append(files, base)
		dropIns, _ := filepath.Glob(filepath.Join(base+".d", "*.conf")) // the pattern is well-formed
		sort.Strings(dropIns)
		files = append(files, dropIns...)
	}
	return append(files, override)
}

// isSet reports whether the user wrote the key into a configuration file.
func (s *Settings) isSet(table, key string) bool { return s.explicit[table+"."+key] }

// explicitString is the value if the user wrote it, else "".
func (s *Settings) explicitString(table, key, value string) string {
	if s.isSet(table, key) {
		return value
	}
	return ""
}
