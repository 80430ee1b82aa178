package containers

import (
	"testing"

	"reconciler/engine"
)

func TestALookThatShowsLostNetworksIsAnother(t *testing.T) {
	c := engine.Container{Summary: engine.Summary{ID: "1", Name: "p-web-1", State: engine.StateExited}}
	lost := c
	lost.Unplugged = true
	if !sameContainer(c, c) || sameContainer(c, lost) {
		t.Error("nobody would look again")
	}
}
