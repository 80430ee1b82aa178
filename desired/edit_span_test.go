package desired

import (
	"errors"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestWhereAValueEndsIsToldForSureOrNotAtAll(t *testing.T) {
	const src = "a: {b: 'c''d', e: \"f\\\"g\"} h\n"
	scalar := func(line, column int, style yaml.Style, value string) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Line: line, Column: column, Style: style, Value: value}
	}
	flow := func(line, column int, of ...*yaml.Node) *yaml.Node {
		return &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle, Line: line, Column: column, Content: of}
	}
	b, c := scalar(1, 5, 0, "b"), scalar(1, 8, yaml.SingleQuotedStyle, "c'd")
	e, f := scalar(1, 16, 0, "e"), scalar(1, 19, yaml.DoubleQuotedStyle, `f"g`)
	for name, c := range map[string]struct {
		node *yaml.Node
		want string // empty: it can't be told
	}{
		"plain":                      {scalar(1, 1, 0, "a"), "a"},
		"single quotes":              {c, "'c''d'"},
		"double quotes":              {f, `"f\"g"`},
		"a flow":                     {flow(1, 4, b, c, e, f), `{b: 'c''d', e: "f\"g"}`},
		"another text than there is": {scalar(1, 1, 0, "b"), ""},
		"folded":                     {scalar(1, 1, yaml.FoldedStyle, "a"), ""},
		"a quote without an end":     {scalar(1, 13, yaml.SingleQuotedStyle, ", e"), ""},
		"no line":                    {scalar(0, 1, 0, "a"), ""},
		"behind all lines":           {scalar(4, 1, 0, "a"), ""},
		"behind the line":            {scalar(1, 29, 0, ""), ""},
		"behind the text":            {scalar(2, 200, 0, ""), ""},
		"a list":                     {&yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Line: 1, Column: 1}, ""},
		"a block":                    {&yaml.Node{Kind: yaml.MappingNode, Line: 1, Column: 1}, ""},
		"a flow with what can't be":  {flow(1, 4, b, scalar(1, 8, yaml.FoldedStyle, "c")), ""},
		"a flow over lines":          {flow(1, 4, b, scalar(2, 1, 0, "c")), ""},
		"a flow that goes on":        {flow(1, 4, b, c), ""},
	} {
		from, to, err := newText([]byte(src)).span(c.node)
		switch {
		case c.want == "" && (!errors.Is(err, errSpan) || from != 0 || to != 0):
			t.Errorf("%s: %d to %d, %v", name, from, to, err)
		case c.want != "" && (err != nil || src[from:to] != c.want):
			t.Errorf("%s: %q, %v; want %q", name, src[from:to], err, c.want)
		}
	}
}

// It was parsed before, so this takes somebody who changes a document's bytes.
func TestABrokenDocumentIsNotEdited(t *testing.T) {
	doc := mustParse(t, small)
	doc.Source = []byte("services: {")
	if got, err := Edit(doc, []Change{flipped("web", Stopped)}); err == nil || got != nil || !strings.HasPrefix(err.Error(), "edit shop: yaml: ") {
		t.Errorf("%q, %v", got, err)
	}
}
