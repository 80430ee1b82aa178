package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"reconciler/engine"
	"reconciler/reconcile/own"
)

// needs sets what a start of the container needs.
func needs(c *engine.Container, key, value string) error {
	switch key {
	case "publish":
		p, err := portOf(value)
		c.Publishes = append(c.Publishes, p)
		return err
	case "mount":
		source, only := strings.CutSuffix(value, ":ro")
		c.Mounts = append(c.Mounts, engine.Mount{Volume: !strings.HasPrefix(source, "/"), Source: source, ReadOnly: only})
	case "network":
		c.Networks = append(c.Networks, engine.Network{Name: value})
	case "failed", "unplugged":
		c.Unplugged, c.Error = key == "unplugged", "Bind for 0.0.0.0:8080 failed: port is already allocated"
	}
	return nil
}

// portOf reads [IP:]PORT[/PROTO].
func portOf(text string) (engine.Port, error) {
	var p engine.Port
	text, p.Protocol, _ = strings.Cut(text, "/")
	if i := strings.LastIndex(text, ":"); i >= 0 {
		p.HostIP, text = text[:i], text[i+1:]
	}
	var err error
	p.Host, err = strconv.Atoi(text)
	return p, err
}

// refusalOf reads why the engine refused a start:
//
//	port PORT [by container NAME [PROJECT] | by process NAME PID | by nobody]
//	path | network | image | command | program | gone | down SUBJECT
//	other WORDS
func refusalOf(f []string) (error, *engine.Holder, error) {
	kinds := map[string]engine.Refused{
		"port": engine.PortTaken, "path": engine.PathMissing, "network": engine.NetworkMissing,
		"image": engine.ImageMissing, "command": engine.CommandNotFound, "program": engine.CommandNotExecutable,
		"gone": engine.NamespaceGone, "down": engine.NamespaceDown, "other": engine.RefusedOther,
	}
	kind, known := kinds[f[0]]
	if !known || len(f) < 2 {
		return nil, nil, fmt.Errorf("no such refusal: %q", f)
	}
	r := &engine.Refusal{Kind: kind, Words: strings.Join(f[1:], " ")}
	if kind != engine.PortTaken {
		r.Subject = f[1]
		return r, nil, nil
	}
	var err error
	if r.Port, err = portOf(f[1]); err != nil || len(f) == 2 {
		return r, nil, err
	}
	f = slices.Concat(f[2:], []string{"", "", ""})
	h := &engine.Holder{}
	switch f[1] {
	case "container":
		h.Container, h.Project = f[2], f[3]
	case "process":
		h.Process = f[2]
		h.PID, err = strconv.Atoi(f[3])
	}
	return r, h, err
}

// guardOf returns the guard of which own says those words.
func guardOf(words string) (own.Guard, error) {
	g, is := own.Guard{}, words
	for strings.HasPrefix(is, "the owner of a namespace") {
		outer, inner, _ := strings.Cut(is, ", and that is ")
		fields := strings.Fields(outer) // the owner of a namespace that NAME shares
		g.Through, is = slices.Insert(g.Through, 0, fields[len(fields)-2]), inner
	}
	if certain, perhaps := strings.CutPrefix(is, "perhaps "); perhaps {
		g.Sign, is = own.SignSeveral, certain
	}
	g.Role = own.RoleSelf
	if i := strings.Index(is, "engine address "); i >= 0 {
		g.Role, g.Address = own.RoleEngine, is[i+len("engine address "):]
	}
	if says := g.String(); says != words {
		return g, fmt.Errorf("own says %q", says)
	}
	return g, nil
}
