package own

import (
	"fmt"

	"reconciler/engine"
)

// String says what the container is, in words that stand behind "is".
func (g Guard) String() string {
	var what string
	switch g.Role {
	case RoleSelf:
		what = "the container in which reconciler runs"
	case RoleNetwork:
		what = "the owner of the network in which reconciler runs"
	case RoleEngine:
		what = "what answers at reconciler's engine address " + g.Address
	default:
		what = fmt.Sprintf("guarded as %q, which is not known here", g.Role)
	}
	switch g.Sign {
	case "":
	case SignSeveral:
		what = "perhaps " + what
	case SignPublishes:
		what = fmt.Sprintf("perhaps %s, for it publishes port %d", what, g.Port)
	case SignShares:
		what = fmt.Sprintf("perhaps %s, for it shares a namespace of %s", what, g.Owner)
	case SignWrites:
		what = fmt.Sprintf("perhaps %s, for it can write to %s", what, g.Place)
	default:
		what = fmt.Sprintf("perhaps %s, for a sign %q, which is not known here", what, g.Sign)
	}
	for _, name := range g.Through {
		what = fmt.Sprintf("the owner of a namespace that %s shares, and that is %s", name, what)
	}
	return what
}

// Not says that the verb is not done to the container of that name, why, and
// what to do instead.
func (g Guard) Not(verb engine.Verb, name string) string {
	is := fmt.Sprintf("%s is %s: ", name, g)
	switch verb {
	case engine.VerbStop:
		return is + "it is not stopped from here; stop it by hand: " + engine.HandStop.On(name)
	case engine.VerbRestart:
		return is + "it is not restarted from here; restart it by hand: " + engine.HandRestart.On(name)
	case engine.VerbStart, engine.VerbUnpause: // are harmless
	}
	return is + fmt.Sprintf("%q is not done to it from here", verb)
}
