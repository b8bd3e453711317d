package imagecmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	"github.com/podctl/podctl/pkg/library"
)

// Open returns the image store. It is called once a command runs, when the
// global flags are parsed, and not by --help or completion.
type Open func(ctx context.Context) (*library.Library, error)

// TopLevel returns the image commands that are called without the word image.
func TopLevel(f *cmdutil.Factory, open Open) []*cobra.Command {
	images, rmi := NewCmdList(f, open, nil), NewCmdRemove(f, open, nil)
	images.Use, images.Aliases = "images [options] [IMAGE]", nil
	images.Example = `podctl images
podctl images --filter dangling=true --quiet`
	rmi.Use, rmi.Aliases = "rmi [options] IMAGE [IMAGE...]", nil
	rmi.Example = `podctl rmi busybox
podctl rmi --all --force`
	return append(shared(f, open), images, rmi, NewCmdLogin(f, nil), NewCmdLogout(f))
}

// NewGroup returns "podctl image" with its subcommands.
func NewGroup(f *cmdutil.Factory, open Open) *cobra.Command {
	return cmdutil.NewGroup("image", "Manage images", append(shared(f, open),
		NewCmdExists(open),
		NewCmdInspect(f, open, nil),
		NewCmdList(f, open, nil),
		NewCmdPrune(f, open, nil),
		NewCmdRemove(f, open, nil),
	)...)
}

// shared returns the commands that have the same name in both places.
func shared(f *cmdutil.Factory, open Open) []*cobra.Command {
	return []*cobra.Command{
		NewCmdHistory(f, open, nil),
		NewCmdImport(f, open, nil),
		NewCmdLoad(f, open, nil),
		NewCmdPull(f, open, nil),
		NewCmdPush(f, open, nil),
		NewCmdSave(f, open, nil),
		NewCmdSearch(f, open, nil),
		NewCmdTag(f, open, nil),
		NewCmdUntag(f, open, nil),
	}
}
