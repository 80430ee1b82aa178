package desired

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"gopkg.in/yaml.v3"
)

// JSON is the document as JSON, keys and values in the order and the words in
// which they stand in the file.
func (d *Document) JSON() ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(d.Source, &root); err != nil {
		return nil, fmt.Errorf("state as JSON: %w", err) // it was parsed before
	}
	var flat, out bytes.Buffer
	if err := writeJSON(&flat, root.Content[0]); err != nil {
		return nil, fmt.Errorf("state as JSON: %w", err)
	}
	err := json.Indent(&out, flat.Bytes(), "", "  ")
	return out.Bytes(), err
}

// writeJSON writes whole numbers and booleans as such, and all else as the
// text that it is: a service may well be called 7.
func writeJSON(out *bytes.Buffer, n *yaml.Node) error {
	brackets := "[]"
	if n.Kind == yaml.MappingNode {
		brackets = "{}"
	}
	if n.Kind == yaml.ScalarNode {
		var value any = n.Value
		if n.Tag == "!!int" || n.Tag == "!!bool" {
			if err := n.Decode(&value); err != nil {
				return err
			}
		}
		word, err := json.Marshal(value)
		out.Write(word)
		return err
	}
	out.WriteByte(brackets[0])
	for i, c := range n.Content {
		separator := ","
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			separator = ":"
		}
		if i > 0 {
			out.WriteString(separator)
		}
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			c = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: c.Value}
		}
		if err := writeJSON(out, c); err != nil {
			return err
		}
	}
	out.WriteByte(brackets[1])
	return nil
}

// fromJSON is a JSON document as the YAML that is written for it: block form,
// keys in the order in which they were given. What it says is for Parse to
// check.
func fromJSON(src []byte) ([]byte, error) {
	if !json.Valid(src) { // it bounds the depth, too
		return nil, errors.New("the body is not JSON")
	}
	if values(src) > maxValues { // which count nearly the same here; Parse would see it once all is YAML
		return nil, fmt.Errorf("the body has more than %d values, which is the limit", maxValues)
	}
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	tree, err := nodeOf(dec)
	if err != nil {
		return nil, fmt.Errorf("JSON as YAML: %w", err)
	}
	return yaml.Marshal(tree)
}

// nodeOf is the next JSON value. JSON isn't YAML to the letter: half of its
// escapes mean nothing there.
func nodeOf(dec *json.Decoder) (*yaml.Node, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case string:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v}, nil
	case json.Delim:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		if v == '{' {
			n.Kind = yaml.MappingNode
		}
		for dec.More() { // of an object the keys, too, which are strings
			c, err := nodeOf(dec)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, c)
		}
		_, err := dec.Token() // what closes it
		return n, err
	case nil:
		return plain("null"), nil
	default: // a number or a boolean, which YAML spells alike
		return plain(fmt.Sprint(v)), nil
	}
}

// saysTheSame reports whether the JSON says what the document does, in
// whatever order.
func (d *Document) saysTheSame(body []byte) bool {
	own, err := d.JSON()
	if err != nil {
		return false
	}
	var values [2]any
	for i, src := range [][]byte{own, body} {
		dec := json.NewDecoder(bytes.NewReader(src))
		dec.UseNumber()
		if dec.Decode(&values[i]) != nil {
			return false
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}
