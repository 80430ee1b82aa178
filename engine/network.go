package engine

import "slices"

// Network is a container's place in one network: how it is to be connected, not
// what came of it.
type Network struct {
	Name     string
	Settings string // for the Engine that told it, and nobody else
}

// Missing are those of the networks that are not among has, by name.
func Missing(networks, has []Network) []Network {
	var missing []Network
	for _, n := range networks {
		if !slices.ContainsFunc(has, func(h Network) bool { return h.Name == n.Name }) {
			missing = append(missing, n)
		}
	}
	return missing
}
