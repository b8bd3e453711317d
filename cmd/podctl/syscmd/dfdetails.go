package syscmd

import (
	"fmt"
	"strings"

	"github.com/docker/go-units"

	"github.com/podctl/podctl/cmd/podctl/internal/cmdutil"
	engine "github.com/podctl/podctl/pkg/runtime"
)

// The rows of the three tables of --verbose.
type (
	dfImage struct {
		Repository, Tag, ImageID, Created, Size, SharedSize, UniqueSize string
		Containers                                                      int
	}
	dfContainer struct {
		ContainerID, Image, Command string
		LocalVolumes                int
		Size, Created, Status       string
		Names                       string
	}
	dfVolume struct {
		VolumeName string
		Links      int
		Size       string
	}
)

// details prints the three tables.
func (opts *dfOptions) details(u engine.DiskUsage) error {
	now := opts.Now()
	images := make([]dfImage, 0, len(u.Images))
	for _, i := range u.Images {
		images = append(images, dfImage{
			Repository: i.Repository, Tag: i.Tag, ImageID: cmdutil.ShortID(i.ID), Created: cmdutil.HumanDuration(now.Sub(i.Created)),
			Size: humanSize(i.Size), SharedSize: humanSize(i.SharedSize), UniqueSize: humanSize(i.UniqueSize), Containers: i.Containers,
		})
	}
	containers := make([]dfContainer, 0, len(u.Containers))
	for _, c := range u.Containers {
		row := dfContainer{
			ContainerID: cmdutil.ShortID(c.ID), Image: c.Image, Command: strings.Join(c.Command, " "), LocalVolumes: len(c.Mounts),
			Created: cmdutil.HumanDuration(now.Sub(c.Created)), Status: string(c.State), Names: c.Name, Size: humanSize(0),
		}
		if c.Size != nil {
			row.Size = humanSize(c.Size.RW)
		}
		containers = append(containers, row)
	}
	volumes := make([]dfVolume, 0, len(u.Volumes))
	for _, v := range u.Volumes {
		volumes = append(volumes, dfVolume{VolumeName: v.Name, Links: v.Links, Size: humanSize(v.Size)})
	}
	if err := dfTable(opts, "Images space usage:\n\n", "{{.Repository}}\t{{.Tag}}\t{{.ImageID}}\t{{.Created}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}\n", images); err != nil {
		return err
	}
	if err := dfTable(opts, "\nContainers space usage:\n\n", "{{.ContainerID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.Created}}\t{{.Status}}\t{{.Names}}\n", containers); err != nil {
		return err
	}
	return dfTable(opts, "\nLocal Volumes space usage:\n\n", "{{.VolumeName}}\t{{.Links}}\t{{.Size}}\n", volumes)
}

func humanSize(n int64) string { return units.HumanSize(float64(n)) }

func dfTable[T any](opts *dfOptions, title, columns string, rows []T) error {
	fmt.Fprint(opts.IO.Out, title)
	return cmdutil.RenderList(opts.IO.Out, cmdutil.ListFormat{
		Command: "df", Default: columns,
		Headers: map[string]string{
			"ImageID": "IMAGE ID", "SharedSize": "SHARED SIZE", "UniqueSize": "UNIQUE SIZE", "ContainerID": "CONTAINER ID",
			"LocalVolumes": "LOCAL VOLUMES", "VolumeName": "VOLUME NAME",
		},
	}, rows)
}
