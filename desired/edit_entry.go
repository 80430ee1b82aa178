package desired

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// editor collects the patches that make the entries of services say what is
// wanted.
type editor struct {
	text
	services *yaml.Node
	values   map[string]*yaml.Node // of services, by their keys
	patches  []patch
}

func newEditor(src []byte) (*editor, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(src, &root); err != nil {
		return nil, err
	}
	e := &editor{text: newText(src), services: child(root.Content[0], "services"), values: map[string]*yaml.Node{}}
	for i := 0; i+1 < len(e.services.Content); i += 2 {
		e.values[e.services.Content[i].Value] = e.services.Content[i+1]
	}
	return e, nil
}

// entry makes the entry of a service, which says was, say want.
func (e *editor) entry(was, want Service) error {
	value := e.values[want.Name]
	if value.Kind == yaml.ScalarNode {
		return e.short(value, was, want)
	}
	return e.long(value, was, want)
}

// short replaces the word of the short form, by a long one where one word
// can't say it.
func (e *editor) short(word *yaml.Node, was, want Service) error {
	long := []string{"state: " + requoted(word, string(want.State))}
	if want.Job {
		long = append([]string{"job: true"}, long...)
	}
	if want.Replicas != was.Replicas {
		long = append(long, replicasText(want))
	}
	if want.Suspend != was.Suspend {
		long = append(long, want.Suspend.text())
	}
	if len(long) == 1 {
		return e.replace("state", want.Name, word, requoted(word, string(want.State)))
	}
	return e.replace("state", want.Name, word, "{"+strings.Join(long, ", ")+"}")
}

// long replaces and inserts values of the long form.
func (e *editor) long(n *yaml.Node, was, want Service) error {
	state := child(n, "state")
	var added []string
	if want.State != was.State {
		if err := e.replace("state", want.Name, state, requoted(state, string(want.State))); err != nil {
			return err
		}
	}
	if want.Replicas != was.Replicas {
		if value := child(n, "replicas"); value.Kind == 0 {
			added = append(added, replicasText(want))
		} else if err := e.replace("replicas", want.Name, value, strconv.Itoa(want.Replicas)); err != nil {
			return err
		}
	}
	value, words := child(n, "suspend"), want.Suspend.text()
	switch {
	case want.Suspend == was.Suspend:
	case want.Suspend == nil:
		if err := e.resume(n, was); err != nil {
			return err
		}
	case value.Kind == 0:
		added = append(added, words)
	default:
		if err := e.replace("suspend", want.Name, value, strings.TrimPrefix(words, "suspend: ")); err != nil {
			return err
		}
	}
	if added == nil {
		return nil
	}
	return e.insert(n, state, added)
}

func replicasText(s Service) string { return "replicas: " + strconv.Itoa(s.Replicas) }

// requoted is the word in the quotes in which n stands.
func requoted(n *yaml.Node, word string) string {
	switch n.Style {
	case yaml.SingleQuotedStyle:
		return "'" + word + "'"
	case yaml.DoubleQuotedStyle:
		return `"` + word + `"`
	}
	return word
}

// replace replaces one value, which stands on one line.
func (e *editor) replace(key, service string, value *yaml.Node, with string) error {
	from, to, err := e.span(value)
	if err != nil {
		return fmt.Errorf("the %s of %s on line %d %w", key, service, value.Line, err)
	}
	e.patches = append(e.patches, patch{from, to, with})
	return nil
}

// insert adds keys to the long form n: in block form a line each, below the
// line on which the state stands; in flow form right behind the state.
func (e *editor) insert(n, state *yaml.Node, keys []string) error {
	_, at, err := e.span(state)
	if err != nil {
		return fmt.Errorf("the state on line %d, behind which more is to be said, %w", state.Line, err)
	}
	separator := ", "
	if n.Style&yaml.FlowStyle == 0 {
		_, at, _ = e.line(state.Line)
		separator = e.lineBreak(state.Line) + strings.Repeat(" ", n.Column-1)
	}
	e.patches = append(e.patches, patch{at, at, separator + strings.Join(keys, separator)})
	return nil
}

// lineBreak is how line n ends, or the one above where n has no end.
func (e *editor) lineBreak(n int) string {
	_, end, next := e.line(n)
	if end == next {
		_, end, next = e.line(n - 1) // in block form never the first
	}
	return string(e.src[end:next])
}

// resume takes the suspension out of the long form n where it stands as an
// edit writes it, and makes it false elsewhere.
func (e *editor) resume(n *yaml.Node, was Service) error {
	key, value := pair(n, "suspend")
	from, to, err := e.span(value)
	if err != nil {
		return fmt.Errorf("the suspend of %s on line %d %w", was.Name, value.Line, err)
	}
	p := patch{from, to, "false"}
	ours := ", " + was.Suspend.text()
	if n.Style&yaml.FlowStyle == 0 {
		if start, end, alone := e.alone(key, value); alone {
			p = patch{start, end, ""}
		}
	} else if bytes.HasSuffix(e.src[:to], []byte(ours)) && !e.commented(to) {
		p = patch{to - len(ours), to, ""}
	}
	e.patches = append(e.patches, p)
	return nil
}

// commented reports whether a comment comes next on the line.
func (e *editor) commented(at int) bool {
	return bytes.HasPrefix(bytes.TrimLeft(e.src[at:], " \t"), []byte("#"))
}

// alone returns the lines of a key and its value in block form if there is
// only one and nothing else stands on it, and no comment above that could be
// about it.
func (e *editor) alone(key, value *yaml.Node) (from, to int, ok bool) {
	at, keyEnd, err := e.span(key)
	_, valueEnd, valueErr := e.span(value)
	if err != nil || valueErr != nil || key.Line != value.Line || keyEnd > valueEnd {
		return 0, 0, false
	}
	start, end, next := e.line(key.Line)
	if len(bytes.TrimLeft(e.src[start:at], " ")) > 0 || len(bytes.TrimRight(e.src[valueEnd:end], " \t")) > 0 {
		return 0, 0, false
	}
	above, aboveEnd, _ := e.line(key.Line - 1) // in block form never the first
	if e.commented(above) {
		return 0, 0, false
	}
	if end == next { // no final newline: the line above gets none
		return aboveEnd, end, true
	}
	return start, next, true
}
