package desired

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// The limits of what somebody is asked to write by hand.
const (
	maxByHand     = 10      // entries
	maxByHandText = 8 << 10 // bytes of them
)

// shape is ErrShape with the entries of the services as they should be, for
// whoever writes them by hand: the first of them, and how many more there are.
// It changes the editor's nodes.
func (e *editor) shape(why error, doc *Document, services []Service) error {
	var b strings.Builder
	for i, want := range services {
		if i == maxByHand {
			fmt.Fprintf(&b, "\n  # and %d more", len(services)-i)
			break
		}
		was, _ := doc.Service(want.Name)
		entry, err := byHand(e.services, was, want)
		if err != nil {
			return fmt.Errorf("%w: %w; edit it by hand", ErrShape, why) // no node of a parsed file can't be written
		}
		if b.Len()+len(entry) > maxByHandText {
			_, value := pair(e.services, want.Name)
			fmt.Fprintf(&b, "\n  # %s, on line %d, which is too long to be shown; and %d more", want.Name, value.Line, len(services)-i-1)
			break
		}
		b.WriteString("\n" + entry)
	}
	return fmt.Errorf("%w: %w; write by hand, under services:%s", ErrShape, why, b.String())
}

// byHand is the whole entry of a service, at the indentation at which it
// belongs, without a final newline. Between the braces of services in flow
// form it is one line.
func byHand(services *yaml.Node, was, want Service) (string, error) {
	key, value := pair(services, want.Name)
	indent := 2
	if value.Kind == yaml.MappingNode && value.Style&yaml.FlowStyle == 0 {
		indent = value.Column - services.Column
	}
	said, err := saying(value, was, want)
	if err != nil {
		return "", err
	}
	flow := services.Style & yaml.FlowStyle
	entry := &yaml.Node{Kind: yaml.MappingNode, Style: flow, Content: []*yaml.Node{key, said}}
	tidy(entry, flow != 0)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(max(2, indent)) // the library can't do with less
	if err := enc.Encode(entry); err != nil {
		return "", err
	}
	lines := strings.TrimSuffix(b.String(), "\n")
	if flow != 0 {
		return "  " + lines[len("{"):len(lines)-len("}")], nil
	}
	margin := strings.Repeat(" ", services.Column-1)
	return margin + strings.ReplaceAll(lines, "\n", "\n"+margin), nil
}

// saying is the value of a service's entry, which says was, made to say want.
func saying(value *yaml.Node, was, want Service) (*yaml.Node, error) {
	word := value
	if word.Kind == yaml.ScalarNode {
		value = &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
		if want.Job {
			set(value, "job", plain("true"))
		}
		set(value, "state", word)
	}
	set(value, "state", plain(string(want.State)))
	if want.Replicas != was.Replicas {
		set(value, "replicas", plain(strconv.Itoa(want.Replicas)))
	}
	switch {
	case want.Suspend == was.Suspend:
	case want.Suspend == nil:
		drop(value, "suspend")
	default:
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(want.Suspend.text()), &doc); err != nil {
			return nil, err
		}
		set(value, "suspend", child(doc.Content[0], "suspend"))
	}
	if word.Kind == yaml.ScalarNode && len(value.Content) == 2 { // one word says it
		return word, nil
	}
	return value, nil
}

func plain(word string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: word} }

// set gives a key of a mapping another value, or adds it. The comment of the
// line stays.
func set(n *yaml.Node, key string, value *yaml.Node) {
	if _, old := pair(n, key); old.Kind != 0 {
		value.LineComment = old.LineComment
		*old = *value
		return
	}
	n.Content = append(n.Content, plain(key), value)
}

func drop(n *yaml.Node, key string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}

// tidy leaves comments only in block form: without them where all must stand
// on one line, and elsewhere by taking their mappings out of the flow form.
// It reports whether there were any.
func tidy(n *yaml.Node, oneLine bool) bool {
	found := n.HeadComment != "" || n.LineComment != "" || n.FootComment != ""
	if oneLine {
		n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	}
	inside := false
	for _, c := range n.Content {
		inside = tidy(c, oneLine) || inside
	}
	if inside && !oneLine {
		n.Style &^= yaml.FlowStyle
	}
	return found || inside
}
