package desired

import (
	"fmt"
	"reflect"
	"strings"
)

// longSummary is how many changes a summary names; the others are counted.
const longSummary = 8

// summarize says in words what differs between two documents; before may be
// nil.
func summarize(before, after *Document) string {
	if before == nil {
		return fmt.Sprintf("%d services listed", len(after.Services))
	}
	var all []string
	count := 0
	say := func(format string, args ...any) {
		if count++; count <= longSummary {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	for _, s := range after.Services {
		was, listed := before.Service(s.Name)
		if !listed {
			say("%s: listed, %s", s.Name, s.State)
			continue
		}
		for _, change := range was.changes(s) {
			say("%s: %s", s.Name, change)
		}
	}
	for _, s := range before.Services {
		if _, listed := after.Service(s.Name); !listed {
			say("%s: no longer listed", s.Name)
		}
	}
	if !reflect.DeepEqual(before.Groups, after.Groups) {
		say("groups changed")
	}
	if before.Project != after.Project {
		say("project: %s -> %s", before.Project, after.Project)
	}
	if before.ContainerName != after.ContainerName {
		say("container_name changed")
	}
	switch {
	case count == 0:
		return "only how it is written"
	case count > longSummary:
		all = append(all, fmt.Sprintf("%d more changes", count-longSummary))
	}
	return strings.Join(all, "; ")
}

// changes says what the service is now that it wasn't.
func (s Service) changes(now Service) []string {
	var all []string
	if s.State != now.State {
		all = append(all, fmt.Sprintf("%s -> %s", s.State, now.State))
	}
	switch {
	case reflect.DeepEqual(s.Suspend, now.Suspend):
	case now.Suspend == nil:
		all = append(all, "resumed")
	case now.Suspend.Until.IsZero():
		all = append(all, "suspended")
	default:
		all = append(all, "suspended until "+now.Suspend.Until.UTC().Format("2006-01-02T15:04:05Z"))
	}
	if s.Replicas != now.Replicas {
		all = append(all, fmt.Sprintf("replicas %d -> %d", s.Replicas, now.Replicas))
	}
	s.State, s.Suspend, s.Replicas = now.State, now.Suspend, now.Replicas
	if !reflect.DeepEqual(s, now) {
		all = append(all, "settings changed")
	}
	return all
}
