package engine

import (
	"fmt"

	"reconciler/desired"
)

// Target names what a call is made to: one replica of a service, from 1 on,
// whether its container exists yet or not. It is comparable. The zero value
// names nothing.
type Target struct {
	desired.Key
	Number int
}

// String is the project, the service and the number, as "shop/web-1".
func (t Target) String() string { return fmt.Sprintf("%s-%d", t.Key, t.Number) }
