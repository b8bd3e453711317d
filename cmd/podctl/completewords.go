package main

import (
	"slices"
	"strings"
	"syscall"

	"github.com/containers/common/pkg/capabilities"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"
)

// flagWords are the words that a flag takes, by its name. A word that something
// follows ends in "=", ":" or ",". Where two commands have a flag of one name for
// different things it is under "COMMAND --FLAG", as in "pod ps --filter".
func flagWords() map[string][]string {
	namespace := []string{"private", "host", "container:", "ns:", "pod"}
	return map[string][]string{
		"attach": {"stdin", "stdout", "stderr"}, "cap-add": knownCapabilities(), "cap-drop": knownCapabilities(),
		"cgroup-manager": {"cgroupfs", "systemd"}, "cgroupns": namespace, "cgroups": {"enabled", "disabled", "no-conmon", "split"},
		"condition":      {"created", "exited", "healthy", "initialized", "paused", "removing", "running", "stopped", "unhealthy", "unknown"},
		"events-backend": {"file", "journald", "none"}, "exit-policy": {"continue", "stop"},
		"health-on-failure": {"none", "kill", "restart", "stop"}, "image-volume": {"anonymous", "bind", "tmpfs", "ignore"},
		"init-ctr": {"always", "once"}, "ipc": {"private", "shareable", "none", "host", "container:", "ns:", "pod"},
		"log-driver": {"k8s-file", "json-file", "journald", "none", "passthrough", "passthrough-tty"},
		"log-level":  {"trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"}, "log-opt": {"path=", "max-size=", "tag="},
		"mount":   {"type=bind,", "type=volume,", "type=tmpfs,", "type=ramfs,", "type=image,", "type=glob,", "type=devpts,", "type=artifact,"},
		"network": networkModes(), "pid": namespace, "policy": pullPolicies(), "pull": pullPolicies(),
		"restart": {"no", "always", "on-failure", "on-failure:", "unless-stopped"}, "sdnotify": {"container", "conmon", "healthy", "ignore"},
		"seccomp-policy": {"default", "image"},
		"security-opt":   {"apparmor=", "label=", "mask=", "no-new-privileges", "proc-opts=", "seccomp=", "systempaths=", "unmask="},
		"share":          {"cgroup", "ipc", "net", "none", "pid", "uts"}, "signal": signalNames(), "stop-signal": signalNames(),
		"systemd": {"true", "false", "always"}, "userns": {"host", "private", "auto", "keep-id", "nomap", "container:", "ns:"}, "uts": namespace,

		"commit --format": {"oci", "docker"}, "save --format": {"docker-archive", "oci-archive", "oci-dir", "docker-dir"},
		"network create --driver": {"bridge", "macvlan", "ipvlan"}, "volume create --driver": {"local", "image"}, "secret create --driver": {"file", "pass", "shell"},
		"network create --ipam-driver": {"host-local", "dhcp", "none"}, "inspect --type": {"all", "artifact", "container", "image", "network", "pod", "volume"},
		"generate --type": {"pod", "deployment", "daemonset", "job"}, "format": {"json"},

		"filter":           containerFilters(),
		"pod ps --filter":  {"id=", "name=", "label=", "label!=", "status=", "ctr-ids=", "ctr-names=", "ctr-number=", "ctr-status=", "network=", "until="},
		"events --filter":  {"container=", "event=", "image=", "label=", "pod=", "status=", "type=", "volume="},
		"volume --filter":  {"name=", "driver=", "scope=", "label=", "label!=", "opt=", "dangling=", "until=", "after=", "since="},
		"network --filter": {"name=", "id=", "driver=", "label=", "label!=", "until=", "dangling="},
		"secret --filter":  {"name=", "id="},
		"images --filter":  {"after=", "before=", "containers=", "dangling=", "digest=", "id=", "intermediate=", "label=", "readonly=", "reference=", "since=", "until="},
		"search --filter":  {"stars=", "is-automated=", "is-official="},
		"prune --filter":   {"label=", "label!=", "until="},
	}
}

func networkModes() []string {
	return []string{"bridge", "host", "none", "private", "container:", "ns:", "pasta", "slirp4netns"}
}

func pullPolicies() []string { return []string{"always", "missing", "never", "newer"} }

func containerFilters() []string {
	return []string{
		"ancestor=", "before=", "command=", "exited=", "health=", "id=", "label=", "label!=", "name=", "network=", "pod=",
		"restart-policy=", "should-start-on-boot=", "since=", "status=", "until=", "volume=",
	}
}

func knownCapabilities() []string {
	words := []string{"ALL"}
	for _, name := range capabilities.AllCapabilities() {
		words = append(words, strings.TrimPrefix(name, "CAP_"))
	}
	return words
}

func signalNames() []string {
	const standard = 31 // those above are RTMIN+n and RTMAX-n
	var names []string
	for n := syscall.Signal(1); n <= standard; n++ {
		if name := unix.SignalName(n); name != "" {
			names = append(names, strings.TrimPrefix(name, "SIG"))
		}
	}
	return append(names, "RTMIN", "RTMAX")
}

// wordsOf are the words that a flag of a command takes. The names of a command are
// those it is called by last: "podctl pod list" and "podctl pod ps" are one.
func wordsOf(cmd *cobra.Command, flag string) []string {
	words := flagWords()
	group := ""
	if cmd.HasParent() && cmd.Parent().HasParent() {
		group = cmd.Parent().Name()
	}
	for _, name := range []string{group + " " + cmd.Name(), cmd.Name(), group} {
		if found, ok := words[name+" --"+flag]; ok {
			return found
		}
	}
	if group == "image" && flag == "filter" {
		return words["images --filter"]
	}
	return words[flag]
}

// completeWords lets the shell complete the words that the command's flags take.
func completeWords(cmd *cobra.Command) {
	words := func(flag *pflag.Flag) {
		if len(wordsOf(cmd, flag.Name)) == 0 || flag.Value.Type() == "bool" {
			return
		}
		// The only error is a flag that is completed already.
		_ = cmd.RegisterFlagCompletionFunc(flag.Name, func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
			return beginning(wordsOf(cmd, flag.Name), begun)
		})
	}
	cmd.Flags().VisitAll(words)
	cmd.PersistentFlags().VisitAll(words)
}

// beginning returns the words that begin as asked, and that no blank follows those
// that need more.
func beginning(words []string, begun string) ([]string, cobra.ShellCompDirective) {
	words = slices.DeleteFunc(slices.Clone(words), func(word string) bool { return !strings.HasPrefix(word, begun) })
	directive := cobra.ShellCompDirectiveNoFileComp
	if slices.ContainsFunc(words, func(word string) bool { return strings.ContainsAny(word[len(word)-1:], "=:,") }) {
		directive |= cobra.ShellCompDirectiveNoSpace
	}
	return words, directive
}
