package desired

import (
	"encoding/json"
	"errors"
	"fmt"

	"gopkg.in/yaml.v3"
)

// JSON is the document as JSON, keys and values as they stand in the file.
func (d *Document) JSON() ([]byte, error) {
	var tree any
	if err := yaml.Unmarshal(d.Source, &tree); err != nil {
		return nil, fmt.Errorf("state as JSON: %w", err) // it was parsed before
	}
	return json.MarshalIndent(tree, "", "  ")
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
