// Package hands is what a person types to do by hand what nothing here does, on
// Docker and with Compose. It is the one place where a message's command stands;
// it is a package of its own, so that whoever tests messages needn't speak to an
// engine.
package hands

import "reconciler/engine"

// Docker returns the commands of Docker's own tools.
func Docker() engine.Hands {
	return engine.Hands{
		Start:   "docker start",
		Stop:    "docker stop",
		Restart: "docker restart",
		Unpause: "docker unpause",
		Remove:  "docker rm -f",
		Logs:    "docker logs",

		Up:       "docker compose up",
		Create:   "docker compose up --no-start",
		Scale:    "docker compose up --no-start --scale",
		Recreate: "docker compose up --no-start --force-recreate",
	}
}
