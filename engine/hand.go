package engine

import "strings"

// Hand is what a person does with the engine's own tools where nothing here does
// it: the command, before what it is done to. Messages name such a command; all
// of them stand here, for they are Docker's.
type Hand string

// What a person does to a container.
const (
	HandStart   Hand = "docker start"
	HandStop    Hand = "docker stop"
	HandRestart Hand = "docker restart"
	HandUnpause Hand = "docker unpause"
	HandRemove  Hand = "docker rm -f"
	HandLogs    Hand = "docker logs"
)

// What a person does for a service, or for all of them, with Compose.
const (
	HandUp       Hand = "docker compose up"
	HandCreate   Hand = "docker compose up --no-start"
	HandScale    Hand = "docker compose up --no-start --scale"
	HandRecreate Hand = "docker compose up --no-start --force-recreate"
)

// On is the command as it is typed, for that container or service; for none
// where that is empty.
func (h Hand) On(subject string) string { return strings.TrimSpace(string(h) + " " + subject) }
