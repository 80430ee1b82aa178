package engine

import (
	"strings"

	"reconciler/desired"
)

// Compose's labels, as far as anything here reads them
// (docker/compose: pkg/api/labels.go).
const (
	LabelPrefix    = "com.docker.compose."
	LabelProject   = LabelPrefix + "project"
	LabelService   = LabelPrefix + "service"
	LabelOneoff    = LabelPrefix + "oneoff" // "False" but for `docker compose run`
	LabelReplace   = LabelPrefix + "replace"
	LabelDependsOn = LabelPrefix + "depends_on"
)

// readLabels are those that are read, and how long a value may be: whoever makes
// an image writes what he likes. depends_on is some 50 bytes for each dependency.
var readLabels = []struct {
	name string
	most int
}{
	{LabelProject, 256},
	{LabelService, 256},
	{LabelOneoff, 16},
	{LabelReplace, 512},
	{LabelDependsOn, 16 << 10},
}

// ReadLabels returns what a container's labels are to this program: those that
// are read, and LabelPrefix, empty, where it has others of Compose's. unread is
// the first whose value is longer than is read, or no desired.OneLine, which
// Compose writes none of: it is there, and empty, so that it makes the container
// nobody's. An engine keeps nothing else of the labels.
func ReadLabels(all map[string]string) (kept map[string]string, unread string) {
	keep := func(name, value string) {
		if kept == nil {
			kept = make(map[string]string)
		}
		kept[name] = value
	}
	for _, l := range readLabels {
		value, there := all[l.name]
		if !there {
			continue
		}
		if len(value) > l.most || !desired.OneLine(value) {
			value = ""
			if unread == "" {
				unread = l.name
			}
		}
		keep(l.name, strings.Clone(value))
	}
	for name := range all {
		if _, known := kept[name]; !known && strings.HasPrefix(name, LabelPrefix) {
			keep(LabelPrefix, "")
			break
		}
	}
	return kept, unread
}
