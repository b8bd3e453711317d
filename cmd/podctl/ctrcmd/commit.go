package ctrcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/containers/image/v5/manifest"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	engine "github.com/podctl/podctl/pkg/runtime"
)

type committer interface {
	resolver
	// CommitContainer makes an image of a container and returns its ID.
	CommitContainer(ctx context.Context, id string, opts engine.CommitOptions) (string, error)
}

type commitOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (committer, error)

	Container string
	IDFile    string
	Quiet     bool
	Commit    engine.CommitOptions
}

// NewCmdCommit returns "podctl commit".
func NewCmdCommit(f *cmdutil.Factory, runF func(context.Context, *commitOptions) error) *cobra.Command {
	opts := &commitOptions{IO: f.IO, Engine: func(ctx context.Context) (committer, error) { return f.Engine(ctx) }}
	var format, config string
	cmd := &cobra.Command{
		Use:   "commit [options] CONTAINER [IMAGE]",
		Short: "Make an image of a container",
		Long: `Make an image of what a container has changed of its own image, and print the ID.
Volumes and other mounts are not in it.

Exit codes: 0 success, 125 error.`,
		Example: `podctl commit web web-with-site
podctl commit --change 'CMD ["nginx"]' --change ENV=DEBUG=1 web`,
		Args: cmdutil.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Container = args[0]
			if len(args) > 1 {
				opts.Commit.Name = args[1]
			}
			switch format {
			case "oci":
			case "docker":
				opts.Commit.Docker = true
			default:
				return fmt.Errorf("unrecognized image format %q", format)
			}
			if opts.Commit.Message != "" && !opts.Commit.Docker {
				return errors.New("messages are only compatible with the docker image format (-f docker)")
			}
			changes, err := configChanges(config)
			if err != nil {
				return err
			}
			opts.Commit.Changes = append(changes, opts.Commit.Changes...)
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return commitRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&opts.Commit.Author, "author", "a", "", "Who made the image")
	fs.StringArrayVarP(&opts.Commit.Changes, "change", "c", nil, "Apply this `instruction` of a Dockerfile: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR")
	fs.StringVar(&config, "config", "", "Apply the configuration in this JSON `file`, as Docker writes it")
	fs.StringVarP(&format, "format", "f", "oci", "`Format` of the image (oci, docker)")
	fs.StringVar(&opts.IDFile, "iidfile", "", "Write the image ID to this `file`")
	fs.BoolVar(&opts.Commit.IncludeVolumes, "include-volumes", false, "Make the container's volumes volumes of the image, empty ones")
	fs.StringVarP(&opts.Commit.Message, "message", "m", "", "Comment of the image")
	fs.BoolVarP(&opts.Commit.Pause, "pause", "p", false, "Pause the container meanwhile")
	fs.BoolVarP(&opts.Quiet, "quiet", "q", false, "Show no progress")
	fs.BoolVarP(&opts.Commit.Squash, "squash", "s", false, "Make an image of one layer")
	return cmd
}

// configChanges reads a configuration as the instructions that make it.
func configChanges(file string) (changes []string, err error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var config manifest.Schema2Config
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	add := func(instruction string, value any, set bool) {
		if set && err == nil {
			var text []byte
			text, err = json.Marshal(value)
			changes = append(changes, instruction+" "+string(text))
		}
	}
	add("ENTRYPOINT", config.Entrypoint, config.Entrypoint != nil)
	add("CMD", config.Cmd, config.Cmd != nil)
	for _, kv := range config.Env {
		changes = append(changes, "ENV "+kv)
	}
	for key, value := range config.Labels {
		changes = append(changes, "LABEL "+key+"="+value)
	}
	for port := range config.ExposedPorts {
		changes = append(changes, "EXPOSE "+string(port))
	}
	for path := range config.Volumes {
		changes = append(changes, "VOLUME "+path)
	}
	for instruction, value := range map[string]string{"USER": config.User, "WORKDIR": config.WorkingDir, "STOPSIGNAL": config.StopSignal} {
		if value != "" {
			changes = append(changes, instruction+" "+value)
		}
	}
	return changes, err
}

func commitRun(ctx context.Context, opts *commitOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	found, err := eng.ResolveContainers(ctx, engine.Selection{Names: []string{opts.Container}, Mend: true})
	if err != nil {
		return err
	}
	if !opts.Quiet {
		fmt.Fprintf(opts.IO.ErrOut, "Committing container %s\n", found[0].ID)
	}
	id, err := eng.CommitContainer(ctx, found[0].ID, opts.Commit)
	if err != nil {
		return err
	}
	if opts.IDFile != "" {
		if err := os.WriteFile(opts.IDFile, []byte(id), 0o644); err != nil {
			return fmt.Errorf("write image ID: %w", err)
		}
	}
	fmt.Fprintln(opts.IO.Out, id)
	return nil
}
