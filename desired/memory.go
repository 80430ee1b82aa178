package desired

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// Kept is what of one service must outlive the process besides the document.
// The zero value remembers nothing, which is safe: it costs at most one needless
// run of a job, a new count of replicas, and restarts of what is unhealthy until
// it was healthy once more. It is a value; nobody changes its slice in place.
type Kept struct {
	// Replicas is how many containers ran when the service was first observed
	// (none ran: how many there were); 0: not observed yet.
	Replicas int `json:"replicas,omitempty"`
	// Done is the ID of the container in which the job finished; empty: none.
	Done string `json:"done,omitempty"`
	// Healthy are the IDs of the containers that were healthy once.
	Healthy []string `json:"healthy,omitempty"`
}

// Equal reports whether both remember the same.
func (k Kept) Equal(other Kept) bool {
	if len(k.Healthy) == 0 && len(other.Healthy) == 0 {
		k.Healthy, other.Healthy = nil, nil
	}
	return reflect.DeepEqual(k, other) // whatever else is kept one day
}

// Memory is what is kept of each service, by what the file calls it.
type Memory map[string]Kept

// memory is the file of the data directory that holds it.
type memory struct {
	Schema   int    `json:"schema"`
	Services Memory `json:"services"`
}

// before is what the file was when it had a map for each thing that is kept.
type before struct {
	Jobs     map[string]string   `json:"jobs"`
	Replicas map[string]int      `json:"replicas"`
	Healthy  map[string][]string `json:"healthy"`
}

// now is the same as it is kept today.
func (b before) now() Memory {
	m := Memory{}
	for service, n := range b.Replicas { // which it had of each
		m[service] = Kept{Replicas: n, Done: b.Jobs[service], Healthy: b.Healthy[service]}
	}
	return m
}

// loadMemory returns what is remembered; nothing where there is nothing that
// can be read, which is safe.
func (d *dataDir) loadMemory() (Memory, error) {
	var m struct {
		memory
		before
	}
	switch _, err := d.load(memoryFile, &m, &m.Schema); {
	case errors.Is(err, errDamaged):
		return nil, nil
	case err != nil:
		return nil, err
	case m.Services == nil:
		return m.now(), nil
	}
	return m.Services, nil
}

func (d *dataDir) saveMemory(m Memory) error {
	src, err := json.Marshal(memory{schema, m})
	if err != nil {
		return fmt.Errorf("remember: %w", err)
	}
	return d.write(memoryFile, src)
}
