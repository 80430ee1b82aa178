package own

import (
	"fmt"
	"strings"

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
func (g Guard) Not(verb engine.Verb, name string, by engine.Hands) string {
	is := fmt.Sprintf("%s is %s: ", name, g)
	switch verb {
	case engine.VerbStop:
		return is + by.Stop.After("it is not stopped from here; stop it by hand", name)
	case engine.VerbRestart:
		return is + by.Restart.After("it is not restarted from here; restart it by hand", name)
	case engine.VerbStart, engine.VerbUnpause: // are harmless
	}
	return is + fmt.Sprintf("%q is not done to it from here", verb)
}

// Message says what the trouble is, and how a person settles it; "" of none.
func (t Trouble) Message() string {
	choice := "NAME"
	if len(t.Containers) > 0 {
		choice = t.Containers[0].Name
	}
	what := fmt.Sprintf("it can't be told which containers are its own, for %q, which is not known here", t.Kind)
	switch t.Kind {
	case "":
		return ""
	case SameNumber:
		what = fmt.Sprintf("%s could each be replica %d", names(t.Containers), t.Number)
	case TwoServices:
		what, choice = choice+" is claimed by another service too", "NAME"
	case OddName:
		what = names(t.Containers) + " carries the service's labels but not a name of it"
	case NameTaken:
		f := t.Containers[0]
		return fmt.Sprintf("%s (%s) has the name that container_name gives to %s, but belongs to Compose project %q, service %q; rename it, or change container_name",
			f.Name, engine.ShortID(f.ID), t.Service, f.Claim.Project, f.Claim.Service)
	}
	return fmt.Sprintf("%s; nothing is done. To settle it, write under services.%s: container: %s", what, t.Service, choice)
}

func names(cs []engine.Container) string {
	all := make([]string, len(cs))
	for i, c := range cs {
		all[i] = c.Name
	}
	return strings.Join(all, ", ")
}

// Message says what isn't known, and what follows; "" of no doubt.
func (d Doubt) Message() string {
	switch d.Kind {
	case "":
		return ""
	case LabelUnread:
		return fmt.Sprintf("%s has a label %s that can't be read, for it is too long or no line of text, so nothing is done: "+
			"take it out of the image, or the Compose file, and make the container again", d.Container, d.Label)
	case Unseen:
		return fmt.Sprintf("%s can't be looked at, so nothing is done: %s", d.Container, d.Cause)
	case Outdated:
		return fmt.Sprintf("%s can't be looked at, so what is shown of it is old: %s", d.Container, d.Cause)
	case Misnamed:
		return d.Container + " carries the service's labels but not a name of it: left alone"
	}
	return fmt.Sprintf("%s is doubted for %q, which is not known here", d.Container, d.Kind)
}

// Message says why nobody owns it.
func (o Orphan) Message() string {
	switch o.Kind {
	case Unlisted:
		return fmt.Sprintf("service %q is not listed in the file", o.Service)
	case Unlike:
		return fmt.Sprintf("labelled as service %q, but not taken for one of its containers", o.Service)
	case Unreadable:
		return fmt.Sprintf("its label %s can't be read, for it is too long or no line of text, so it can't be told whose it is", o.Container.Claim.Unread.Label)
	}
	return fmt.Sprintf("nobody owns it, for %q, which is not known here", o.Kind)
}

// Message says that the container of that name is not started while it is so,
// and how a person settles it.
func (o Obstacle) Message(name string, by engine.Hands) string {
	has := fmt.Sprintf("has %q, which is not known here", o.Kind)
	switch o.Kind {
	case HoldsPort:
		has = "holds port " + o.Port.String()
	case WritesTo:
		has = "writes to " + o.Place.String()
	}
	return fmt.Sprintf("%s is not started while %s, which belongs to no listed service, %s: %s, or list its service in the file",
		name, o.Orphan, has, by.Stop.Aside("stop it", o.Orphan))
}
