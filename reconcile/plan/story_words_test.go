package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"reconciler/engine"
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
