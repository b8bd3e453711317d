//go:build !amd64

package bundle

// syscallNames are known of amd64 only; elsewhere profiles stay as they are.
const syscallNames = ""
