package desired

import (
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// The keys that may stand in the file, by place. compose is one of them for
// the sake of what is said about it.
var (
	documentKeys = append(documentTable.names(), "compose")
	defaultsKeys = settingsTable.names()
	serviceKeys  = serviceTable.names()
	backoffKeys  = backoffTable.names()
	retryKeys    = retryTable.names()
	suspendKeys  = suspendTable.names()
)

// The words of the closed sets, defaults first.
var (
	unhealthyChoices = []OnUnhealthy{UnhealthyRestart, UnhealthyIgnore}
	pausedChoices    = []OnPaused{PausedIgnore, PausedUnpause}
)

// document fills in doc.
func (p *parser) document(root *yaml.Node, doc *Document) {
	top := p.fields(root, "the file", documentKeys)
	if top == nil {
		return
	}
	if f, ok := top["version"]; !ok {
		p.fail(root, "version is missing; write: version: 1")
	} else if f.value.Value != "1" || f.value.Tag != "!!int" {
		p.fail(f.value, "version %q: this reconciler reads version 1", f.value.Value)
	}
	if f, ok := top["project"]; !ok {
		p.fail(root, "project is missing; write the name of the Compose project (docker compose ls)")
	} else {
		doc.Project = p.name(f.value, "project")
	}
	if f, ok := top["compose"]; ok {
		p.fail(f.key, "compose is not supported yet: services are containers that exist; leave it out")
	}
	if f, ok := top["container_name"]; ok {
		doc.ContainerName = p.template(f.value)
	}
	base := defaultService("")
	if f, ok := top["defaults"]; ok {
		p.settings(p.fields(f.value, "defaults", defaultsKeys), &base)
	}
	if f, ok := top["services"]; !ok {
		p.fail(root, "services is missing; write: services: {}")
	} else {
		p.services(f.value, doc, base)
	}
	if f, ok := top["groups"]; ok {
		p.groups(f.value, doc)
	}
}

func (p *parser) template(n *yaml.Node) string {
	text, ok := p.scalar(n, "container_name")
	switch {
	case !ok:
	case strings.Count(text, "{service}") != 1:
		p.fail(n, "container_name %q must contain {service} exactly once", text)
	case !containerForm.MatchString(strings.Replace(text, "{service}", "xx", 1)):
		p.fail(n, "container_name %q gives no name that a container can have", text)
	}
	return text
}

func (p *parser) services(n *yaml.Node, doc *Document, base Service) {
	fields := p.fields(n, "services", nil)
	doc.index = make(map[string]int, len(fields))
	doc.Services = make([]Service, 0, len(fields))
	claimed := make(map[string]string, len(fields))
	for i := 0; fields != nil && i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if f, ok := fields[key.Value]; !ok || f.key != key {
			continue // told already
		}
		doc.Services = append(doc.Services, base)
		s := &doc.Services[len(doc.Services)-1]
		s.Name = p.name(key, "service")
		s.ComposeService = s.Name
		p.service(n.Content[i+1], s)
		claim := "compose_service " + s.ComposeService
		if s.Container != "" {
			claim = "container " + s.Container
		}
		if other, ok := claimed[claim]; ok {
			p.fail(key, "service %s is the %s, and so is %s: each container belongs to one service", s.Name, claim, other)
		}
		claimed[claim] = s.Name
		doc.index[s.Name] = len(doc.Services) - 1
	}
}

// service reads the short form (one word) or the long one.
func (p *parser) service(n *yaml.Node, s *Service) {
	what := "the state of " + s.Name
	if n.Kind == yaml.ScalarNode {
		s.State, _ = choice(p, n, what, States())
		s.Job = s.State == Completed
		p.suitable(n, s)
		s.onlyOne()
		return
	}
	f := p.fields(n, "service "+s.Name, serviceKeys)
	if f == nil {
		return
	}
	at := n
	if state, ok := f["state"]; ok {
		s.State, _ = choice(p, state.value, what, States())
		at = state.value
	} else {
		p.fail(n, "service %s has no state; write: state: running", s.Name)
	}
	if job, ok := f["job"]; ok {
		s.Job = p.boolean(job.value, "job")
	}
	if c, ok := f["compose_service"]; ok {
		s.ComposeService = p.name(c.value, "compose_service")
	}
	if c, ok := f["container"]; ok {
		if s.Container, ok = p.scalar(c.value, "container"); ok && !containerForm.MatchString(s.Container) {
			p.fail(c.value, "container %q is no name that a container can have", s.Container)
		}
	}
	if sus, ok := f["suspend"]; ok {
		s.Suspend = p.suspend(sus.value)
	}
	p.settings(f, s)
	p.suitable(at, s)
	if r, ok := f["replicas"]; ok && s.Job {
		p.fail(r.key, "replicas on a job: a job has one container")
	}
	s.onlyOne()
	if s.Container != "" && s.Replicas > 1 {
		p.fail(n, "service %s: container names one container, and replicas asks for %d", s.Name, s.Replicas)
	}
}

// onlyOne: a job has one container; what defaults says is for the others.
func (s *Service) onlyOne() {
	if s.Job {
		s.Replicas = 0
	}
}

// suitable refuses states that don't fit the service.
func (p *parser) suitable(n *yaml.Node, s *Service) {
	switch {
	case s.State == Absent:
		p.fail(n, "absent is not supported yet: nothing here could bring the container back; write stopped")
	case s.Job && s.State == Running:
		p.fail(n, "service %s is a job: it is wanted completed or stopped, not running", s.Name)
	case !s.Job && s.State == Completed:
		p.fail(n, "service %s is no job: add `job: true`, or write the short form `%[1]s: completed`", s.Name)
	}
}

// settings reads what may stand in defaults too.
func (p *parser) settings(f map[string]field, s *Service) {
	if v, ok := f["replicas"]; ok {
		s.Replicas = p.count(v.value, "replicas", 1, maxReplicas)
	}
	if v, ok := f["on_unhealthy"]; ok {
		s.OnUnhealthy, _ = choice(p, v.value, "on_unhealthy", unhealthyChoices)
	}
	if v, ok := f["on_paused"]; ok {
		s.OnPaused, _ = choice(p, v.value, "on_paused", pausedChoices)
	}
	for _, d := range []struct {
		key string
		to  *time.Duration
	}{
		{"unhealthy_grace", &s.UnhealthyGrace},
		{"settle", &s.Settle},
		{"stop_grace_period", &s.StopGracePeriod},
		{"progress_deadline", &s.ProgressDeadline},
	} {
		p.durationField(f, d.key, d.to)
	}
	if v, ok := f["progress_deadline"]; ok && s.ProgressDeadline == 0 {
		p.fail(v.value, "progress_deadline must be longer than 0s")
	}
	if v, ok := f["restart_backoff"]; ok {
		b := p.fields(v.value, "restart_backoff", backoffKeys)
		p.durationField(b, "initial", &s.RestartBackoff.Initial)
		p.durationField(b, "max", &s.RestartBackoff.Max)
		p.durationField(b, "reset_after", &s.RestartBackoff.ResetAfter)
		p.bounds(v.value, "restart_backoff", s.RestartBackoff.Initial, s.RestartBackoff.Max)
	}
	if v, ok := f["retry"]; ok {
		b := p.fields(v.value, "retry", retryKeys)
		p.durationField(b, "initial", &s.Retry.Initial)
		p.durationField(b, "max", &s.Retry.Max)
		p.bounds(v.value, "retry", s.Retry.Initial, s.Retry.Max)
	}
}

func (p *parser) suspend(n *yaml.Node) *Suspend {
	if n.Kind == yaml.ScalarNode {
		if !p.boolean(n, "suspend") {
			return nil
		}
		return &Suspend{}
	}
	f := p.fields(n, "suspend", suspendKeys)
	s := &Suspend{}
	if v, ok := f["until"]; ok {
		s.Until = p.moment(v.value, "until")
	}
	if v, ok := f["reason"]; ok {
		s.Reason = p.line(v.value, "reason")
	}
	if v, ok := f["by"]; ok {
		s.By = p.line(v.value, "by")
	}
	return s
}

func (p *parser) groups(n *yaml.Node, doc *Document) {
	fields := p.fields(n, "groups", nil)
	known := serviceNames(doc)
	doc.groupsOf = make(map[string][]string)
	for i := 0; fields != nil && i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if f, ok := fields[key.Value]; !ok || f.key != key {
			continue // told already
		}
		g := Group{Name: p.name(key, "group")}
		if value.Kind != yaml.SequenceNode {
			p.fail(value, "group %s must be a list of services, like [web, db]", g.Name)
			continue
		}
		g.Services = p.members(value, g.Name, doc, known)
		for _, member := range g.Services {
			doc.groupsOf[member] = append(doc.groupsOf[member], g.Name)
		}
		doc.Groups = append(doc.Groups, g)
	}
}

// members are the services of a group; known are those of the document.
func (p *parser) members(n *yaml.Node, group string, doc *Document, known []string) []string {
	var members []string
	what := "a member of group " + group
	listed := make(map[string]bool, len(n.Content))
	for _, member := range n.Content {
		name, ok := p.scalar(member, what)
		_, exists := doc.index[name]
		switch {
		case !ok:
		case !exists:
			p.fail(member, "group %s: there is no service %q%s", group, name, p.suggest(name, known))
		case listed[name]:
			p.fail(member, "group %s lists %s twice", group, name)
		default:
			listed[name] = true
			members = append(members, name)
		}
	}
	return members
}
