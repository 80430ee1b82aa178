package plan

import (
	"cmp"
	"errors"
	"fmt"

	"reconciler/engine"
)

// Why says why the call failed: the reason, and what a person can do about it. The
// zero Note: it did not.
func (r Result) Why() Note {
	if r.Err == nil {
		return Note{}
	}
	var refusal *engine.Refusal
	if !errors.As(r.Err, &refusal) {
		return Note{ReasonRetry, engine.Excerpt(r.Err.Error())}
	}
	subject := engine.ShortID(refusal.Subject)
	var note Note
	switch refusal.Kind {
	case engine.PortTaken:
		note = Note{ReasonPortTaken, heldBy(Asked(r.Before, refusal.Port), r.Holder)}
	case engine.PathMissing:
		note = Note{ReasonPathMissing, fmt.Sprintf("the path %s is missing on the host: create it, or mend the mount", subject)}
	case engine.NetworkMissing:
		note = Note{ReasonNetworkMissing, fmt.Sprintf("network %s is gone: %s", subject, anew(r.Before, r.Hands))}
	case engine.ImageMissing:
		note = Note{ReasonImageMissing, fmt.Sprintf("image %s is missing: pull or build it", subject)}
	case engine.CommandNotFound:
		note = Note{ReasonCommandNotFound, fmt.Sprintf("its command %s was not found in the image (127): mend its command or entrypoint, or the image", subject)}
	case engine.CommandNotExecutable:
		note = Note{ReasonRetry, fmt.Sprintf("its command %s could not be executed (126): it must be a program, with the right to be executed", subject)}
	case engine.NamespaceGone:
		note = Note{ReasonNamespaceGone, fmt.Sprintf("the container whose namespace it shares, %s, is gone: %s", subject, anew(r.Before, r.Hands))}
	case engine.NamespaceDown:
		note = Note{ReasonNamespaceGone, fmt.Sprintf("the container whose namespace it shares, %s, doesn't run: start that first", subject)}
	case engine.RefusedOther:
		fallthrough
	default:
		note = Note{ReasonRetry, "the engine refused it: " + refusal.Words}
	}
	note.Message = fmt.Sprintf("%s can't %s: %s", r.Action.Container, r.Action.Verb, note.Message)
	return note
}

// heldBy says who has the port; by is nil where that is not known.
func heldBy(p engine.Port, by *engine.Holder) string {
	switch {
	case by == nil:
		return fmt.Sprintf("port %s is taken", p)
	case by.Container != "" && by.Project != "":
		return fmt.Sprintf("port %s is held by container %s (project %s)", p, by.Container, by.Project)
	case by.Container != "":
		return fmt.Sprintf("port %s is held by container %s", p, by.Container)
	case by.Process == "docker-proxy":
		return fmt.Sprintf("port %s is held by docker-proxy (pid %d), which the engine left behind: kill %[2]d", p, by.PID)
	case by.Process != "":
		return fmt.Sprintf("port %s is held by process %s (pid %d)", p, by.Process, by.PID)
	}
	flags := map[string]string{"tcp": "-ltnp", "udp": "-lunp"}[p.Protocol]
	return fmt.Sprintf("port %s is held by another process of the host: ss %s 'sport = :%d'", p, cmp.Or(flags, "-anp"), p.Host)
}

// Asked is the port as the container asks for it, which the engine doesn't tell
// when it refuses it: where it is the only one of that number.
func Asked(c engine.Container, p engine.Port) engine.Port {
	var asked []engine.Port
	for _, q := range c.Publishes {
		if q.Host == p.Host && (p.Protocol == "" || p.Protocol == q.Protocol) {
			asked = append(asked, q)
		}
	}
	if len(asked) == 1 {
		return asked[0]
	}
	return p
}

// anew says how to make the container again.
func anew(c engine.Container, by engine.Hands) string {
	command := ""
	if service := c.Claim.Service; service != "" {
		command = by.Recreate.On(service)
	}
	return cmp.Or(command, "make the container again")
}

// log says where it is told why the container did what it did.
func (d *decision) log(c engine.Container) string {
	return cmp.Or(d.around.Hands.Logs.On(c.Name), "its log")
}

// ended says how a container's last run ended.
func ended(c engine.Container) string {
	switch {
	case c.OOMKilled:
		return "which was killed for want of memory (OOM)"
	case c.FinishedAt.IsZero():
		return "which never ran"
	}
	switch c.ExitCode {
	case 126:
		return "whose command could not be executed (126)"
	case 127:
		return "whose command was not found (127)"
	case 128:
		return "which the engine could not start (128)"
	}
	return fmt.Sprintf("which exited with code %d", c.ExitCode)
}
