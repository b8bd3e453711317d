package bundle

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/containers/common/pkg/chown"
	securejoin "github.com/cyphar/filepath-securejoin"
	"github.com/opencontainers/selinux/go-selinux/label"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// prepare makes on the host what the OCI runtime cannot mount by itself, and
// carries out the options that are podctl's: O, U, z and Z.
func (w *writer) prepare(ctx context.Context) error {
	w.Spec.Prepared = map[string][]container.Mount{}
	own := map[string]bool{}
	for _, v := range w.cfg.Storage.Volumes {
		own[v.Destination] = own[v.Destination] || !v.Inherited
	}
	for _, m := range w.cfg.Storage.Mounts {
		own[m.Destination] = own[m.Destination] || !m.Inherited
	}
	for _, v := range w.cfg.Storage.Volumes {
		if v.Inherited && own[v.Destination] {
			continue // the container has its own there
		}
		source := w.Spec.Volumes[v.Name]
		if source == "" {
			return fmt.Errorf("volume %s at %s is not mounted: %w", v.Name, v.Destination, errdefs.ErrInternal)
		}
		m := container.Mount{Type: "bind", Source: source, Destination: v.Destination, Options: v.Options, SubPath: v.SubPath}
		if !slices.Contains(m.Options, "dev") && !slices.Contains(m.Options, "nodev") {
			m.Options = slices.Concat(m.Options, []string{"nodev"})
		}
		if !slices.Contains(m.Options, "suid") && !slices.Contains(m.Options, "nosuid") {
			m.Options = slices.Concat(m.Options, []string{"nosuid"})
		}
		if err := w.prepareMount(m); err != nil {
			return err
		}
	}
	for _, m := range w.cfg.Storage.Mounts {
		if m.Inherited && own[m.Destination] {
			continue
		}
		var err error
		switch m.Type {
		case "image":
			err = w.prepareImage(ctx, m)
		case "glob":
			err = w.prepareGlob(m)
		case "bind", "overlay":
			err = w.prepareMount(m)
		case "artifact":
			err = fmt.Errorf("mount artifact %s at %s: %w", m.Source, m.Destination, errdefs.ErrUnsupported)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// prepareMount handles what has a host directory as its source. Nothing is
// recorded for a plain bind mount.
func (w *writer) prepareMount(m container.Mount) error {
	special := false
	if m.SubPath != "" {
		source, err := subPath(m.Source, m.SubPath)
		if err != nil {
			return fmt.Errorf("mount %s: %w", m.Destination, err)
		}
		m.Source, special = source, true
	}
	if err := w.chownAndLabel(m); err != nil {
		return err
	}
	if m.Type == "overlay" || slices.Contains(m.Options, "O") {
		merged, err := w.overlay(m)
		if err != nil {
			return err
		}
		m.Source, special = merged, true
	}
	if slices.Contains(m.Options, "idmap") && len(w.Spec.UIDMappings) > 0 {
		mapped, err := w.idmapped(m)
		if err != nil {
			return err
		}
		m.Source, special = mapped, true
	}
	if special {
		w.Spec.Prepared[m.Destination] = []container.Mount{m}
	}
	return nil
}

// subPath is a directory of a volume or image; its links stay inside.
func subPath(source, sub string) (string, error) {
	joined, err := securejoin.SecureJoin(source, sub)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(joined); err != nil {
		return "", fmt.Errorf("subpath %q: %w: %w", sub, err, errdefs.ErrInvalidArg)
	}
	return joined, nil
}

func (w *writer) chownAndLabel(m container.Mount) error {
	for _, o := range m.Options {
		var err error
		switch o {
		case "U":
			err = chown.ChangeHostPathOwnership(m.Source, true,
				onHost(w.Spec.UIDMappings, w.Spec.User.UID), onHost(w.Spec.GIDMappings, w.Spec.User.GID))
		case "z", "Z":
			err = label.Relabel(m.Source, w.Spec.MountLabel, o == "z")
		}
		if err != nil {
			return fmt.Errorf("mount %s with option %s: %w", m.Destination, o, err)
		}
	}
	return nil
}

// overlay lays a writable layer over the source; what is written is lost with
// the bundle, unless the user named the directories.
func (w *writer) overlay(m container.Mount) (string, error) {
	base := filepath.Join(w.Dir, "overlays", strconv.Itoa(w.overlays))
	w.overlays++
	o := Overlay{Lower: m.Source, Dir: base, Label: w.Spec.MountLabel, Rootless: w.Spec.Rootless}
	for _, opt := range m.Options {
		switch name, value, _ := strings.Cut(opt, "="); name {
		case "upperdir":
			o.Upper = value
		case "workdir":
			o.Work = value
		}
	}
	merged, err := o.Mount()
	if err != nil {
		return "", fmt.Errorf("mount %s: %w", m.Destination, err)
	}
	return merged, nil
}

// idmapped mounts the source so that its files have the owners in the container
// that they have on the host. Not every OCI runtime does, and one that does not
// says nothing.
func (w *writer) idmapped(m container.Mount) (string, error) {
	target := filepath.Join(w.Dir, "idmaps", strconv.Itoa(w.idmaps))
	w.idmaps++
	if err := idmapMount(m.Source, target, w.Spec.UIDMappings, w.Spec.GIDMappings); err != nil {
		return "", fmt.Errorf("mount %s: show the owners of %s as they are (idmap): %w", m.Destination, m.Source, err)
	}
	return target, nil
}

// prepareImage mounts an image, read-only unless asked for.
func (w *writer) prepareImage(ctx context.Context, m container.Mount) error {
	if w.ImageMount == nil {
		return fmt.Errorf("mount image %s at %s: %w", m.Source, m.Destination, errdefs.ErrUnsupported)
	}
	source, err := w.ImageMount(ctx, m.Source)
	if err != nil {
		return err
	}
	m.Source = source
	if slices.Contains(m.Options, "rw") || slices.Contains(m.Options, "rw=true") {
		m.Type = "overlay"
		m.Options = slices.DeleteFunc(slices.Clone(m.Options), func(o string) bool { return o == "rw=true" })
	} else {
		m.Options = append(slices.Clone(m.Options), "ro")
	}
	if err := w.prepareMount(m); err != nil {
		return err
	}
	if _, done := w.Spec.Prepared[m.Destination]; !done {
		w.Spec.Prepared[m.Destination] = []container.Mount{m}
	}
	return nil
}

// globbed returns the paths that a pattern matches, at least one; class
// ErrInvalidArgument if there is none.
func globbed(pattern string) ([]string, error) {
	matches, err := filepath.Glob(pattern)
	if err == nil && len(matches) == 0 {
		err = fmt.Errorf("no file paths matching glob %q", pattern)
	}
	return matches, errdefs.As(errdefs.ErrInvalidArgument, err)
}

// prepareGlob binds each match of a pattern, under its own name below the
// destination or, without one, where it is on the host.
func (w *writer) prepareGlob(m container.Mount) error {
	matches, err := globbed(m.Source)
	if err != nil {
		return err
	}
	for _, match := range matches {
		one := container.Mount{Type: "bind", Source: match, Destination: match, Options: m.Options}
		if m.Destination != "" {
			one.Destination = path.Join(m.Destination, filepath.Base(match))
		}
		if err := w.chownAndLabel(one); err != nil {
			return err
		}
		w.Spec.Prepared[m.Destination] = append(w.Spec.Prepared[m.Destination], one)
	}
	return nil
}
