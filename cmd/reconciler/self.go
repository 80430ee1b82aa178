package main

import (
	"path/filepath"

	"reconciler/engine"
	"reconciler/engine/docker"
)

// self is what can be seen of the container in which this process runs, if it
// does, where file is its state file.
func self(file string) engine.Self {
	if absolute, err := filepath.Abs(file); err == nil {
		file = absolute // else it is in a folder that is gone
	}
	return docker.Self(file)
}
