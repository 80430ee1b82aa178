package plan

// asked is whether somebody asks for the container's restart.
type asked string

const (
	askedNothing asked = "" // nobody does; or it was made, withdrawn or given up
	askedRestart asked = "restart"
	// askedUnanswered: the call was made, and the engine did not answer. Whether it
	// restarted the container is told by the next look.
	askedUnanswered asked = "unanswered"
)

func (a asked) known() bool {
	switch a {
	case askedNothing, askedRestart, askedUnanswered:
		return true
	}
	return false
}

// pending reports whether it was asked for and is not known to be made.
func (a asked) pending() bool { return a == askedRestart || a == askedUnanswered }

// again takes in that somebody asks. Before it was made, asking again changes
// nothing.
func (a asked) again() asked {
	if a == askedNothing {
		return askedRestart
	}
	return a
}

// withdrawn takes in that it is no longer to be made.
func (a asked) withdrawn() asked {
	if a.pending() {
		return askedNothing
	}
	return a
}

func (a asked) look(l *look) asked {
	switch {
	case a != askedUnanswered || l.busy:
		return a
	case l.is.StartedAt.After(l.was.began): // it was made
		return askedNothing
	}
	return askedRestart
}

// after takes in how a call ended. A call that was under way when the restart
// was asked for is not the one that was asked for.
func (a asked) after(r *Result) asked {
	switch {
	case !a.pending() || !r.Action.Verb.Traits().Renews() || r.gone():
		return a
	case r.unanswered():
		return askedUnanswered
	}
	return askedNothing // a failed restart is not repeated behind one's back
}
