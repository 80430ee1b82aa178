package desired

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

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

// FromJSON is a JSON document as the YAML that is written for it: block form,
// keys in the order in which they were given. What it says is for Parse to
// check.
func FromJSON(src []byte) ([]byte, error) {
	if !json.Valid(src) {
		return nil, errors.New("the body is not JSON")
	}
	var tree yaml.Node // JSON is YAML in flow form
	if err := yaml.Unmarshal(src, &tree); err != nil {
		return nil, fmt.Errorf("JSON as YAML: %w", err)
	}
	blockForm(&tree)
	return yaml.Marshal(&tree)
}

func blockForm(n *yaml.Node) {
	n.Style = 0
	for _, c := range n.Content {
		blockForm(c)
	}
}
