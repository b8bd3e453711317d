package specflags

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/podctl/podctl/pkg/container"
)

// containerStorageFlags are all of a container.
type containerStorageFlags struct {
	storageFlags
	secrets                 secretFlags
	mounts, tmpfs           []string
	imageVolume             string
	readOnly, readOnlyTmpfs bool
	rootfs                  bool
	chrootDirs              []string
}

func (f *containerStorageFlags) bind(fs *pflag.FlagSet) {
	f.storageFlags.bind(fs)
	f.secrets.bind(fs)
	fs.StringArrayVar(&f.mounts, "mount", nil, "Mount a filesystem: `type=TYPE,src=SRC,dst=DEST[,OPTION...]`")
	fs.StringArrayVar(&f.tmpfs, "tmpfs", nil, "Mount a tmpfs: `DEST[:OPTS]`")
	fs.StringVar(&f.imageVolume, "image-volume", "anonymous", "Volumes of the image: anonymous, bind, tmpfs or ignore")
	fs.BoolVar(&f.readOnly, "read-only", false, "Make the root filesystem read-only")
	fs.BoolVar(&f.readOnlyTmpfs, "read-only-tmpfs", true, "With --read-only, mount a tmpfs on /run, /tmp and /var/tmp")
	fs.BoolVar(&f.rootfs, "rootfs", false, "The first argument is a directory, not an image")
	fs.StringArrayVar(&f.chrootDirs, "chrootdirs", nil, "`Directory` into which to bind /etc/hosts and its like")
}

func (f *containerStorageFlags) apply(s *container.Storage, env Env) error {
	for _, text := range f.mounts {
		if err := addMountFlag(s, text, env); err != nil {
			return err
		}
	}
	if err := f.storageFlags.apply(s, env); err != nil {
		return err
	}
	for _, text := range f.tmpfs {
		if err := addTmpfs(s, text); err != nil {
			return err
		}
	}
	switch {
	case !f.has("image-volume"):
	case f.imageVolume == "anonymous" || f.imageVolume == "bind":
		s.ImageVolumes = "anonymous"
	case f.imageVolume == "tmpfs" || f.imageVolume == "ignore":
		s.ImageVolumes = f.imageVolume
	default:
		return fmt.Errorf("invalid image-volume type %q. Pick one of anonymous, bind, tmpfs, or ignore", f.imageVolume)
	}
	s.ReadOnly, s.ReadOnlyTmpfs = f.readOnly, f.readOnlyTmpfs
	s.ChrootDirs = append(s.ChrootDirs, f.chrootDirs...)
	return f.secrets.apply(&s.Secrets)
}

// source says what the root filesystem is made from.
func (f *containerStorageFlags) source(c *container.Config, arg string, env Env) {
	if !f.rootfs {
		c.Image.RawName = arg
		return
	}
	dir, overlay := strings.CutSuffix(arg, ":O")
	c.Rootfs, c.RootfsOverlay = env.abs(dir), overlay
}
