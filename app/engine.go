package app

import (
	"path/filepath"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/engine/docker"
	"reconciler/engine/sim"
)

// OpenEngine returns the engine of that kind; the simulated one already has a
// container for each service of the document, which may be nil.
func OpenEngine(kind, host string, doc *desired.Document, observe func(string, string, time.Duration)) (engine.Engine, error) {
	if kind == "sim" {
		world := sim.New(sim.Options{})
		if doc != nil {
			world.Populate(doc)
		}
		return world, nil
	}
	e, err := docker.New(docker.Options{Host: host, Observe: observe})
	if err != nil {
		return nil, &InputError{err}
	}
	return e, nil
}

// Self is what can be seen of the container in which this process runs, if it
// does, where file is its state file.
func Self(file string) engine.Self {
	if absolute, err := filepath.Abs(file); err == nil {
		file = absolute // else it is in a folder that is gone
	}
	return docker.Self(file)
}
