package desired

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Change asks for one service to be otherwise. Fields that are zero leave what
// they are about as it is.
type Change struct {
	Service  string
	State    State    // a job that is asked to run is wanted completed
	Replicas int      // 1 to 1000: as many; not for a job, nor where container names one
	Suspend  *Suspend // suspend it so; Until counts to the second
	Resume   bool     // end its suspension; no-op where there is none
}

// Edit returns the document's bytes with the services as asked for: only the
// bytes that must differ do (docs/state.md). It returns the bytes as they are
// where nothing is to change. Changes are made in their order, and several of
// one service are one edit. Errors: ErrUnknownService, ErrUnsuitable, ErrShape.
func Edit(doc *Document, changes []Change) ([]byte, error) {
	want, err := wanted(doc, changes)
	if err != nil {
		return nil, err
	}
	if reflect.DeepEqual(want, doc.Services) {
		return slices.Clone(doc.Source), nil
	}
	e, err := newEditor(doc.Source)
	if err != nil {
		return nil, fmt.Errorf("edit %s: %w", doc.Project, err) // it was parsed before
	}
	var whys []error // of the first
	var refused []Service
	for i, s := range want {
		if reflect.DeepEqual(s, doc.Services[i]) {
			continue
		}
		if err := e.entry(doc.Services[i], s); err != nil {
			if refused = append(refused, s); len(refused) <= maxByHand {
				whys = append(whys, err)
			}
		}
	}
	if len(refused) > 0 {
		return nil, e.shape(errors.Join(whys...), doc, refused)
	}
	edited := apply(doc.Source, e.patches)
	if err := confirm(edited, doc, want); err != nil {
		return nil, e.shape(err, doc, differing(doc.Services, want))
	}
	return edited, nil
}

// wanted is what the services should be. What ends as it was is the same value.
func wanted(doc *Document, changes []Change) ([]Service, error) {
	want := slices.Clone(doc.Services)
	for _, c := range changes {
		i, listed := doc.index[c.Service]
		if !listed {
			return nil, fmt.Errorf("%w %q%s", ErrUnknownService, Quoted(c.Service), Suggest(c.Service, serviceNames(doc)))
		}
		if err := c.applyTo(&want[i]); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnsuitable, err)
		}
	}
	for i, s := range doc.Services {
		if want[i].Suspend.equal(s.Suspend) {
			want[i].Suspend = s.Suspend
		}
	}
	return want, nil
}

func serviceNames(doc *Document) []string {
	names := make([]string, len(doc.Services))
	for i, s := range doc.Services {
		names[i] = s.Name
	}
	return names
}

// applyTo makes s what is asked for, or says why it can't be that.
func (c Change) applyTo(s *Service) error {
	if c.State != "" {
		state, err := suited(*s, c.State)
		if err != nil {
			return err
		}
		s.State = state
	}
	switch {
	case c.Replicas == 0:
	case c.Replicas < 1 || c.Replicas > maxReplicas:
		return fmt.Errorf("%d replicas of %s: it must be 1 to %d", c.Replicas, s.Name, maxReplicas)
	case s.Job:
		return fmt.Errorf("%s is a job: a job has one container, so replicas can't be asked for", s.Name)
	case s.Container != "":
		return fmt.Errorf("%s is the one container %s, so replicas can't be asked for", s.Name, s.Container)
	default:
		s.Replicas = c.Replicas
	}
	switch {
	case c.Suspend != nil && c.Resume:
		return fmt.Errorf("%s can't be suspended and resumed at once", s.Name)
	case c.Suspend != nil:
		hold, err := c.Suspend.writable()
		if err != nil {
			return fmt.Errorf("%s can't be suspended so: %w", s.Name, err)
		}
		s.Suspend = hold
	case c.Resume:
		s.Suspend = nil
	}
	return nil
}

// suited is the state as the service can have it.
func suited(s Service, state State) (State, error) {
	switch {
	case !slices.Contains(States(), state):
		words := wordsOf(States())
		return "", fmt.Errorf("%q is none of %s%s", Quoted(state), strings.Join(words, ", "), Suggest(string(state), words))
	case state == Absent:
		return "", fmt.Errorf("%s can't be made absent: nothing here could bring its container back; ask for stopped", s.Name)
	case s.Job && state == Running:
		return Completed, nil
	case !s.Job && state == Completed:
		return "", fmt.Errorf("%s is no job: it can be running or stopped", s.Name)
	}
	return state, nil
}

// confirm parses what was edited, and accepts it only if it says what was
// wanted and nothing else.
func confirm(edited []byte, before *Document, want []Service) error {
	after, err := Parse("state.yaml", edited)
	if err != nil {
		return fmt.Errorf("the edited file would be invalid: %w", err)
	}
	if !reflect.DeepEqual(after.Services, want) || !reflect.DeepEqual(after.Groups, before.Groups) ||
		after.Project != before.Project || after.ContainerName != before.ContainerName {
		return errors.New("replacing the value would change more than it")
	}
	return nil
}

func differing(before, want []Service) []Service {
	var differ []Service
	for i, s := range want {
		if !reflect.DeepEqual(s, before[i]) {
			differ = append(differ, s)
		}
	}
	return differ
}

// child returns the value of that key of a mapping; a node of no Kind: there
// is none.
func child(n *yaml.Node, key string) *yaml.Node {
	_, value := pair(n, key)
	return value
}

// pair returns the node of that key of a mapping, and of its value.
func pair(n *yaml.Node, key string) (*yaml.Node, *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i], n.Content[i+1]
		}
	}
	return &yaml.Node{}, &yaml.Node{}
}
