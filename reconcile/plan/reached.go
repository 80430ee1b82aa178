package plan

// reached is whether a container has been as wanted since the intent last
// changed. Until then what is done to it is done for the file.
type reached bool

func (r reached) look(l *look) reached {
	switch {
	case bool(r), l.busy:
		return r
	case l.is.State.Alive():
		return reached(l.wantsRun() && l.is.Running())
	}
	return reached(!l.wantsRun() || l.done())
}

// after takes in how a call ended: one that succeeds makes it so.
func (r reached) after(how *Result) reached { return r || reached(how.succeeded()) }
