package version

import (
	"strconv"
	"time"
)

// Set by the linker with -X, which knows only string variables; nothing else
// may assign them.
var (
	// version is the version of podman's command line that podctl speaks:
	// scripts compare it to decide which flags they may use.
	version = "5.8.2"
	// commit is the commit built from, empty where that is unknown.
	commit = ""
	// built is the time of that commit in seconds since 1970, so that two
	// builds of one commit are the same file.
	built = ""
)

// Info describes this program.
type Info struct {
	// Version is major.minor.patch without a prefix.
	Version string
	// Commit is the full hash, with "-dirty" appended when the tree had
	// changes of its own; empty when unknown.
	Commit string
	// Built is the zero time when unknown, else in UTC.
	Built time.Time
}

// Get returns what the linker was told. It is safe for concurrent use.
func Get() Info {
	info := Info{Version: version, Commit: commit}
	if seconds, err := strconv.ParseInt(built, 10, 64); err == nil {
		info.Built = time.Unix(seconds, 0).UTC()
	}
	return info
}
