package event

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Report is an event as JSON and templates show it: field names are those of
// templates, JSON keys those of podman-events(1).
type Report struct {
	ContainerExitCode    *int   `json:",omitempty"`
	ID                   string `json:",omitempty"`
	Image                string `json:",omitempty"`
	Name                 string `json:",omitempty"`
	Network              string `json:"network,omitempty"`
	Status               Status
	Time                 int64 `json:"time,omitempty"`     // seconds since the epoch
	TimeNano             int64 `json:"timeNano,omitempty"` // nanoseconds since the epoch
	Type                 Type
	HealthStatus         string `json:"health_status,omitempty"`
	Error                string `json:",omitempty"`
	ContainerInspectData string `json:",omitempty"` // never filled
	PodID                string `json:",omitempty"`
	Attributes           map[string]string
}

// Report is e for JSON and templates.
func (e Event) Report() Report {
	return Report{
		ContainerExitCode: e.ExitCode, ID: e.ID, Image: e.Image, Name: e.Name, Network: e.Network, Status: e.Status,
		Time: e.Time.Unix(), TimeNano: e.Time.UnixNano(), Type: e.Type, HealthStatus: e.Health, Error: e.Error, PodID: e.PodID, Attributes: e.Attributes,
	}
}

const shortLen = 12

// Truncated is e with IDs of twelve characters.
func (e Event) Truncated() Event {
	e.ID, e.PodID = e.ID[:min(shortLen, len(e.ID))], e.PodID[:min(shortLen, len(e.PodID))]
	return e
}

// Line is e on one line, with the time in the local zone.
func (e Event) Line() string {
	head := fmt.Sprintf("%s %s %s", e.Time.Local(), e.Type, e.Status)
	switch e.Type {
	case Container, Pod:
		return fmt.Sprintf("%s %s (%s)", head, e.ID, strings.Join(e.facts(), ", "))
	case Network:
		if e.Status == Create || e.Status == Remove {
			return fmt.Sprintf("%s %s (name=%s, type=%s)", head, e.ID, e.Network, e.Attributes[DriverAttribute])
		}
		return fmt.Sprintf("%s %s (container=%s, name=%s)", head, e.ID, e.ID, e.Network)
	case Image:
		return strings.TrimSuffix(fmt.Sprintf("%s %s %s %s", head, e.ID, e.Name, e.Error), " ")
	case Volume:
		return head + " " + e.Name
	case Secret:
		return head + " " + e.ID
	}
	return strings.TrimSuffix(head+" "+e.Name, " ")
}

// DriverAttribute is the attribute of a network's events that names its driver.
const DriverAttribute = "driver"

// facts are what stands in parentheses behind a container or pod; labels in
// order of their names.
func (e Event) facts() []string {
	facts := []string{"image=" + e.Image, "name=" + e.Name}
	if e.PodID != "" {
		facts = append(facts, "pod_id="+e.PodID)
	}
	if e.Health != "" {
		facts = append(facts, "health_status="+e.Health, fmt.Sprintf("health_failing_streak=%d", e.HealthStreak), "health_log="+e.HealthLog)
	}
	for _, key := range slices.Sorted(maps.Keys(e.Attributes)) {
		facts = append(facts, key+"="+e.Attributes[key])
	}
	return facts
}
