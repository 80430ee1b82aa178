package plan

import (
	"fmt"

	"reconciler/engine"
)

// strange is a container in a state of which it isn't known what it is, so that
// no call to it is known to be safe.
func strange(c engine.Container) verdict {
	return verdict{Status: StatusUnknown, idle: StatusUnknown, Stalled: Note{ReasonStuck, fmt.Sprintf(
		"%s is %q, a state that is not known here: nothing is done to it; bring it into another by hand: %s, or %s",
		c.Name, c.State, engine.HandStart.On(c.Name), engine.HandStop.On(c.Name))}}
}

// unasked is a service of which the file asks something that nothing here
// knows how to do.
func (d *decision) unasked() verdict {
	return verdict{Status: StatusUnknown, idle: StatusUnknown, Stalled: Note{ReasonStuck, fmt.Sprintf(
		"%s is wanted %q, which is not known here: nothing is done to it; write running, stopped or completed",
		d.service.Name, d.service.State)}}
}
