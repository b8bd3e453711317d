package volume

// Status is a volume with what is known of its use.
type Status struct {
	*Volume
	// Users are the IDs of the containers that have the volume, running or not.
	Users []string
	// MountCount is how many of them, and of explicit mounts, hold its file
	// system mounted now; 0 for a volume without one.
	MountCount uint
}

// RemoveOptions say what may be done so that a volume can go.
type RemoveOptions struct {
	// Force removes the containers that use the volume first.
	Force bool
	// Timeout is what these containers get to stop, in seconds; nil for their own.
	Timeout *uint
}

// Pruned is the fate of one volume in a prune: removed, or Err says why not.
type Pruned struct {
	Name string
	Err  error
}
