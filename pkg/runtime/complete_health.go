package runtime

import (
	"cmp"
	"fmt"
	"time"

	"github.com/podctl/podctl/pkg/container"
	"github.com/podctl/podctl/pkg/errdefs"
	"github.com/podctl/podctl/pkg/image"
)

// completeHealth takes the image's health check where the user named none, and
// refuses what makes sense only with one.
func completeHealth(c *container.Config, img *image.Image) error {
	if img != nil && img.Healthcheck != nil && (c.Health == nil || len(c.Health.Test) == 0 && !c.Health.Disabled) {
		c.Health = withImageHealth(c.Health, img)
	}
	checked := c.Health != nil && !c.Health.Disabled && len(c.Health.Test) > 0 && c.Health.Test[0] != "NONE"
	if checked {
		return nil
	}
	switch h := c.Health; {
	case h != nil && h.OnFailure != "" && h.OnFailure != "none":
		return fmt.Errorf("cannot set on-failure action to %s without a health check", h.OnFailure)
	case h != nil && len(h.StartupTest) > 0:
		return fmt.Errorf("cannot set a startup healthcheck when there is no regular healthcheck: %w", errdefs.ErrInvalidArg)
	case c.SDNotify == "healthy":
		return fmt.Errorf("%w: sdnotify policy %q requires a healthcheck to be set", errdefs.ErrInvalidArg, c.SDNotify)
	case h != nil && len(h.Test) == 0 && !h.Disabled:
		c.Health = nil // settings of a check that nobody defined
	}
	return nil
}

// withImageHealth is what the user said about the image's check, and the check.
func withImageHealth(user *container.Health, img *image.Image) *container.Health {
	h := container.Health{OnFailure: "none", LogDest: "local", MaxLogCount: defaultHealthLogCount, MaxLogSize: defaultHealthLogSize}
	if user != nil {
		h = *user
	}
	own := img.Healthcheck
	h.Test = own.Test
	h.Interval = cmp.Or(h.Interval, own.Interval, defaultHealthTime)
	h.Timeout = cmp.Or(h.Timeout, own.Timeout, defaultHealthTime)
	h.StartPeriod = cmp.Or(h.StartPeriod, own.StartPeriod)
	h.Retries = cmp.Or(h.Retries, uint(max(own.Retries, 0)), defaultHealthRetries)
	return &h
}

// Of a health check, unless the user or the image says otherwise.
const (
	defaultHealthTime     = 30 * time.Second
	defaultHealthRetries  = 3
	defaultHealthLogCount = 5
	defaultHealthLogSize  = 500
)
