package engine

import (
	"strconv"
	"strings"

	"reconciler/desired"
)

// Claim is what a container says of itself: to which service it belongs, and
// what that needs. An Engine fills it; nobody else reads a label. It proves
// nothing, for whoever makes an image writes what he likes: whose a container
// is, is judged with its name (reconcile/own). It is a value, as Container is.
// The zero value is that of a container that says nothing.
type Claim struct {
	Project string
	Service string // as Compose calls it
	// Lasting: it is one of the service's, and not of a single run beside them.
	// False also where it doesn't say.
	Lasting bool
	// Replaces is the ID or the name of the container that this one is made to
	// replace, which stays after that is done; empty: none.
	Replaces  string
	DependsOn []Dependency // of its service
	// Labelled: a tool made it that writes such claims; it may have left out all
	// that stands above.
	Labelled bool
	// Unread is what of this can't be read, and is left zero. The zero value:
	// nothing.
	Unread Unread
}

// Unread is the first part of a claim that can't be read: it is longer than such
// a thing can be, or no line of text.
type Unread struct {
	Part  Part
	Label string // where it stands, for a person
}

// Part is a part of a claim.
type Part string

// The parts, each named as its field.
const (
	PartProject   Part = "project"
	PartService   Part = "service"
	PartLasting   Part = "lasting"
	PartReplaces  Part = "replaces"
	PartDependsOn Part = "depends_on"
)

// Condition is what a dependency must be before its dependent is started
// (compose-spec: depends_on).
type Condition string

// The conditions. Any other word is taken for Started.
const (
	Started Condition = "service_started"
	Healthy Condition = "service_healthy"
	Ended   Condition = "service_completed_successfully"
)

// Dependency is one service that another one depends on.
type Dependency struct {
	Service   string // its name in Compose
	Condition Condition
	Restart   bool // it is to be restarted after our restart of Service
}

// Compose's labels, as far as an Engine reads them
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
	part Part
}{
	{LabelProject, 256, PartProject},
	{LabelService, 256, PartService},
	{LabelOneoff, 16, PartLasting},
	{LabelReplace, 512, PartReplaces},
	{LabelDependsOn, 16 << 10, PartDependsOn},
}

// ReadClaim returns what a container says in Compose's labels. What is longer
// than Compose could need it, or no desired.OneLine, which Compose writes none
// of, is Unread, so that it makes the container nobody's. Nothing of the labels
// is kept but what stands in the claim.
func ReadClaim(labels map[string]string) Claim {
	var c Claim
	for name := range labels {
		c.Labelled = c.Labelled || strings.HasPrefix(name, LabelPrefix)
	}
	for _, l := range readLabels {
		value, there := labels[l.name]
		if !there || len(value) <= l.most && desired.OneLine(value) && c.take(l.part, value) {
			continue
		}
		if c.Unread.Part == "" {
			c.Unread = Unread{l.part, l.name}
		}
	}
	return c
}

// take makes the value that part of the claim, and reports whether it can be read.
func (c *Claim) take(part Part, value string) (ok bool) {
	switch part {
	case PartProject:
		c.Project = strings.Clone(value)
	case PartService:
		c.Service = strings.Clone(value)
	case PartLasting:
		c.Lasting = value == "False"
	case PartReplaces:
		c.Replaces = strings.Clone(value)
	case PartDependsOn:
		c.DependsOn, ok = dependencies(value)
		return ok
	default:
		return false
	}
	return true
}

// mostDependencies is more than Compose, which writes out all three fields, could
// write into a label that is short enough to be read. Each takes more memory than
// a comma.
const mostDependencies = 1 << 10

// dependencies reads Compose's label: service:condition:restart, separated by
// commas (docker/compose: pkg/compose/create.go).
func dependencies(label string) (all []Dependency, ok bool) {
	if strings.Count(label, ",") >= mostDependencies {
		return nil, false
	}
	for _, text := range strings.Split(strings.Clone(label), ",") {
		f := strings.SplitN(text, ":", 4)
		d := Dependency{Service: f[0], Condition: Started}
		if len(f) > 1 && (Condition(f[1]) == Healthy || Condition(f[1]) == Ended) {
			d.Condition = Condition(f[1])
		}
		if len(f) > 2 {
			d.Restart, _ = strconv.ParseBool(f[2]) // anything else: no
		}
		if d.Service != "" {
			all = append(all, d)
		}
	}
	return all, true
}
