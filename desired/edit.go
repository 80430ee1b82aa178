package desired

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Change asks for one service to be in a state.
type Change struct {
	Service string
	State   State
}

// Edit returns the document's bytes with the services in the states asked for:
// only the bytes of these values differ. It returns the bytes as they are
// where nothing is to change. A job that is asked to run is wanted completed.
// Errors: ErrUnknownService, ErrUnsuitable, ErrShape.
func Edit(doc *Document, changes []Change) ([]byte, error) {
	want := slices.Clone(doc.Services)
	for _, c := range changes {
		i, listed := doc.index[c.Service]
		if !listed {
			return nil, fmt.Errorf("%w %q%s", ErrUnknownService, c.Service, Suggest(c.Service, serviceNames(doc)))
		}
		state, err := suited(doc.Services[i], c.State)
		if err != nil {
			return nil, err
		}
		want[i].State = state
	}
	var root yaml.Node
	if err := yaml.Unmarshal(doc.Source, &root); err != nil {
		return nil, fmt.Errorf("edit %s: %w", doc.Project, err) // it was parsed before
	}
	var patches []patch
	for i, s := range want {
		if s.State == doc.Services[i].State {
			continue
		}
		patch, err := replaceState(doc.Source, &root, s)
		if err != nil {
			return nil, err
		}
		patches = append(patches, patch)
	}
	edited := apply(doc.Source, patches)
	if err := confirm(edited, doc, want); err != nil {
		return nil, err
	}
	return edited, nil
}

func serviceNames(doc *Document) []string {
	names := make([]string, len(doc.Services))
	for i, s := range doc.Services {
		names[i] = s.Name
	}
	return names
}

// suited is the state as the service can have it.
func suited(s Service, state State) (State, error) {
	switch {
	case !slices.Contains(States(), state):
		return "", fmt.Errorf("%w: %q is none of running, stopped, absent, completed%s", ErrUnsuitable, state,
			Suggest(string(state), []string{"running", "stopped", "absent", "completed"}))
	case state == Absent:
		return "", fmt.Errorf("%w: %s can't be made absent: nothing here could bring its container back; ask for stopped", ErrUnsuitable, s.Name)
	case s.Job && state == Running:
		return Completed, nil
	case !s.Job && state == Completed:
		return "", fmt.Errorf("%w: %s is no job: it can be running or stopped", ErrUnsuitable, s.Name)
	}
	return state, nil
}

// patch replaces the bytes from..to.
type patch struct {
	from, to int
	text     string
}

func apply(src []byte, patches []patch) []byte {
	slices.SortFunc(patches, func(a, b patch) int { return b.from - a.from })
	out := slices.Clone(src)
	for _, p := range patches {
		out = slices.Concat(out[:p.from], []byte(p.text), out[p.to:])
	}
	return out
}

// replaceState finds the one scalar that says the service's state.
func replaceState(src []byte, root *yaml.Node, s Service) (patch, error) {
	value := child(child(root.Content[0], "services"), s.Name)
	shape := func(why, line string) (patch, error) {
		return patch{}, fmt.Errorf("%w: %s; under services, write by hand:\n  %s", ErrShape, why, line)
	}
	if value.Kind == yaml.MappingNode {
		value = child(value, "state")
	} else if s.Job { // the short form of a job says that it is one, too
		return shape(fmt.Sprintf("%s is a job in the short form", s.Name), fmt.Sprintf("%s: {job: true, state: %s}", s.Name, s.State))
	}
	from, ok := offset(src, value.Line, value.Column)
	quote := ""
	switch value.Style {
	case yaml.SingleQuotedStyle:
		quote = "'"
	case yaml.DoubleQuotedStyle:
		quote = `"`
	}
	old := quote + value.Value + quote
	if !ok || !bytes.HasPrefix(src[from:], []byte(old)) {
		return shape(fmt.Sprintf("the state of %s on line %d is written in a way that can't be replaced", s.Name, value.Line),
			fmt.Sprintf("%s: %s", s.Name, s.State))
	}
	return patch{from, from + len(old), quote + string(s.State) + quote}, nil
}

// child returns the value of that key of a mapping.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return &yaml.Node{}
}

// offset is where a line and column, both from 1 and in characters, are.
func offset(src []byte, line, column int) (int, bool) {
	at := 0
	for range line - 1 {
		end := bytes.IndexByte(src[at:], '\n')
		if end < 0 {
			return 0, false
		}
		at += end + 1
	}
	for range column - 1 {
		_, size := utf8.DecodeRune(src[at:])
		at += size
	}
	return at, at < len(src)
}

// confirm parses what was edited, and accepts it only if it says what was
// wanted and nothing else.
func confirm(edited []byte, before *Document, want []Service) error {
	after, err := Parse("state.yaml", edited)
	if err != nil {
		return fmt.Errorf("%w: the edited file would be invalid: %w", ErrShape, err)
	}
	if !reflect.DeepEqual(after.Services, want) || !reflect.DeepEqual(after.Groups, before.Groups) ||
		after.Project != before.Project || after.ContainerName != before.ContainerName {
		return fmt.Errorf("%w: replacing the value would change more than it; edit by hand: %s", ErrShape, differing(before.Services, want))
	}
	return nil
}

func differing(before, want []Service) string {
	var lines []string
	for i, s := range want {
		if s.State != before[i].State {
			lines = append(lines, fmt.Sprintf("%s: %s", s.Name, s.State))
		}
	}
	return strings.Join(lines, ", ")
}
