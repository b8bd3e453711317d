package kube

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-units"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/podctl/podctl/pkg/container"
)

// DefaultSeccompRoot is where the kubelet has its seccomp profiles.
const DefaultSeccompRoot = "/var/lib/kubelet/seccomp"

// resources are the limits that Kubernetes has words for.
func resources(r *container.Resources) (out ResourceRequirements) {
	if r.Linux == nil {
		return out
	}
	limit := func(list *ResourceList, name string, q Quantity) {
		if *list == nil {
			*list = ResourceList{}
		}
		(*list)[name] = q
	}
	if m := r.Linux.Memory; m != nil {
		if m.Limit != nil && *m.Limit > 0 {
			limit(&out.Limits, "memory", NewBytes(*m.Limit))
		}
		if m.Reservation != nil && *m.Reservation > 0 {
			limit(&out.Requests, "memory", NewBytes(*m.Reservation))
		}
	}
	if c := r.Linux.CPU; c != nil && c.Quota != nil && c.Period != nil && *c.Quota > 0 && *c.Period > 0 {
		// Finer than a thousandth there is nothing.
		if milli := int64(math.Round(1000 * float64(*c.Quota) / float64(*c.Period))); milli >= 1 {
			limit(&out.Limits, "cpu", NewMilliQuantity(milli))
		}
	}
	return out
}

// sizeOf reads a size as tmpfs(5) has it.
func sizeOf(text string) (Quantity, error) {
	n, err := units.RAMInBytes(text)
	return NewBytes(n), err
}

// securityContext is nil for a container like any other.
func securityContext(cfg *container.Config) *SecurityContext {
	sec := cfg.Security
	s := &SecurityContext{Capabilities: capabilities(sec.CapAdd, sec.CapDrop), SELinuxOptions: seLinux(sec.LabelOpts)}
	yes, no := true, false
	if sec.Privileged {
		s.Privileged = &yes
	}
	if sec.NoNewPrivs {
		s.AllowPrivilegeEscalation = &no
	}
	if cfg.Storage.ReadOnly {
		s.ReadOnlyRootFilesystem = &yes
	}
	if slices.ContainsFunc(sec.Unmask, func(p string) bool { return strings.EqualFold(p, "all") }) {
		s.ProcMount = "Unmasked"
	}
	uid, gid, hasGID := strings.Cut(cfg.User, ":")
	if n, err := strconv.ParseInt(uid, 10, 64); err == nil {
		s.RunAsUser = &n
	}
	if n, err := strconv.ParseInt(gid, 10, 64); err == nil && hasGID {
		s.RunAsGroup = &n
	}
	switch sec.Seccomp {
	case "":
	case "unconfined":
		s.SeccompProfile = &SeccompProfile{Type: "Unconfined"}
	default:
		path, err := filepath.Rel(DefaultSeccompRoot, sec.Seccomp)
		if err != nil {
			path = sec.Seccomp
		}
		s.SeccompProfile = &SeccompProfile{Type: "Localhost", LocalhostProfile: path}
	}
	if *s == (SecurityContext{}) {
		return nil
	}
	return s
}

// capabilities are named without CAP_, as Kubernetes does; nil for none.
func capabilities(add, drop []string) *Capabilities {
	if len(add)+len(drop) == 0 {
		return nil
	}
	plain := func(names []string) (out []string) {
		for _, name := range names {
			if name = strings.TrimPrefix(strings.ToUpper(name), "CAP_"); !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
		return out
	}
	return &Capabilities{Add: plain(add), Drop: plain(drop)}
}

// seLinux is nil without label options; "disable" is the type that may do all.
func seLinux(options []string) *SELinuxOptions {
	o := &SELinuxOptions{}
	for _, option := range options {
		name, value, _ := strings.Cut(option, ":")
		switch name {
		case "user":
			o.User = value
		case "role":
			o.Role = value
		case "type":
			o.Type = value
		case "level":
			o.Level = value
		case "filetype":
			o.FileType = value
		case "disable":
			o.Type = "spc_t"
		}
	}
	if *o == (SELinuxOptions{}) {
		return nil
	}
	return o
}

// lifecycle says what stops a container; nil for the usual signal.
func lifecycle(stopSignal uint) *Lifecycle {
	const rtmin = 34 // as the C library counts
	switch {
	case stopSignal == 0:
		return nil
	case stopSignal > rtmin:
		return &Lifecycle{StopSignal: fmt.Sprintf("SIGRTMIN+%d", stopSignal-rtmin)}
	case stopSignal == rtmin:
		return &Lifecycle{StopSignal: "SIGRTMIN"}
	}
	return &Lifecycle{StopSignal: unix.SignalName(unix.Signal(stopSignal))}
}

// groups puts the groups that all containers have to the pod.
func (b *describer) groups() {
	for _, text := range b.Members[0].Config.Groups {
		n, err := strconv.ParseInt(text, 10, 64)
		everybody := !slices.ContainsFunc(b.Members, func(m Part) bool { return !slices.Contains(m.Config.Groups, text) })
		if err == nil && everybody {
			b.security().SupplementalGroups = append(b.security().SupplementalGroups, n)
		}
	}
}

// reserved reports whether an annotation has a meaning for podman only.
func reserved(key string) bool {
	name, ok := strings.CutPrefix(key, annotationOwn)
	name, _, _ = strings.Cut(name, "/")
	return ok && slices.Contains([]string{
		"cid-file", "autoremove", "privileged", "publish-all", "init", "label", "seccomp", "apparmor", "volumes-from",
	}, name)
}

// annotateMember adds what Kubernetes has no fields for.
func (b *describer) annotateMember(name string, cfg *container.Config) {
	out := b.out.Annotations
	set := func(key, value string, when bool) {
		if when {
			out[key+name] = value
		}
	}
	if r := cfg.Resources; r.PidsLimit != nil {
		out[annotationPidsLimit+name] = strconv.FormatInt(*r.PidsLimit, 10)
	}
	if linux := cfg.Resources.Linux; linux != nil && linux.CPU != nil {
		set(annotationCPUs, linux.CPU.Cpus, linux.CPU.Cpus != "")
		set(annotationMems, linux.CPU.Mems, linux.CPU.Mems != "")
	}
	set(annotationLabel, "nested", slices.Contains(cfg.Security.LabelOpts, "nested"))
	for _, key := range []string{labelAutoUpdate, labelAutoUpdateAuth} {
		value, ok := cfg.Labels[key]
		set(key+"/", value, ok)
	}
	if !b.Reserved {
		return
	}
	const yes = "TRUE"
	set(annotationOwn+"autoremove/", yes, cfg.AutoRemove)
	set(annotationOwn+"privileged/", yes, cfg.Security.Privileged)
	set(annotationOwn+"publish-all/", yes, cfg.Network.PublishAll)
	set(annotationOwn+"init/", yes, cfg.Init)
	set(annotationOwn+"cid-file/", cfg.CIDFile, cfg.CIDFile != "")
	set(annotationOwn+"seccomp/", cfg.Security.Seccomp, cfg.Security.Seccomp != "")
	set(annotationOwn+"apparmor/", cfg.Security.AppArmor, cfg.Security.AppArmor != "")
	set(annotationOwn+"label/", strings.Join(cfg.Security.LabelOpts, ",label="), len(cfg.Security.LabelOpts) > 0)
}

// annotate adds the annotations of the containers: those all have are the pod's, the
// others are marked with the name of the container.
func (b *describer) annotate() {
	out := b.out.Annotations
	names := b.names()
	for i, m := range b.Members {
		for key, value := range m.Config.Annotations {
			if reserved(key) && !b.Reserved {
				continue
			}
			everybody := !slices.ContainsFunc(b.Members, func(other Part) bool { return other.Config.Annotations[key] != value })
			if !everybody {
				key += "/" + names[i]
			}
			if _, ok := out[key]; !ok {
				out[key] = value
			}
		}
	}
	if limits := b.Members[0].Config.Resources.Rlimits; len(limits) > 0 {
		everybody := !slices.ContainsFunc(b.Members, func(m Part) bool { return !slices.Equal(m.Config.Resources.Rlimits, limits) })
		if everybody {
			out[annotationUlimit] = ulimits(limits)
		}
	}
	maps.DeleteFunc(out, func(key, _ string) bool { return strings.HasPrefix(key, annotationVolume) })
	if len(out) == 0 {
		b.out.Annotations = nil
	}
}

// ulimits are NAME=SOFT:HARD,…; no limit is -1.
func ulimits(limits []specs.POSIXRlimit) string {
	var texts []string
	for _, l := range limits {
		name := strings.ToLower(strings.TrimPrefix(l.Type, "RLIMIT_"))
		texts = append(texts, fmt.Sprintf("%s=%d:%d", name, int64(l.Soft), int64(l.Hard)))
	}
	return strings.Join(texts, ",")
}
