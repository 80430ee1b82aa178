package desired

import "time"

// Intent is what the file asks for of a service at one time. Service.At works
// it out, and nobody else does.
type Intent struct {
	State State
	Held  bool // a suspension holds the service: nothing is done to it
	// Until is when the intent changes although the file doesn't; zero: never.
	Until time.Time
	// By is who suspended the service, and Reason why; empty unless it is Held.
	By, Reason string
}

// At returns what is asked for of the service at now.
func (s Service) At(now time.Time) Intent {
	hold := s.Suspend
	if hold == nil || !hold.Until.IsZero() && !now.Before(hold.Until) {
		return Intent{State: s.State}
	}
	return Intent{State: s.State, Held: true, Until: hold.Until, By: hold.By, Reason: hold.Reason}
}
