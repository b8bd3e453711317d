package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNeedsWhole(t *testing.T) {
	for _, words := range [][]string{
		{"pod", "create"}, {"pod", "ps", "x"}, {"pod", "ls"}, {"run", "busybox"}, {"container", "cleanup"}, {"ps"}, {"inspect", "x"},
		{"volume"}, {"network", "ls"}, {"system", "info"}, {"version"}, {"healthcheck", "run", "x"},
	} {
		require.False(t, needsWhole(commands(), words), "%q", words)
	}
	for _, words := range [][]string{
		nil, {"help"}, {"completion", "bash"}, {"__complete", "pod", ""}, {"nosuch"}, // who looks for a verb sees all
		{"pod"}, {"pod", "nosuch"}, {"container"}, {"system", "nosuch"},
		{"images"}, {"pull", "x"}, {"image", "ls"}, {"login"}, {"commit", "x"}, {"container", "commit"}, {"system", "df"}, {"system", "prune"}, {"diff"},
		{"kube", "play", "x"}, {"kube", "down", "x"}, {"play", "kube"}, {"generate", "kube", "x"},
	} {
		require.True(t, needsWhole(commands(), words), "%q", words)
	}
}
