package main

import (
	"context"
	"slices"
	"strings"

	"github.com/containers/common/libnetwork/types"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/pod"
	engine "github.com/podctl/podctl/pkg/runtime"
	"github.com/podctl/podctl/pkg/volume"
)

// lister returns the names of all objects of a kind.
type lister func(ctx context.Context, eng *engine.Runtime) ([]string, error)

// listers are by the word that stands for the object in usage lines.
func listers() map[string]lister {
	return map[string]lister{
		"CONTAINER": containerNames, "POD": podNames, "IMAGE": imageNames,
		"VOLUME": volumeNames, "NETWORK": networkNames, "SECRET": secretNames,
	}
}

// listersFor are those whose objects the command can do something with: nobody
// wants to unpause what runs.
func listersFor(cmd *cobra.Command) map[string]lister {
	all := listers()
	switch cmd.Name() {
	case "start", "init":
		all["CONTAINER"] = containersIn(container.Created, container.Initialized, container.Stopped, container.Exited)
	case "stop", "kill", "pause", "exec", "attach", "top":
		all["CONTAINER"] = containersIn(container.Initialized, container.Running, container.Stopping)
		if cmd.Name() != "top" {
			all["POD"] = podsIn(pod.StatusRunning, pod.StatusDegraded)
		}
	case "unpause":
		all["CONTAINER"] = containersIn(container.Paused)
		all["POD"] = podsIn(pod.StatusPaused, pod.StatusDegraded)
	}
	return all
}

// flagListers are by the name of the flag that takes such a name.
func flagListers() map[string]lister {
	return map[string]lister{"pod": podNames, "volumes-from": containerNames, "network": networkNames, "secret": secretNames}
}

// completeNames lets the shell complete, for every command below cmd, the names
// that its usage line and its flags ask for.
func completeNames(cmd *cobra.Command, f *cmdutil.Factory) {
	for _, sub := range cmd.Commands() {
		completeNames(sub, f)
	}
	completeFlags(cmd, f)
	if !cmd.Runnable() || cmd.ValidArgsFunction != nil {
		return
	}
	words := operands(cmd)
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		word := words[min(len(args), len(words)-1)]
		if path, isPath := strings.CutPrefix(word, "[CONTAINER:]"); isPath {
			names, _ := complete(cmd.Context(), f, nil, begun, containerNames)
			for i := range names {
				names[i] += ":"
			}
			return names, directive(path) | cobra.ShellCompDirectiveNoSpace
		}
		var from []lister
		for kind := range strings.SplitSeq(word, "|") {
			if list, ok := listersFor(cmd)[kind]; ok {
				from = append(from, list)
			}
		}
		if len(from) == 0 {
			return nil, directive(word)
		}
		return complete(cmd.Context(), f, args, begun, from...)
	}
}

// completeFlags lets the shell complete what the command's flags take: names, and
// words that are always the same.
func completeFlags(cmd *cobra.Command, f *cmdutil.Factory) {
	for name, list := range flagListers() {
		if flag := cmd.Flags().Lookup(name); flag == nil || flag.Value.Type() == "bool" {
			continue
		}
		// The only error is a flag that is completed already.
		_ = cmd.RegisterFlagCompletionFunc(name, func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
			names, _ := complete(cmd.Context(), f, nil, begun, list)
			words, directive := beginning(wordsOf(cmd, name), begun)
			return append(names, words...), directive
		})
	}
	completeWords(cmd)
}

// operands are the words for a command's arguments in its usage line. The last is
// that of all further ones: "" if there may be none.
func operands(cmd *cobra.Command) []string {
	words := slices.DeleteFunc(strings.Fields(cmd.Use)[1:], func(word string) bool { return word == "[options]" })
	if cmd.Name() == "inspect" && slices.Contains(words, "NAME") {
		words = []string{"CONTAINER|IMAGE|VOLUME|NETWORK|POD...]"}
	}
	repeated := false
	for i, word := range words {
		repeated = strings.Contains(word, "...")
		if !strings.HasPrefix(word, "[CONTAINER:]") {
			words[i] = strings.TrimSuffix(strings.Trim(word, "[]"), "...")
		}
	}
	if !repeated {
		words = append(words, "")
	}
	return words
}

// directive says whether files are completed for a word of a usage line.
func directive(word string) cobra.ShellCompDirective {
	switch word {
	case "PATH", "SOURCE", "DESTINATION", "FILE|-", "COMMAND", "ARG":
		return cobra.ShellCompDirectiveDefault
	}
	return cobra.ShellCompDirectiveNoFileComp
}

// complete returns the names that begin as asked and are not given already. What
// cannot be listed is not completed: a shell has no place for an error.
func complete(ctx context.Context, f *cmdutil.Factory, given []string, begun string, from ...lister) ([]string, cobra.ShellCompDirective) {
	eng, err := f.Engine(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, list := range from {
		all, err := list(ctx, eng)
		if err != nil {
			continue
		}
		for _, name := range all {
			if strings.HasPrefix(name, begun) && !slices.Contains(given, name) {
				names = append(names, name)
			}
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// namesOf are the names of what a list has.
func namesOf[T any](list []T, err error, name func(T) string) ([]string, error) {
	names := make([]string, 0, len(list))
	for _, v := range list {
		names = append(names, name(v))
	}
	return names, err
}

func containerNames(ctx context.Context, eng *engine.Runtime) ([]string, error) {
	list, err := eng.ListContainers(ctx, engine.ContainerListOptions{All: true})
	return namesOf(list, err, func(c engine.ContainerListing) string { return c.Name })
}

func podNames(ctx context.Context, eng *engine.Runtime) ([]string, error) {
	list, err := eng.ListPods(ctx, engine.PodListOptions{})
	return namesOf(list, err, func(p engine.PodListing) string { return p.Name })
}

// containersIn lists the containers in one of the states.
func containersIn(states ...container.State) lister {
	return func(ctx context.Context, eng *engine.Runtime) ([]string, error) {
		list, err := eng.ListContainers(ctx, engine.ContainerListOptions{All: true})
		list = slices.DeleteFunc(list, func(c engine.ContainerListing) bool { return !slices.Contains(states, c.State) })
		return namesOf(list, err, func(c engine.ContainerListing) string { return c.Name })
	}
}

// podsIn lists the pods in one of the states.
func podsIn(states ...pod.Status) lister {
	return func(ctx context.Context, eng *engine.Runtime) ([]string, error) {
		list, err := eng.ListPods(ctx, engine.PodListOptions{})
		list = slices.DeleteFunc(list, func(p engine.PodListing) bool { return !slices.Contains(states, pod.Status(p.Status)) })
		return namesOf(list, err, func(p engine.PodListing) string { return p.Name })
	}
}

func volumeNames(ctx context.Context, eng *engine.Runtime) ([]string, error) {
	list, err := eng.ListVolumes(ctx, nil)
	return namesOf(list, err, func(v volume.Status) string { return v.Name })
}

func networkNames(ctx context.Context, eng *engine.Runtime) ([]string, error) {
	list, err := eng.ListNetworks(ctx, nil)
	return namesOf(list, err, func(n types.Network) string { return n.Name })
}

func secretNames(ctx context.Context, eng *engine.Runtime) ([]string, error) {
	list, err := eng.ListSecrets(ctx)
	return namesOf(list, err, func(s engine.Secret) string { return s.Name })
}
