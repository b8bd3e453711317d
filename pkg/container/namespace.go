package container

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ParseNamespace reads a namespace mode: one of the words, or ns:PATH, or, if
// ModeContainer is among them, container:NAME. The empty string is the default.
func ParseNamespace(text string, words ...Mode) (Namespace, error) {
	word, value, hasValue := strings.Cut(text, ":")
	mode := Mode(word)
	switch {
	case text == "":
		return Namespace{}, nil
	case mode == ModePath && hasValue:
		if value == "" {
			return Namespace{}, errors.New(`must provide a path to a namespace when specifying "ns:"`)
		}
		return Namespace{Mode: mode, Value: value}, nil
	case mode == ModeContainer && hasValue && slices.Contains(words, mode):
		if value == "" {
			return Namespace{}, errors.New(`must provide name or ID or a container when specifying "container:"`)
		}
		return Namespace{Mode: mode, Value: value}, nil
	case !hasValue && mode != ModeContainer && slices.Contains(words, mode):
		return Namespace{Mode: mode}, nil
	}
	return Namespace{}, fmt.Errorf("unrecognized namespace mode %s passed", text)
}

// ParseUserNamespace reads the mode of a user namespace.
func ParseUserNamespace(text string, rootless bool) (Namespace, error) {
	word, options, _ := strings.Cut(text, ":")
	switch mode := Mode(word); mode {
	case ModeAuto, ModeKeepID:
		if mode == ModeKeepID && !rootless {
			return Namespace{}, errors.New("keep-id is only supported in rootless mode")
		}
		return Namespace{Mode: mode, Value: options}, nil
	case ModeNoMap:
		if !rootless {
			return Namespace{}, errors.New("nomap is only supported in rootless mode")
		}
	}
	return ParseNamespace(text, ModeHost, ModePrivate, ModeNoMap, ModeContainer, ModePod)
}
