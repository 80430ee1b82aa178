package archtest

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// lock is one lock of the program.
type lock struct {
	name string // package.Type.field, or package.function.variable
	over string // what it keeps, and who waits for it
	may  []may  // happen while it is held, besides computing
}

// may is an effect that is allowed, and why it holds up nobody.
type may struct{ effect, why string }

const fromTests = "only tests give one, and wait for it themselves"

// locks are all of them. A new one needs a row here, and nothing may be
// recorded, written or read while one is held that the loop, a request or the
// end needs, but for what its row says.
var locks = []lock{
	{name: "api.connections.mu", over: "the connections of a door; who comes, each request as it begins and ends"},
	{name: "api.failures.mu", over: "wrong credentials by address; requests"},
	{name: "api.looks.mu", over: "which looks at the token file or the web configuration are under way; requests that show a token, readiness"},
	{name: "api.places.mu", over: "how many answers hold their connection; requests"},
	{name: "api.sessions.mu", over: "the logins of the page; requests"},
	{name: "api.socket.mu", over: "the socket that a door has now; its own look at it, and the end"},
	{name: "api.webWatch.mu", over: "why nobody gets in by TLS; its own look, readiness"},
	{name: "app.backlog.mu", over: "the lines of the log that wait; whoever has something to say"},
	{name: "app.ending.mu", over: "which parts have not ended; the start and the end of each"},
	{name: "app.names.mu", over: "the names of the last document; who asks or tells the observer"},
	{name: "cmd/reconciler.during.out", over: "the lines that a command prints while it waits; nobody else", may: []may{
		{"files", "its own output, of one command"},
	}},
	{name: "desired.outbox.mu", over: "what is to be told of the file, in order; who has looked at it or edited it"},
	{name: "desired/settled.File.mu", over: "which readings of the file have no answer yet; whose turn it is to look at it, and they themselves"},
	{name: "engine/sim.Engine.mu", over: "the simulated world; its calls", may: []may{
		{"calls deliver", fromTests},
		{"calls do", "a change of the simulated world by itself"},
		{"calls e.taps[seat]", fromTests},
		{"calls f", fromTests},
	}},
	{name: "internal/rendering.Press.mu", over: "the finished answers, and who reads them; requests for large ones"},
	{name: "metrics.counts.mu", over: "counts by service; events and scrapes"},
	{name: "observed.Observer.mu", over: "what is known of the containers; events, inspects, calls", may: []may{
		{"takes app.names.mu", "under which nothing happens"},
	}},
	{name: "reconcile.Host.mu", over: "the budget of crash restarts, and which calls are under way; the loops of all projects, the end"},
	{name: "reconcile.History.mu", over: "the newest events; whoever records or reads them"},
	{name: "reconcile.Reconciler.mu", over: "what is remembered and shown of the services; the loop, requests, the end", may: []may{
		{"takes reconcile.Host.mu", "under which nothing happens"},
	}},
	{name: "reconcile.queue.mu", over: "the services that wait; the loop, requests, the end"},
}

// broken compares what may happen under the locks with the rows: what no row
// allows, and what a row says of what isn't there.
func broken(rows []lock, held map[string]map[string]string) []string {
	var found []string
	known := make(map[string]lock)
	for _, row := range rows {
		known[row.name] = row
		if _, is := held[row.name]; !is {
			found = append(found, row.name+": has a row, and is no lock of the program")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(held)) {
		row, is := known[name]
		if !is {
			found = append(found, name+": is a lock without a row in internal/archtest/locks.go; say there what it keeps, and who waits for it")
		}
		for _, effect := range slices.Sorted(maps.Keys(held[name])) {
			if !slices.ContainsFunc(row.may, func(m may) bool { return m.effect == effect }) {
				found = append(found, fmt.Sprintf("%s: while it is held, %s: %s", name, held[name][effect], effect))
			}
		}
		for _, m := range row.may {
			if _, happens := held[name][m.effect]; !happens {
				found = append(found, fmt.Sprintf("%s: its row allows what never happens: %s", name, m.effect))
			}
		}
	}
	return append(found, circles(held)...)
}

// circles finds locks that may be taken one under the other in both orders.
func circles(held map[string]map[string]string) []string {
	var found []string
	for _, first := range slices.Sorted(maps.Keys(held)) {
		seen := make(map[string]bool)
		var under func(name string)
		under = func(name string) {
			for effect := range held[name] {
				if next, takes := strings.CutPrefix(effect, "takes "); takes && !seen[next] {
					seen[next] = true
					under(next)
				}
			}
		}
		if under(first); seen[first] {
			found = append(found, first+": may be taken while it is held")
		}
	}
	return found
}

// table is the document of the rows.
func table(rows []lock) string {
	var b strings.Builder
	b.WriteString("| In | Lock | What it keeps; who waits for it | What else may happen while it is held |\n|---|---|---|---|\n")
	for _, row := range rows {
		folder := path.Dir(row.name)
		in, name, _ := strings.Cut(path.Base(row.name), ".")
		what := "nothing"
		var all []string
		for _, m := range row.may {
			all = append(all, fmt.Sprintf("%s: %s", m.effect, m.why))
		}
		if len(all) > 0 {
			what = strings.Join(all, "<br>")
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", path.Join(folder, in), name, row.over, what)
	}
	return b.String()
}
