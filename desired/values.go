package desired

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

var (
	nameForm      = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,62}$`)
	containerForm = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`) // moby: daemon/names
)

// longest is the longest duration that makes sense anywhere in the file.
const longest = 365 * 24 * time.Hour

// maxReplicas is the highest number of replicas.
const maxReplicas = 1000

// scalar returns the text of a plain value; ok is false, and the reason told,
// for anything else.
func (p *parser) scalar(n *yaml.Node, what string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		p.fail(n, "%s must be a single value", what)
		return "", false
	}
	if n.Tag == "!!null" {
		p.fail(n, "%s has no value", what)
		return "", false
	}
	return n.Value, true
}

// line is text that a person wrote for others to read.
func (p *parser) line(n *yaml.Node, what string) string {
	text, ok := p.scalar(n, what)
	if ok && !OneLine(text) {
		p.fail(n, "%s %q: it must be %s", what, text, lineForm)
	}
	return text
}

func (p *parser) name(n *yaml.Node, what string) string {
	text, ok := p.scalar(n, what)
	if ok && !nameForm.MatchString(text) {
		p.fail(n, "%s %q: a name is 1 to 63 of a-z 0-9 _ . - and begins with a letter or digit", what, text)
	}
	return text
}

func (p *parser) duration(n *yaml.Node, what string) (time.Duration, bool) {
	text, ok := p.scalar(n, what)
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		p.fail(n, "%s %q is no duration; write it like 500ms, 30s, 10m or 1h", what, text)
	case d < 0 || d > longest:
		p.fail(n, "%s %s: it must be between 0s and %s", what, text, longest)
	default:
		return d, true
	}
	return 0, false
}

func (p *parser) boolean(n *yaml.Node, what string) bool {
	text, ok := p.scalar(n, what)
	if !ok {
		return false
	}
	if n.Tag != "!!bool" {
		p.fail(n, "%s must be true or false, not %q", what, text)
	}
	return strings.EqualFold(text, "true") // True and TRUE are YAML's, too
}

func (p *parser) count(n *yaml.Node, what string, low, high int) int {
	text, ok := p.scalar(n, what)
	if !ok {
		return 0
	}
	c, err := strconv.Atoi(text)
	if err != nil || n.Tag != "!!int" || c < low || c > high {
		p.fail(n, "%s must be a whole number from %d to %d, not %q", what, low, high, text)
		return 0
	}
	return c
}

// choice is one word of a closed set.
func choice[T ~string](p *parser, n *yaml.Node, what string, known []T) (T, bool) {
	text, ok := p.scalar(n, what)
	if !ok || slices.Contains(known, T(text)) {
		return T(text), ok
	}
	words := make([]string, len(known))
	list := ""
	for i, k := range known {
		words[i] = string(k)
		switch {
		case i > 0 && i == len(known)-1:
			list += " or "
		case i > 0:
			list += ", "
		}
		list += words[i]
	}
	p.fail(n, "%s %q: it must be %s%s", what, text, list, p.suggest(text, words))
	return "", false
}

func (p *parser) moment(n *yaml.Node, what string) time.Time {
	text, ok := p.scalar(n, what)
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		p.fail(n, "%s %q is no time; write it like 2026-12-01T18:00:00Z", what, text)
	}
	return t
}

// durationField reads the field of that key, if it is there.
func (p *parser) durationField(f map[string]field, key string, to *time.Duration) {
	if v, ok := f[key]; ok {
		if d, ok := p.duration(v.value, key); ok {
			*to = d
		}
	}
}

// bounds refuses a back-off that can't grow.
func (p *parser) bounds(n *yaml.Node, what string, initial, most time.Duration) {
	if initial <= 0 || most < initial {
		p.fail(n, "%s: initial (%s) must be longer than 0s and max (%s) not shorter than initial", what, initial, most)
	}
}
