package ctrcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/containers/common/libnetwork/types"
	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/cmd/podctl/internal/iostreams"
	"github.com/podctl/podctl/pkg/container"
)

type portLister interface {
	resolver
	// PublishedPorts are the container's own or those of its pod.
	PublishedPorts(ctx context.Context, id string) ([]types.PortMapping, error)
}

type portOptions struct {
	IO     *iostreams.IOStreams
	Engine func(context.Context) (portLister, error)

	Targets cmdutil.Targets
	// Port is the container's port asked for, Proto its protocol; "" for all.
	// Typed is how it was written.
	Typed, Proto string
	Port         uint16
}

// NewCmdPort returns "podctl port".
func NewCmdPort(f *cmdutil.Factory, runF func(context.Context, *portOptions) error) *cobra.Command {
	opts := &portOptions{IO: f.IO, Engine: func(ctx context.Context) (portLister, error) { return f.Engine(ctx) }}
	cmd := &cobra.Command{
		Use:   "port [options] CONTAINER [PORT[/PROTOCOL]]",
		Short: "Show published ports",
		Long: `Show the ports that running containers publish and where. The containers of a pod
show the pod's. With a port, show only where this one is published.

Exit codes: 0 success, 125 error.`,
		Example: `podctl port web
podctl port web 80/tcp
podctl port --all`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := opts.fill(args); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return portRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&opts.Targets.All, "all", "a", false, "All running containers")
	fs.BoolVarP(&opts.Targets.Latest, "latest", "l", false, "The container created last")
	return cmd
}

// fill tells container and port apart; with --latest the only argument is a port.
func (o *portOptions) fill(args []string) error {
	t := &o.Targets
	switch {
	case t.All && t.Latest:
		return errors.New("--all and --latest cannot be used together")
	case t.All && len(args) > 0:
		return errors.New("no arguments are needed with --all")
	case len(args) > 2:
		return errors.New("`port` accepts at most 2 arguments")
	case t.Latest && len(args) > 1:
		return errors.New("--latest and containers cannot be used together")
	case len(args) == 0 && !t.All && !t.Latest:
		return errors.New("you must supply a running container name or id")
	}
	if !t.Latest && len(args) > 0 {
		t.Names, args = args[:1], args[1:]
	}
	if len(args) == 0 {
		return nil
	}
	return o.parsePort(args[0])
}

func (o *portOptions) parsePort(text string) error {
	number, proto, found := strings.Cut(text, "/")
	if !found {
		proto = "tcp"
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return err
	}
	o.Typed, o.Port, o.Proto = text, uint16(n), proto
	return nil
}

func portRun(ctx context.Context, opts *portOptions) error {
	eng, err := opts.Engine(ctx)
	if err != nil {
		return err
	}
	targets, err := resolve(ctx, eng, &opts.Targets)
	if err != nil {
		return err
	}
	found := opts.Typed == ""
	for _, t := range inState(targets, container.Running) {
		ports, err := eng.PublishedPorts(ctx, t.ID)
		if err != nil {
			return err
		}
		if opts.Typed != "" {
			found = opts.printOne(ports)
			continue
		}
		prefix := ""
		if opts.Targets.All {
			prefix = t.ID[:min(12, len(t.ID))] + "\t"
		}
		printPorts(opts.IO.Out, prefix, ports)
	}
	if !found {
		return fmt.Errorf("failed to find published port %q", opts.Typed)
	}
	return nil
}

// printPorts prints a line for each port of each range and protocol.
func printPorts(w io.Writer, prefix string, ports []types.PortMapping) {
	for _, p := range ports {
		for proto := range strings.SplitSeq(p.Protocol, ",") {
			for i := range max(p.Range, 1) {
				fmt.Fprintf(w, "%s%d/%s -> %s\n", prefix, p.ContainerPort+i, proto, hostAddress(p, i))
			}
		}
	}
}

// printOne prints where the port asked for is published; false if nowhere.
func (o *portOptions) printOne(ports []types.PortMapping) (found bool) {
	for _, p := range ports {
		for proto := range strings.SplitSeq(p.Protocol, ",") {
			if proto == o.Proto && o.Port >= p.ContainerPort && o.Port-p.ContainerPort < max(p.Range, 1) {
				fmt.Fprintln(o.IO.Out, hostAddress(p, o.Port-p.ContainerPort))
				found = true
			}
		}
	}
	return found
}

// hostAddress is where the i-th port of a mapping is on the host.
func hostAddress(p types.PortMapping, i uint16) string {
	ip := p.HostIP
	if ip == "" {
		ip = "0.0.0.0"
	}
	return net.JoinHostPort(ip, strconv.Itoa(int(p.HostPort+i)))
}
