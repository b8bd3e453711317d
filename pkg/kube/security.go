package kube

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/podctl/podctl/pkg/container"
)

// confine applies the security contexts of a container and of its pod. What the
// container says goes over what the pod says.
func (p *Play) confine(c *Container, cfg *container.Config) error {
	own, pod := c.SecurityContext, p.spec.SecurityContext
	if own == nil {
		own = &SecurityContext{}
	}
	if pod == nil {
		pod = &PodSecurityContext{}
	}
	sec := &cfg.Security
	sec.Privileged = is(own.Privileged)
	sec.NoNewPrivs = own.AllowPrivilegeEscalation != nil && !*own.AllowPrivilegeEscalation
	cfg.Storage.ReadOnly, cfg.Storage.ReadOnlyTmpfs = is(own.ReadOnlyRootFilesystem), true
	if own.ProcMount == "Unmasked" {
		sec.Unmask = []string{"ALL"}
	}
	if own.Capabilities != nil {
		sec.CapAdd, sec.CapDrop = own.Capabilities.Add, own.Capabilities.Drop
	}
	sec.LabelOpts = labelOptions(first(own.SELinuxOptions, pod.SELinuxOptions))
	if label := p.meta.Annotations[annotationLabel+c.Name]; label != "" && !slices.Contains(sec.LabelOpts, label) {
		sec.LabelOpts = append(sec.LabelOpts, label)
	}
	for _, option := range sec.LabelOpts {
		sec.Opts = append(sec.Opts, "label="+option)
	}
	cfg.User = user(first(own.RunAsUser, pod.RunAsUser), first(own.RunAsGroup, pod.RunAsGroup))
	for _, group := range pod.SupplementalGroups {
		cfg.Groups = append(cfg.Groups, strconv.FormatInt(group, 10))
	}
	var err error
	sec.Seccomp, err = p.seccomp(c.Name, first(own.SeccompProfile, pod.SeccompProfile))
	if sec.Seccomp != "" {
		sec.Opts = append(sec.Opts, "seccomp="+sec.Seccomp)
	}
	return err
}

func is(b *bool) bool { return b != nil && *b }

// first is what is set first; nil if nothing is.
func first[T any](values ...*T) *T {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}

// user is UID[:GID]; "" for the image's.
func user(uid, gid *int64) string {
	switch {
	case uid == nil && gid == nil:
		return ""
	case gid == nil:
		return strconv.FormatInt(*uid, 10)
	case uid == nil:
		return fmt.Sprintf("0:%d", *gid)
	}
	return fmt.Sprintf("%d:%d", *uid, *gid)
}

func labelOptions(o *SELinuxOptions) (options []string) {
	if o == nil {
		return nil
	}
	for _, part := range []struct{ name, value string }{
		{"user", o.User}, {"role", o.Role}, {"type", o.Type}, {"level", o.Level}, {"filetype", o.FileType},
	} {
		if part.value != "" {
			options = append(options, part.name+":"+part.value)
		}
	}
	return options
}

// seccomp is the path of a profile, "unconfined", or "" for the default one. Before
// there was a field, annotations said it.
func (p *Play) seccomp(name string, profile *SeccompProfile) (string, error) {
	if profile != nil {
		switch profile.Type {
		case "", "RuntimeDefault":
			return "", nil
		case "Unconfined":
			return "unconfined", nil
		case "Localhost":
			return filepath.Join(p.options.SeccompRoot, profile.LocalhostProfile), nil
		}
		return "", fmt.Errorf("invalid seccomp profile type %q: use RuntimeDefault, Unconfined or Localhost", profile.Type)
	}
	text, ok := p.meta.Annotations[annotationSeccompCtr+name]
	if !ok {
		text = p.meta.Annotations[annotationSeccompPod]
	}
	switch path, local := strings.CutPrefix(text, "localhost/"); {
	case local:
		return filepath.Join(p.options.SeccompRoot, path), nil
	case text == "" || text == "runtime/default" || text == "docker/default":
		return "", nil
	case text == "unconfined":
		return text, nil
	}
	return "", fmt.Errorf("invalid seccomp path: %s", text)
}
