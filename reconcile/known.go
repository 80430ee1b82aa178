package reconcile

import "time"

// Known is everything that is known at one time, for the program itself. It is a
// value; nobody changes one that was published.
type Known struct {
	Project    string
	Generation int64
	Services   []Tracked // in file order
	Orphans    []Orphan
	Warnings   []string
}

// Tracked is a Service, and what is known of it and told to nobody.
type Tracked struct {
	Service
	// DecidedAt is when all this was decided.
	DecidedAt time.Time
	// LastExit is the newest exit code that was seen of its containers, also of
	// what runs again; nil: none.
	LastExit *int
	// Unseen: it was never looked at, so that DependsOn isn't known.
	Unseen bool
	// Acts tells of the acts that were asked for; see Reconciler.Restart.
	Acts Acts
}

// Acts counts the acts (restart) that were asked for.
type Acts struct {
	Ended  int64  // how many were made, failed, or were given up
	Failed int64  // the newest that was not made, or not wholly; 0: none
	Why    string // it wasn't
}

// fail says why the act that is to end next isn't made.
func (a *Acts) fail(why string) { a.Failed, a.Why = a.Ended+1, why }

// Service returns the service of that name, and whether the file lists it.
func (k *Known) Service(name string) (Tracked, bool) {
	for _, s := range k.Services {
		if s.Name == name {
			return s, true
		}
	}
	return Tracked{}, false
}

// Overview is what of it is told.
func (k *Known) Overview() Overview {
	o := Overview{Project: k.Project, Generation: k.Generation, Services: make([]Service, len(k.Services)), Orphans: k.Orphans, Warnings: k.Warnings}
	for i, s := range k.Services {
		o.Services[i] = s.Service
	}
	return o
}
