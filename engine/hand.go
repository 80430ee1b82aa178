package engine

import (
	"fmt"
	"strings"
)

// Hands are what a person does with the engine's own tools where nothing here
// does it, as the engine brings it with its Info. It is comparable. The zero
// value names no command: messages say what is to be done, and not how.
type Hands struct {
	Start, Stop, Restart, Unpause, Remove, Logs Hand // of a container

	// Up makes and starts what a service needs, or all of them, Create only makes
	// it, Scale makes more of it, and Recreate makes it anew.
	Up, Create, Scale, Recreate Hand
}

// Hand is one such command, before what it is done to. The zero value: none.
type Hand string

// On is the command as it is typed, for that container or service; for none
// where that is empty. It is "" where there is no command.
func (h Hand) On(subject string) string {
	if h == "" {
		return ""
	}
	return strings.TrimSpace(string(h) + " " + subject)
}

// After is what is to be done, in words, and behind it the command, if there is
// one: "stop it by hand: docker stop web-1".
func (h Hand) After(words, subject string) string {
	if h == "" {
		return words
	}
	return fmt.Sprintf("%s: %s", words, h.On(subject))
}

// Aside is After with the command in brackets: "stop it (docker stop web-1)".
func (h Hand) Aside(words, subject string) string {
	if h == "" {
		return words
	}
	return fmt.Sprintf("%s (%s)", words, h.On(subject))
}
