package specflags

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/spf13/pflag"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
)

// processFlags say what runs and how it sees its surroundings.
type processFlags struct {
	given
	environ envFlags

	entrypoint, user, workdir, umask, timezone string
	groups                                     []string
	interactive, tty                           bool
	init                                       bool
	initPath, systemd, personality             string
	passwdEntry, groupEntry                    string
	hostUsers                                  []string
}

func (f *processFlags) bind(fs *pflag.FlagSet) {
	f.fs = fs
	f.environ.bind(fs)
	fs.StringVar(&f.entrypoint, "entrypoint", "", "Entrypoint: one `word` or a JSON array; empty for none")
	fs.StringVarP(&f.user, "user", "u", "", "`user[:group]` to run as, names or numbers")
	fs.StringVarP(&f.workdir, "workdir", "w", "", "Working `directory`")
	fs.StringSliceVar(&f.groups, "group-add", nil, "Additional `group`, or keep-groups")
	fs.BoolVarP(&f.interactive, "interactive", "i", false, "Keep standard input open")
	fs.BoolVarP(&f.tty, "tty", "t", false, "Allocate a pseudo-terminal")
	fs.StringVar(&f.umask, "umask", "0022", "`umask` of the process")
	fs.StringVar(&f.timezone, "tz", "", "Time `zone`, or local")
	fs.BoolVar(&f.init, "init", false, "Run under an init that forwards signals and reaps processes")
	fs.StringVar(&f.initPath, "init-path", "", "`Path` of the init binary")
	fs.StringVar(&f.systemd, "systemd", "true", "Systemd mode: true, false or always")
	fs.StringVar(&f.personality, "personality", "", "Execution `domain`, such as LINUX32")
	fs.StringVar(&f.passwdEntry, "passwd-entry", "", "`Line` to add to /etc/passwd")
	fs.StringVar(&f.groupEntry, "group-entry", "", "`Line` to add to /etc/group")
	fs.StringSliceVar(&f.hostUsers, "hostuser", nil, "Host `user` to add to /etc/passwd")
}

func (f *processFlags) apply(p *container.Process, env Env) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.has("entrypoint") {
		p.Entrypoint, p.EntrypointSet = parseEntrypoint(f.entrypoint), true
	}
	setString(&p.User, f.user)
	setString(&p.WorkDir, f.workdir)
	setString(&p.Timezone, f.timezone)
	setString(&p.InitPath, f.initPath)
	setString(&p.Personality, f.personality)
	setString(&p.PasswdEntry, f.passwdEntry)
	setString(&p.GroupEntry, f.groupEntry)
	p.Groups = append(p.Groups, f.groups...)
	p.HostUsers = append(p.HostUsers, f.hostUsers...)
	if f.has("umask") {
		p.Umask = fmt.Sprintf("%04s", f.umask)
	}
	p.Systemd = f.systemd
	p.Stdin, p.Terminal, p.Init = f.interactive, f.tty, f.init
	// What is piped in ends, and the process is to see that. A terminal stays
	// open for the next one who attaches.
	p.StdinOnce = f.interactive && !f.tty
	return f.environ.apply(p, env)
}

func (f *processFlags) check() error {
	if slices.Contains(f.groups, "keep-groups") && len(f.groups) > 1 {
		return errors.New("the '--group-add keep-groups' option is not allowed with any other --group-add options")
	}
	if !regexp.MustCompile(`^[0-7]{1,4}$`).MatchString(f.umask) {
		return fmt.Errorf("running container create option: invalid umask string %s: %w", f.umask, errdefs.ErrInvalidArg)
	}
	switch f.systemd {
	case "true", "false", "always":
		return nil
	}
	return fmt.Errorf("invalid config provided: --systemd values must be one of %q: %w", "true, false, always", errdefs.ErrInvalidConfig)
}

// parseEntrypoint reads a JSON array of words, or takes the text as one word.
func parseEntrypoint(text string) []string {
	if text == "" {
		return nil
	}
	var words []string
	if json.Unmarshal([]byte(text), &words) == nil {
		return words
	}
	return []string{text}
}

// setString sets a field whose empty value means "not asked for".
func setString(field *string, value string) {
	if value != "" {
		*field = value
	}
}
