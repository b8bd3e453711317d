package kube

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/podctl/podctl/pkg/errdefs"
)

// ClaimedVolume is the volume that a claim asks for.
type ClaimedVolume struct {
	Name, Driver    string
	Options, Labels map[string]string
	UID, GID        *int
	// Import is an archive whose content the volume begins with, "" for none.
	Import string
}

// Volume reads a claim. Errors: class ErrInvalidArgument.
func (c *PersistentVolumeClaim) Volume() (*ClaimedVolume, error) {
	v := &ClaimedVolume{Name: c.Name, Labels: c.Labels, Driver: c.Annotations[annotationVolume+"driver"], Import: c.Annotations[annotationImport]}
	if strings.TrimSpace(c.Name) == "" {
		return nil, errdefs.As(errdefs.ErrInvalidArgument, errors.New("persistent volume claim name can not be empty"))
	}
	for option, suffix := range volumeOptions() {
		text, ok := c.Annotations[annotationVolume+suffix]
		if !ok {
			continue
		}
		if owner := map[string]**int{"UID": &v.UID, "GID": &v.GID}[option]; owner != nil {
			n, err := strconv.Atoi(text)
			if err != nil {
				return nil, errdefs.As(errdefs.ErrInvalidArgument, fmt.Errorf("cannot convert %s %s to integer: %w", suffix, text, err))
			}
			*owner = &n
			continue
		}
		if v.Options == nil {
			v.Options = map[string]string{}
		}
		v.Options[option] = text
	}
	return v, nil
}
