package specflags

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/podctl/podctl/pkg/container"
)

// envFlags are the flags about the environment of the process.
type envFlags struct {
	given
	env, files, merge, unset []string
	host, unsetAll, proxy    bool
}

func (f *envFlags) bind(fs *pflag.FlagSet) {
	f.fs = fs
	fs.StringArrayVarP(&f.env, "env", "e", nil, "Variable `NAME=VALUE`, or NAME or NAME* of the host")
	fs.StringArrayVar(&f.files, "env-file", nil, "Read variables from this `file`")
	fs.BoolVar(&f.host, "env-host", false, "Pass the host's environment")
	fs.StringArrayVar(&f.merge, "env-merge", nil, "Variable `NAME=VALUE` in which variables of the image are expanded")
	fs.StringArrayVar(&f.unset, "unsetenv", nil, "Leave this default `variable` unset")
	fs.BoolVar(&f.unsetAll, "unsetenv-all", false, "Leave all default variables unset")
	fs.BoolVar(&f.proxy, "http-proxy", true, "Pass the proxy variables of the host")
}

// apply appends the variables in the order of precedence, the files first.
func (f *envFlags) apply(p *container.Process, env Env) error {
	for _, file := range f.files {
		lines, err := linesOf(file, env)
		if err == nil {
			err = addVariables(&p.Env, lines, env)
		}
		if err != nil {
			return fmt.Errorf("parsing env file %q: %w", file, err)
		}
	}
	if err := addVariables(&p.Env, f.env, env); err != nil {
		return err
	}
	p.EnvMerge = append(p.EnvMerge, f.merge...)
	p.UnsetEnv = append(p.UnsetEnv, f.unset...)
	if f.has("env-host") {
		p.EnvHost = &f.host
	}
	if f.has("unsetenv-all") {
		p.UnsetEnvAll = f.unsetAll
	}
	p.HTTPProxy = f.proxy
	return nil
}

// Variables returns the variables of files and then those of the list, as the
// flags --env-file and --env give them.
func Variables(files, list []string, env Env) ([]string, error) {
	var p container.Process
	f := envFlags{given: given{pflag.NewFlagSet("", pflag.ContinueOnError)}, files: files, env: list}
	err := f.apply(&p, env)
	return p.Env, err
}

// addVariables appends K=V as it is, K with the value on the host if it is
// set there, and K* with all variables of the host that start with K.
func addVariables(list *[]string, variables []string, env Env) error {
	for _, variable := range variables {
		name, _, hasValue := strings.Cut(variable, "=")
		name = strings.TrimLeft(name, " \t")
		if name == "" {
			return fmt.Errorf("invalid variable: %q", variable)
		}
		if hasValue {
			*list = append(*list, strings.TrimLeft(variable, " \t"))
		} else if prefix, ok := strings.CutSuffix(name, "*"); ok {
			for _, kv := range env.Environ {
				if strings.HasPrefix(kv, prefix) {
					*list = append(*list, kv)
				}
			}
		} else if value, ok := env.lookup(name); ok {
			*list = append(*list, name+"="+value)
		}
	}
	return nil
}
