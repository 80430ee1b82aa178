package desired

import (
	"cmp"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// The limits of what is said of a bad document (docs/state.md): whoever takes it
// on, to a log, a page or an answer, may take all of it.
const (
	maxProblems    = 100
	maxProblemText = 32 << 10 // bytes of all messages
	maxSuggestions = 10       // in one document
)

// parser collects what is wrong: the first maxProblems in the order of the text,
// and how many more there are.
type parser struct {
	problems  []Problem // twice as many as are kept, at most, and in no order
	more      int       // that are behind last, and not kept
	last      Problem   // of those that are kept; the zero value: all are
	suggested int
}

func (p *parser) failed() bool { return len(p.problems) > 0 }

func (p *parser) fail(n *yaml.Node, format string, args ...any) {
	p.failAt(n.Line, n.Column, format, args...)
}

// failAt adds a problem, on one line whatever the file has in it; of each
// argument that is a text, no more than maxQuoted characters.
func (p *parser) failAt(line, column int, format string, args ...any) {
	problem := Problem{Line: line, Column: column}
	if p.last.Line > 0 && inText(problem, p.last) >= 0 {
		p.more++
		return
	}
	for i, a := range args {
		if text, ok := a.(string); ok {
			args[i] = Quoted(text)
		}
	}
	problem.Message = fmt.Sprintf(format, args...)
	if p.problems = append(p.problems, problem); len(p.problems) == 2*maxProblems {
		p.cut()
	}
}

// cut keeps the first problems, in order.
func (p *parser) cut() {
	slices.SortStableFunc(p.problems, inText)
	if over := len(p.problems) - maxProblems; over > 0 {
		p.problems, p.more = p.problems[:maxProblems], p.more+over
		p.last = p.problems[maxProblems-1]
	}
}

// inText compares by the place in the text.
func inText(a, b Problem) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// told are the problems in the order of the text, and as the last one, without
// a place, how many there are besides; nil: none.
func (p *parser) told() []Problem {
	p.cut()
	length := 0
	for i, problem := range p.problems {
		if length += len(problem.Message); length > maxProblemText {
			p.problems, p.more = p.problems[:i], p.more+len(p.problems)-i
			break
		}
	}
	if p.more > 0 {
		return append(p.problems, Problem{Message: fmt.Sprintf("and %d more", p.more)})
	}
	return p.problems
}

// suggest is Suggest, for the first problems of which it makes sense.
func (p *parser) suggest(word string, known []string) string {
	if p.suggested == maxSuggestions {
		return ""
	}
	p.suggested++
	return Suggest(word, known)
}
