package app

import (
	"testing"

	"reconciler/desired"
)

func TestNamesMoveOnlyWhenTheFileNamesOtherContainers(t *testing.T) {
	parse := func(text string) *desired.Document {
		doc, err := desired.Parse("state.yaml", []byte("version: 1\nproject: p\nservices:\n"+text))
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	var n names
	for _, step := range []struct {
		text  string
		moved bool
	}{
		{"  web: {state: running, container: my-web}\n", true},
		{"  web: {state: stopped, container: my-web}\n", false},
		{"  web: {state: stopped, container: your-web}\n", true},
		{"  web: stopped\n", true},
		{"  web: running\n", false},
	} {
		if got := n.moved(parse(step.text)); got != step.moved {
			t.Errorf("%s: moved is %v", step.text, got)
		}
	}
}
