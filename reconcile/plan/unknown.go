package plan

import (
	"fmt"

	"reconciler/engine"
)

// strange is a container in a state of which it isn't known what it is, so that
// no call to it is known to be safe.
func (d *decision) strange(c engine.Container) verdict {
	message := d.around.Hands.Start.After(fmt.Sprintf("%s is %q, a state that is not known here: nothing is done to it; bring it into another by hand",
		c.Name, c.State), c.Name)
	if stop := d.around.Hands.Stop.On(c.Name); stop != "" {
		message += ", or " + stop
	}
	return verdict{Status: StatusUnknown, idle: StatusUnknown, Stalled: Note{ReasonStuck, message}}
}

// unasked is a service of which the file asks something that nothing here
// knows how to do.
func (d *decision) unasked() verdict {
	return verdict{Status: StatusUnknown, idle: StatusUnknown, Stalled: Note{ReasonStuck, fmt.Sprintf(
		"%s is wanted %q, which is not known here: nothing is done to it; write running, stopped or completed",
		d.service.Name, d.service.State)}}
}

// unknown is the first word of the record that isn't known here; empty: all are.
// None is talked over by what is seen later.
func (rec record) unknown() string {
	switch {
	case !rec.asked.known():
		return string(rec.asked)
	case !rec.call.state.known():
		return string(rec.call.state)
	case !rec.crashes.life.known():
		return string(rec.crashes.life)
	case !rec.crashes.death.known():
		return string(rec.crashes.death)
	}
	return ""
}

// muddled is a container of which something is remembered that means nothing
// here, so that no call to it is known to be safe.
func muddled(c engine.Container, word string) verdict {
	return verdict{Status: StatusUnknown, idle: StatusUnknown, Stalled: Note{ReasonStuck, fmt.Sprintf(
		"what is remembered of %s says %q, which is not known here: nothing is done to it; restart reconciler, which forgets it",
		c.Name, word)}}
}
