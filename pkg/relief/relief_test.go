package relief

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// A stat line of a process whose name does its best to confuse.
const stat = "7 (a) S (b) S 1 7 7 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 5 0 4711 1000 50 18446744073709551615\n"

func TestRelieved(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	put("7/stat", stat)
	put("8/stat", "8 (podctl) T 1 8 8 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 5 0 4711 1000 50 1\n")
	put("9/stat", "9 (podctl) S\n")
	file := filepath.Join(dir, "file")
	if err := Write(file, 7, 4711); err != nil {
		t.Fatal(err)
	}
	if !Names(file, 7, 4711) || Names(file, 7, 4712) || Names(dir, 7, 4711) {
		t.Error("Names does not know what was written")
	}
	exit := func(file string) []string {
		return []string{"/usr/bin/podctl", "--root", "/r", "container", "cleanup", "--stopped-only", Flag, file, "0123"}
	}
	for name, test := range map[string]struct {
		args []string
		want bool
	}{
		"by one that lives":          {exit(file), true},
		"by one that is stopped":     {exit(put("f1", "8 4711\n")), false},
		"by one with another's PID":  {exit(put("f2", "7 4712\n")), false},
		"by one that is gone":        {exit(put("f3", "6 4711\n")), false},
		"a stat that is cut off":     {exit(put("f4", "9 4711\n")), false},
		"a file that is cut off":     {exit(put("f5", "7 4711")), false},
		"a file without a number":    {exit(put("f6", "../7 4711\n")), false},
		"a file without a time":      {exit(put("f7", "7\n")), false},
		"an empty file":              {exit(put("f8", "")), false},
		"no file":                    {exit(filepath.Join(dir, "none")), false},
		"an exec session's":          {slices.Insert(exit(file), 6, "--exec", "4567"), false},
		"another command":            {[]string{"podctl", "run", "busybox", "sh", Flag, file, "0123"}, false},
		"no command":                 {[]string{"podctl"}, false},
		"an exit command without it": {[]string{"podctl", "container", "cleanup", "--stopped-only", "0123"}, false},
	} {
		if got := relieved(test.args, dir); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// What these packages need is initialized before them, and before most of the
// program.
func TestImportsLittle(t *testing.T) {
	early := []string{"bytes", "os", "slices", "strconv", "strings"}
	file, err := parser.ParseFile(token.NewFileSet(), "relief.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range file.Imports {
		if name, err := strconv.Unquote(spec.Path.Value); err != nil || !slices.Contains(early, name) {
			t.Errorf("%s is initialized late", spec.Path.Value)
		}
	}
}
