package specflags

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/spf13/pflag"
)

// labelFlags are --label and --label-file.
type labelFlags struct {
	labels []string
	files  []string
}

func (f *labelFlags) bind(fs *pflag.FlagSet) {
	fs.StringArrayVarP(&f.labels, "label", "l", nil, "Metadata as `key=value`")
	fs.StringArrayVar(&f.files, "label-file", nil, "Read labels from this `file`, one a line")
}

// apply adds the labels to those there are; --label beats --label-file.
func (f *labelFlags) apply(labels *map[string]string, env Env) error {
	found := map[string]string{}
	for _, file := range f.files {
		lines, err := linesOf(file, env)
		if err != nil {
			return fmt.Errorf("unable to process labels: %w", err)
		}
		if err := parseLabels(found, lines); err != nil {
			return err
		}
	}
	if err := parseLabels(found, f.labels); err != nil {
		return err
	}
	mergeInto(labels, found)
	return nil
}

func parseLabels(found map[string]string, labels []string) error {
	for _, label := range labels {
		key, value, _ := strings.Cut(label, "=")
		if key == "" {
			return fmt.Errorf("unable to process labels: invalid label format: %q", label)
		}
		found[key] = value
	}
	return nil
}

// annotationFlags is --annotation.
type annotationFlags struct{ annotations []string }

func (f *annotationFlags) bind(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.annotations, "annotation", nil, "OCI annotation as `key=value`")
}

func (f *annotationFlags) apply(annotations *map[string]string) error {
	found := map[string]string{}
	for _, annotation := range f.annotations {
		key, value, ok := strings.Cut(annotation, "=")
		if !ok {
			return errors.New("annotations must be formatted KEY=VALUE")
		}
		found[key] = value
	}
	mergeInto(annotations, found)
	return nil
}

// mergeInto lays found over *m and leaves a nil map nil if there is nothing.
func mergeInto(m *map[string]string, found map[string]string) {
	if len(found) == 0 {
		return
	}
	if *m == nil {
		*m = map[string]string{}
	}
	maps.Copy(*m, found)
}

// linesOf returns the lines of a file that are neither empty nor a comment,
// without the blanks before them.
func linesOf(path string, env Env) ([]string, error) {
	data, err := env.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range strings.SplitSeq(string(data), "\n") {
		line = strings.TrimLeft(strings.TrimSuffix(line, "\r"), " \t")
		if line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines, nil
}
