package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/podctl/podctl/pkg/errdefs"
)

// ChangeEnv gives a bundle the variables that after has and before has not or
// otherwise, and takes those that only before has. The process that runs keeps
// what it has; who joins it is given the changed environment. Readers take no
// lock. A bundle that is not there is made anew with the next start.
func ChangeEnv(dir string, before, after []string) error {
	path := filepath.Join(dir, ConfigName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var spec specs.Spec
	if err == nil {
		err = json.Unmarshal(text, &spec)
	}
	if err != nil || spec.Process == nil {
		return fmt.Errorf("read %s: no process in it: %w", path, errors.Join(err, errdefs.ErrInternal))
	}
	spec.Process.Env = changedEnv(spec.Process.Env, before, after)
	if text, err = json.Marshal(&spec); err == nil {
		err = os.WriteFile(path+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("write OCI runtime spec: %w", err)
	}
	return nil
}

func changedEnv(env, before, after []string) []string {
	name := func(variable string) string { n, _, _ := strings.Cut(variable, "="); return n }
	var names []string
	for _, variable := range after {
		names = append(names, name(variable))
	}
	env = slices.DeleteFunc(slices.Clone(env), func(variable string) bool {
		return slices.Contains(before, variable) && !slices.Contains(names, name(variable))
	})
	for _, variable := range after {
		if slices.Contains(before, variable) {
			continue
		}
		if i := slices.IndexFunc(env, func(v string) bool { return name(v) == name(variable) }); i >= 0 {
			env[i] = variable
		} else {
			env = append(env, variable)
		}
	}
	return env
}
