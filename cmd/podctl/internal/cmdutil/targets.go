package cmdutil

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	engine "github.com/podctl/podctl/pkg/runtime"
)

// Kind is the kind of object a verb is about.
type Kind int

// The kinds.
const (
	Pods Kind = iota
	Containers
)

func (k Kind) noun() string {
	if k == Pods {
		return "pod"
	}
	return "container"
}

// idFileFlag is the flag that names files holding IDs.
func (k Kind) idFileFlag() string {
	if k == Pods {
		return "pod-id-file"
	}
	return "cidfile"
}

// Targets says which pods or containers a verb is about: those named, or
// all, or the newest, or those whose IDs stand in files.
type Targets struct {
	// Names are the positional arguments, set when they are checked.
	Names []string
	// All and Latest are the flags --all and --latest.
	All, Latest bool
	// IDFiles are the files of --pod-id-file or --cidfile, unread.
	IDFiles []string
	// Filters are the values of --filter, each with a "=" in it.
	Filters []string
	// Ignore is the flag --ignore; a command whose --force implies it sets
	// it before it reads files or looks names up.
	Ignore bool

	kind Kind
}

// TargetFlags are the flags of a verb beside --all and --latest.
type TargetFlags struct {
	Kind   Kind
	IDFile bool // --pod-id-file or --cidfile
	Filter bool // --filter
	// ForceIsF says that -f is not short for --filter but for --force, which
	// the command defines.
	ForceIsF bool
	Ignore   bool // --ignore, -i
}

// Bind defines the flags on cmd and makes their combinations and the
// positional arguments its argument check.
func (t *Targets) Bind(cmd *cobra.Command, flags TargetFlags) {
	t.kind = flags.Kind
	noun, set := t.kind.noun(), cmd.Flags()
	set.BoolVarP(&t.All, "all", "a", false, "All "+noun+"s")
	set.BoolVarP(&t.Latest, "latest", "l", false, "The "+noun+" created last")
	if flags.IDFile {
		set.StringArrayVar(&t.IDFiles, t.kind.idFileFlag(), nil, "Read the "+noun+" ID from this `file`")
	}
	if flags.Filter {
		short := "f"
		if flags.ForceIsF {
			short = ""
		}
		set.StringArrayVarP(&t.Filters, "filter", short, nil, "Those that match this `filter`")
	}
	if flags.Ignore {
		set.BoolVarP(&t.Ignore, "ignore", "i", false, "Ignore a "+noun+" that does not exist")
	}
	cmd.Args = t.check
}

// check finds contradictions; of several the first of this order is told.
func (t *Targets) check(_ *cobra.Command, args []string) error {
	t.Names = args
	file := t.kind.idFileFlag()
	switch {
	case len(t.IDFiles) > 0 && (t.All || t.Latest):
		return fmt.Errorf("--all, --latest, and --%s cannot be used together", file)
	case t.All && t.Latest:
		return errors.New("--all and --latest cannot be used together")
	case len(t.Filters) > 0 && len(args) > 0:
		return errors.New("--filter takes no arguments")
	case len(args) > 0 && t.All:
		return errors.New("no arguments are needed with --all")
	case len(args) > 0 && t.Latest:
		return errors.New("--latest and containers cannot be used together")
	case len(args) > 0 && len(t.IDFiles) > 0:
		return fmt.Errorf("no arguments are needed with --latest or --%s", file)
	case len(args) == 0 && !t.All && !t.Latest && len(t.IDFiles) == 0 && len(t.Filters) == 0:
		return errors.New("you must provide at least one name or id")
	}
	for _, filter := range t.Filters {
		if !strings.Contains(filter, "=") {
			return fmt.Errorf("invalid filter %q", filter)
		}
	}
	return nil
}

// ReadIDFile returns the first line of a file that holds an ID. A file that
// cannot be read is an error that wraps the one of the system.
func (k Kind) ReadIDFile(path string) (string, error) {
	id, err := firstLine(path)
	if err == nil {
		return id, nil
	}
	if k == Pods {
		return "", fmt.Errorf("reading pod ID file: %w", err)
	}
	return "", fmt.Errorf("reading CIDFile: %w", err)
}

// ReadIDFiles returns the IDs of all files, or the first error. With Ignore
// a container's file that is missing is skipped; a pod's is not.
func (t *Targets) ReadIDFiles() ([]string, error) {
	ids := make([]string, 0, len(t.IDFiles))
	for _, path := range t.IDFiles {
		id, err := t.kind.ReadIDFile(path)
		if t.Ignore && t.kind == Containers && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func firstLine(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimSpace(line), nil
}

// Selection is what the arguments and flags select. The files of --pod-id-file
// or --cidfile are read.
func (t *Targets) Selection() (engine.Selection, error) {
	ids, err := t.ReadIDFiles()
	if err != nil {
		return engine.Selection{}, err
	}
	return engine.Selection{Names: slices.Concat(t.Names, ids), All: t.All, Latest: t.Latest, Filters: t.Filters, Ignore: t.Ignore}, nil
}

// Seconds is the value of a --time flag that was given; a negative one waits for
// ever.
func Seconds(n int) *time.Duration {
	d := time.Duration(math.MaxInt64)
	if n >= 0 {
		d = time.Duration(n) * time.Second
	}
	return &d
}

// DryRunHelp describes the output of --dry-run.
const DryRunHelp = `

With --dry-run nothing is done. What would be is printed, a step a line: the number
of its wave, what is done, and to what. The steps of a wave are done at the same
time, after those of the waves before.`
