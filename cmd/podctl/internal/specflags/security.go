package specflags

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/podctl/podctl/pkg/container"
)

// securityFlags are those that containers and pods have in common.
type securityFlags struct {
	opts, sysctls, devices, gpus []string
}

func (f *securityFlags) bind(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.opts, "security-opt", nil, "Security `option`")
	fs.StringSliceVar(&f.sysctls, "sysctl", nil, "Kernel parameter `NAME=VALUE`")
	fs.StringArrayVar(&f.devices, "device", nil, "Host `device`: HOST[:CTR][:rwm] or a CDI name")
	fs.StringSliceVar(&f.gpus, "gpus", nil, "NVIDIA `GPU` by index, or all")
}

func (f *securityFlags) apply(s *container.Security, env Env) error {
	for _, opt := range f.opts {
		if err := securityOption(s, opt, env); err != nil {
			return err
		}
		s.Opts = append(s.Opts, opt)
	}
	sysctls := map[string]string{}
	for _, text := range f.sysctls {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return fmt.Errorf("invalid sysctl value %q", text)
		}
		if container.SysctlKind(name) == "" {
			return fmt.Errorf("sysctl '%s' is not allowed", name)
		}
		sysctls[name] = value
	}
	mergeInto(&s.Sysctls, sysctls)
	s.Devices = append(s.Devices, f.devices...)
	for _, gpu := range f.gpus {
		s.Devices = append(s.Devices, "nvidia.com/gpu="+gpu)
	}
	return nil
}

// securityOption reads KEY=VALUE, or the older KEY:VALUE.
func securityOption(s *container.Security, opt string, env Env) error {
	separator := ":"
	if strings.Contains(opt, "=") {
		separator = "="
	}
	key, value, hasValue := strings.Cut(opt, separator)
	if !hasValue && key != "no-new-privileges" {
		return fmt.Errorf("invalid --security-opt 1: %q", opt)
	}
	switch key {
	case "apparmor":
		s.AppArmor = value
	case "label":
		s.LabelOpts = append(s.LabelOpts, value)
	case "mask":
		s.Mask = append(s.Mask, strings.Split(value, ":")...)
	case "unmask":
		s.Unmask = append(s.Unmask, strings.Split(value, ":")...)
	case "proc-opts":
		s.ProcOpts = append(s.ProcOpts, strings.Split(value, ",")...)
	case "seccomp":
		s.Seccomp = value
		if value != "unconfined" && value != "" && !filepath.IsAbs(value) {
			s.Seccomp = env.abs(value)
		}
	case "systempaths":
		if value != "unconfined" {
			return fmt.Errorf("invalid systempaths option %q, only `unconfined` is supported", value)
		}
		s.Unmask = append(s.Unmask, "ALL")
	case "no-new-privileges":
		on := true
		if hasValue {
			var err error
			if on, err = strconv.ParseBool(value); err != nil {
				return fmt.Errorf("invalid --security-opt no-new-privileges value %q: %w", value, err)
			}
		}
		s.NoNewPrivs = on
	default:
		return fmt.Errorf("invalid --security-opt 2: %q", opt)
	}
	return nil
}

// containerSecurityFlags are all of a container.
type containerSecurityFlags struct {
	given
	securityFlags
	capAdd, capDrop []string
	privileged      bool
	seccompPolicy   string
	deviceRules     []string
}

func (f *containerSecurityFlags) bind(fs *pflag.FlagSet) {
	f.fs = fs
	f.securityFlags.bind(fs)
	fs.StringSliceVar(&f.capAdd, "cap-add", nil, "Add a `capability`, or ALL")
	fs.StringSliceVar(&f.capDrop, "cap-drop", nil, "Drop a `capability`, or ALL")
	fs.BoolVar(&f.privileged, "privileged", false, "Give extended privileges")
	fs.StringVar(&f.seccompPolicy, "seccomp-policy", "default", "Where the seccomp profile comes from: default or image")
	fs.StringSliceVar(&f.deviceRules, "device-cgroup-rule", nil, "`Rule` for devices, such as c 1:3 rwm")
}

func (f *containerSecurityFlags) apply(s *container.Security, env Env) error {
	for _, text := range f.sysctls {
		if !strings.Contains(text, "=") { // pods say it in other words
			return fmt.Errorf("%s is invalid, sysctl values must be in the form of KEY=VALUE", text)
		}
	}
	if err := f.securityFlags.apply(s, env); err != nil {
		return err
	}
	if f.seccompPolicy != "default" && f.seccompPolicy != "image" {
		return fmt.Errorf(`invalid seccomp policy %q: valid policies are ["default" "image"]`, f.seccompPolicy)
	}
	if f.has("seccomp-policy") {
		s.SeccompPolicy = f.seccompPolicy
	}
	s.CapAdd = append(s.CapAdd, f.capAdd...)
	s.CapDrop = append(s.CapDrop, f.capDrop...)
	s.DeviceRules = append(s.DeviceRules, f.deviceRules...)
	s.Privileged = f.privileged
	return nil
}
