package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile/own"
)

// story is a little world that one story file moves along. An empty line
// begins a new one. Its words:
//
//	project P | template T            the document's; default project: p
//	want SERVICE STATE [key=value…]   job replicas settle container as on_paused on_unhealthy grace deadline suspend until
//	now HH:MM:SS
//	have NAME STATE [key=value…]      as seen now; exited(3); started finished health probed labels project replace rm oom depends shares restarts
//	                                  publish=[IP:]PORT/PROTO mount=VOLUME|PATH[:ro] network=NAME failed unplugged
//	gone NAME
//	touch NAME                        others sent it a signal now
//	back                              the engine was away; the view is whole again since now
//	flight VERB NAME                  our call is under way
//	did VERB NAME [lost NETWORK]      our call returned, and cost it a network that could not be put back; behind that:
//	    [error TEXT | void TEXT | for CAUSE | refused KIND WORDS | unseen]; see refusalOf
//	looked NAME                       the look that was asked for was made now
//	dry run                           from now on
//	budget N HH:MM:SS                 of crash restarts
//	self NAME WHY                     it is guarded, for it is that; see guardOf
//	recall SERVICE NAME               that it was healthy once is remembered from an earlier run
//	restart SERVICE | try SERVICE     somebody asked for it
type story struct {
	doc        desired.Document
	containers map[string]engine.Container
	around     Around
	flights    map[string]engine.Verb // calls under way, by container ID
	pasts      map[string]Past
	now        time.Time
}

func newStory() *story {
	noon := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	return &story{
		doc:        desired.Document{Project: "p"},
		containers: map[string]engine.Container{},
		around: Around{
			Since: noon, Seen: map[string]time.Time{}, Touched: map[string]Touch{},
			Project: "p", Budget: Budget{Free: 10}, Self: map[string]own.Guard{},
		},
		flights: map[string]engine.Verb{},
		pasts:   map[string]Past{},
		now:     noon,
	}
}

// inFlight are the calls under way to the service.
func (s *story) inFlight(service string, have own.Holding) map[engine.Target]engine.Verb {
	calls := make(map[engine.Target]engine.Verb)
	for _, r := range have.Replicas {
		if verb, ok := s.flights[r.Container.ID]; ok {
			calls[engine.Target{Key: s.doc.Key(service), Number: r.Number}] = verb
		}
	}
	return calls
}

// plan decides about every service, as one round of the loop does.
func (s *story) plan() string {
	var b strings.Builder
	whose := own.Judge(&s.doc, slices.Collect(maps.Values(s.containers)), s.around.Self)
	s.around.Neighbours = whose.Neighbours(&s.doc, func(service string) bool { return s.pasts[service].Done != "" })
	for _, service := range s.doc.Services {
		s.around.InFlight = s.inFlight(service.Name, whose.Holdings[service.Name])
		p := Diff(service, whose.Holdings[service.Name], s.around, s.pasts[service.Name], s.now)
		s.pasts[service.Name] = p.Past
		for line := range strings.Lines(p.String()) {
			b.WriteString("  " + strings.TrimSuffix(line, "\n") + "\n")
		}
		fmt.Fprintf(&b, "    %s", p.Status)
		if p.IsReady() {
			b.WriteString(", ready")
		} else {
			fmt.Fprintf(&b, ", not ready: %s", p.Ready.Reason)
		}
		if p.Converged {
			b.WriteString(", converged")
		}
		if p.Stalled.Reason != "" {
			fmt.Fprintf(&b, ", Stalled %s", p.Stalled.Reason)
		}
		if p.Failures > 0 {
			fmt.Fprintf(&b, ", failures %d", p.Failures)
		}
		if !p.Next.IsZero() {
			fmt.Fprintf(&b, ", look again %s", p.Next.Format(time.TimeOnly))
		}
		fmt.Fprintf(&b, "\n    %q\n", p.Message)
		for _, id := range p.Look {
			fmt.Fprintf(&b, "    looks at %s\n", strings.TrimPrefix(id, "id-"))
		}
		for _, w := range p.Warnings {
			fmt.Fprintf(&b, "    warning: %s\n", w)
		}
	}
	for _, o := range whose.Orphans {
		fmt.Fprintf(&b, "  orphan %s: %s\n", o.Container.Name, o.Message())
	}
	return b.String()
}

func (s *story) step(f []string) error {
	if len(f) < 2 && f[0] != "back" {
		return errors.New("too short")
	}
	var err error
	switch f[0] {
	case "project":
		s.doc.Project = f[1]
	case "template":
		s.doc.ContainerName = f[1]
	case "want":
		err = s.want(f[1:])
	case "now":
		s.now, err = clockTime(f[1])
	case "have":
		err = s.have(f[1:])
	case "gone":
		delete(s.containers, f[1])
	case "touch":
		t := s.around.Touched["id-"+f[1]]
		if t.First.IsZero() || s.now.Sub(t.Last) > time.Minute { // as observed does
			t.First = s.now
		}
		t.Last = s.now
		s.around.Touched["id-"+f[1]] = t
	case "back":
		s.around.Since = s.now
	case "flight":
		s.flights["id-"+f[2]] = engine.Verb(f[1])
	case "did":
		return s.did(f[1:])
	case "budget":
		s.around.Budget.Free, err = strconv.Atoi(f[1])
		if err == nil {
			s.around.Budget.Next, err = clockTime(f[2])
		}
	case "dry":
		s.around.DryRun = true
	case "self":
		s.around.Self["id-"+f[1]], err = guardOf(strings.Join(f[2:], " "))
	case "looked":
		for service, past := range s.pasts {
			s.pasts[service] = past.Looked("id-"+f[1], s.now)
		}
	case "recall":
		s.pasts[f[1]] = Past{Kept: desired.Kept{Healthy: []string{"id-" + f[2]}}}
	case "restart":
		s.pasts[f[1]] = s.pasts[f[1]].AskRestart(slices.Sorted(maps.Keys(s.pasts[f[1]].containers)))
	case "try":
		s.pasts[f[1]] = s.pasts[f[1]].Try(s.now)
	default:
		err = errors.New("no such word")
	}
	return err
}

func (s *story) want(f []string) error {
	if len(f) < 2 {
		return errors.New("want SERVICE STATE")
	}
	w := desired.Service{
		Name: f[0], ComposeService: f[0], State: desired.State(f[1]), Settle: 3 * time.Second,
		OnUnhealthy: desired.UnhealthyRestart, UnhealthyGrace: 30 * time.Second,
		OnPaused: desired.PausedIgnore, StopGracePeriod: -1, ProgressDeadline: 10 * time.Minute,
		RestartBackoff: desired.RestartBackoff{Initial: 10 * time.Second, Max: 5 * time.Minute, ResetAfter: 10 * time.Minute},
		Retry:          desired.Retry{Initial: time.Second, Max: time.Minute},
	}
	w.Job = w.State == desired.Completed
	for _, pair := range f[2:] {
		key, value, _ := strings.Cut(pair, "=")
		var err error
		switch key {
		case "job":
			w.Job = true
		case "as":
			w.ComposeService = value
		case "container":
			w.Container = value
		case "replicas":
			w.Replicas, err = strconv.Atoi(value)
		case "settle":
			w.Settle, err = time.ParseDuration(value)
		case "deadline":
			w.ProgressDeadline, err = time.ParseDuration(value)
		case "on_paused":
			w.OnPaused = desired.OnPaused(value)
		case "suspend":
			w.Suspend = &desired.Suspend{By: value, Reason: "debugging"}
		case "on_unhealthy":
			w.OnUnhealthy = desired.OnUnhealthy(value)
		case "grace":
			w.UnhealthyGrace, err = time.ParseDuration(value)
		case "until":
			w.Suspend.Until, err = clockTime(value)
		default:
			err = fmt.Errorf("no such key: %s", key)
		}
		if err != nil {
			return err
		}
	}
	if i := slices.IndexFunc(s.doc.Services, func(o desired.Service) bool { return o.Name == w.Name }); i >= 0 {
		s.doc.Services = slices.Clone(s.doc.Services)
		s.doc.Services[i] = w
		return nil
	}
	s.doc.Services = append(s.doc.Services, w)
	return nil
}

func (s *story) have(f []string) error {
	if len(f) < 2 {
		return errors.New("have NAME STATE")
	}
	before := s.containers[f[0]]
	c := engine.Container{Summary: engine.Summary{ID: "id-" + f[0], Name: f[0]}}
	c.StartedAt, c.FinishedAt = before.StartedAt, before.FinishedAt
	state, code, _ := strings.Cut(strings.TrimSuffix(f[1], ")"), "(")
	c.State = engine.State(state)
	if code != "" {
		n, err := strconv.Atoi(code)
		if err != nil {
			return err
		}
		c.ExitCode = n
	}
	switch {
	case c.State == engine.StateRunning && !before.State.Alive():
		c.StartedAt = s.now
	case c.State != before.State && (c.State == engine.StateExited || c.State == engine.StateRestarting):
		c.FinishedAt = s.now
	}
	if err := s.details(&c, f[2:]); err != nil {
		return err
	}
	s.containers[c.Name] = c
	if _, ok := s.around.Seen[c.ID]; !ok {
		s.around.Seen[c.ID] = s.now
	}
	return nil
}

// details sets what the optional words of `have` say. Without `labels=`, a
// name of Compose's form has the labels that Compose would have given it.
func (s *story) details(c *engine.Container, pairs []string) error {
	service, project, replace, depends := "", s.doc.Project, "", ""
	if rest, ok := strings.CutPrefix(c.Name, project+"-"); ok {
		service = strings.TrimRight(strings.TrimRight(rest, "0123456789"), "-")
	}
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		var err error
		switch key {
		case "started":
			c.StartedAt, err = clockTime(value)
		case "finished":
			c.FinishedAt, err = clockTime(value)
		case "health":
			c.Health, c.HealthAt = engine.Health(value), s.now
		case "probed":
			c.HealthAt, err = clockTime(value)
		case "labels":
			service = strings.TrimPrefix(value, "none")
		case "project":
			project = value
		case "replace":
			replace = value
		case "depends":
			depends = value
		case "restarts":
			c.Restarts, err = strconv.Atoi(value)
		case "shares":
			c.Shares = []string{"id-" + value}
		case "rm":
			c.AutoRemove = true
		case "publish", "mount", "network", "failed", "unplugged":
			err = needs(c, key, value)
		case "oom":
			c.OOMKilled = true
		default:
			err = fmt.Errorf("no such key: %s", key)
		}
		if err != nil {
			return err
		}
	}
	if service != "" {
		c.Claim = engine.ReadClaim(map[string]string{
			engine.LabelProject: project, engine.LabelService: service, engine.LabelOneoff: "False",
			engine.LabelReplace: replace, engine.LabelDependsOn: depends,
		})
	}
	return nil
}

func (s *story) did(f []string) error {
	id := "id-" + f[1]
	delete(s.flights, id)
	r := Result{Action: Action{Verb: engine.Verb(f[0]), ID: id, Container: f[1]}, Before: s.containers[f[1]], Hands: s.around.Hands, Now: s.now}
	if len(f) > 3 && f[2] == "lost" {
		r.Lost = Lost{[]engine.Network{{Name: f[3]}}, fmt.Errorf("reconnect %s to %s: %w", f[1], f[3], engine.ErrInvalid)}
		f = slices.Delete(f, 2, 4)
	}
	switch {
	case len(f) > 3 && f[2] == "for":
		r.Action.Cause = Cause(f[3])
	case len(f) > 2 && f[2] == "refused":
		var err error
		if r.Err, r.Holder, err = refusalOf(f[3:]); err != nil {
			return err
		}
	case len(f) > 2 && f[2] == "unseen":
		r.Unseen = true
	case len(f) > 2:
		r.Void = f[2] == "void"
		r.Err = errors.New(strings.Join(f[3:], " "))
	}
	for _, service := range s.doc.Services {
		past := s.pasts[service.Name]
		if _, ours := past.containers[id]; ours {
			s.pasts[service.Name] = past.After(r, service.Retry)
			return nil
		}
	}
	return errors.New("no service knows that container")
}
