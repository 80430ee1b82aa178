// Package hostile makes documents of a given size that are as dear to read as
// can be: what a person would never write, and a machine, or somebody who means
// harm, may well. Tests and bench hold the reading of state.yaml to them.
package hostile

import (
	"fmt"
	"strings"
)

// Size is that of the longest document that is read at all.
const Size = 1 << 20

const head = "version: 1\nproject: shop\n"

// A Document is one that is dear to read.
type Document struct {
	Name string
	// Source is about as long as was asked for, and never longer.
	Source []byte
	// Valid: there is nothing wrong with it but its size.
	Valid bool
}

// Documents are hostile documents of at most that many bytes.
func Documents(size int) []Document {
	half := size / 2
	names := func(i int) string { return fmt.Sprintf("  service-%06d: running\n", i) }
	return []Document{
		{"unknown members", filled(size, string(filled(half, head+"services:\n", "", names))+"groups:\n  all: [", "]\n",
			func(i int) string { return fmt.Sprintf("m%d, ", i) }), false},
		{"unknown members, near", filled(size, string(filled(half, head+"services:\n", "", names))+"groups:\n  all: [", "]\n",
			func(i int) string { return fmt.Sprintf("service-%06dx, ", i) }), false},
		{"unknown members, long", filled(size, string(filled(half, head+"services:\n", "", names))+"groups:\n  all: [", "]\n",
			func(int) string { return strings.Repeat("x", 2000) + ", " }), false},
		{"members, listed again and again", filled(size, string(filled(half, head+"services:\n", "", names))+"groups:\n  all: [", "]\n",
			func(i int) string { return fmt.Sprintf("service-%06d, ", i%1000) }), false},
		{"the same member", filled(size, head+"services: {a: running}\ngroups:\n  all: [", "]\n", always("a, ")), false},
		{"groups and members", filled(size, string(filled(size/50, head+"services:\n", "", names))+"groups:\n", "", func(i int) string {
			return fmt.Sprintf("  group-%d: [service-000000, service-000001]\n", i)
		}), true},
		{"unknown keys", filled(size, head, "", func(i int) string { return fmt.Sprintf("key%d: 1\n", i) }), false},
		{"one long unknown key", filled(size, head+"\"", "\": 1\n", always("k")), false},
		{"duplicate keys", filled(size, head+"services:\n", "", always("  web: running\n")), false},
		{"anchors", filled(size, head+"services:\n", "", func(i int) string { return fmt.Sprintf("  a%d: &a running\n", i) }), false},
		{"aliases", filled(size, head+"services: [&a running, ", "]\n", always("*a, ")), false},
		{"tags", filled(size, head+"services: [", "]\n", always("!x a, ")), false},
		{"merge keys", filled(size, head+"services:\n", "", always("  <<: {}\n")), false},
		{"a bomb of aliases", filled(size, head+bomb()+"services: {web: running}\n", "", always("# \n")), false},
		{"deep nesting in brackets", filled(size, head+"services: ", "", always("[")), false},
		{"deep nesting in braces", filled(size, head+"services: ", "", always("{a: ")), false},
		{"wide and deep", filled(size, head+"services: [", "]\n", always(strings.Repeat("[", 40)+strings.Repeat("]", 40)+", ")), false},
		{"sequences in sequences", filled(size, head+"services:\n  ", "a\n", always("- ")), false},
		{"a long plain scalar", filled(size, head+"services: {web: ", "}\n", always("x")), false},
		{"a long quoted scalar", filled(size, head+"services: {web: \"", "\"}\n", always("x")), false},
		{"escapes", filled(size, head+"services: {web: \"", "\"}\n", always(`\e`)), false},
		{"many long scalars", filled(size, head+"services:\n", "", func(i int) string {
			return fmt.Sprintf("  s%d: %s\n", i, strings.Repeat("y", 5000))
		}), false},
		{"a scalar of many lines", filled(size, head+"services:\n  web: |\n", "", always("    x\n")), false},
		{"a plain scalar of many lines", filled(size, head+"services:\n  web:\n", "", always("    x\n")), false},
		{"flow entries", filled(size, head+"services: {", "}\n", func(i int) string { return fmt.Sprintf("s%d: running, ", i) }), true},
		{"empty flow entries", filled(size, head+"services: [", "]\n", always("a,")), false},
		{"flow pairs", filled(size, head+"services: [", "]\n", always("a: b,")), false},
		{"documents", filled(size, head+"services: {}\n", "", always("---\n")), false},
		{"documents with words", filled(size, head+"services: {}\n", "", always("--- a\n")), false},
		{"comments", filled(size, head+"services: {}\n", "", always("#\n")), true},
		{"comments between services", filled(size, head+"services:\n", "", func(i int) string {
			return fmt.Sprintf("  # about %d\n  s%d: running # so\n\n", i, i)
		}), true},
		{"comments in a flow", filled(size, head+"services: {\n", "}\n", func(i int) string { return fmt.Sprintf("s%d: running, # so\n", i) }), true},
		{"one long comment", filled(size, head+"services: {}\n#", "\n", always("c")), true},
		{"empty lines", filled(size, head+"services: {}\n", "", always("\n")), true},
		{"blanks", filled(size, head+"services: {}\n", "", always(" ")), true},
		{"a long line of flips", filled(size, head+"services: {", "}\n", func(i int) string { return fmt.Sprintf("ä%d: stopped, ", i) }), false},
		{"services", filled(size, head+"services:\n", "", names), true},
		{"services in the long form", filled(size, head+"services:\n", "", func(i int) string {
			return fmt.Sprintf("  s%d: {state: running, suspend: {reason: why}}\n", i)
		}), true},
		{"services each with an error", filled(size, head+"services:\n", "", func(i int) string { return fmt.Sprintf("  s%d: runnin\n", i) }), false},
		{"services each with five errors", filled(size, head+"services:\n", "", func(i int) string {
			return fmt.Sprintf("  s%d: {stat: x, job: y, settle: z, retry: 1, replicas: x}\n", i)
		}), false},
		{"services that claim one container", filled(size, head+"services:\n", "", func(i int) string {
			return fmt.Sprintf("  s%d: {state: running, container: one}\n", i)
		}), false},
		{"groups that aren't lists", filled(size, head+"services: {}\ngroups:\n", "", func(i int) string { return fmt.Sprintf("  g%d: x\n", i) }), false},
		{"values behind a comment that ends early", filled(size, head+"services: {}\n#\rgroups: [", "]\n", always("a,")), false},
		{"values behind a text like a comment", filled(size, head+"services: [\"x\n# y\", ", "]\n", always("a,")), false},
		{"values behind breaks that only YAML has", filled(size, head+"services:\n", "a\n", always("-\u2028")), false},
		{"complex keys", filled(size, head+"services:\n", "", always("  ? [a]\n  : b\n")), false},
		{"no UTF-8 at the end", append(filled(size-1, head, "", always("# ä\n")), 0xff), false},
		{"a tab at the end", filled(size, head+"services:\n", "\tx\n", names), false},
		{"an open quote", filled(size, head+"services: \"", "", always("x\n")), false},
	}
}

// always is the same piece again and again.
func always(piece string) func(int) string { return func(int) string { return piece } }

// filled is the beginning, as many pieces as there is room for, and the end.
func filled(size int, begin, end string, piece func(int) string) []byte {
	out := append(make([]byte, 0, size), begin...)
	for i := 0; ; i++ {
		p := piece(i)
		if len(out)+len(p)+len(end) > size {
			return append(out, end...)
		}
		out = append(out, p...)
	}
}

// bomb is what grows tenfold with each line where aliases are followed.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%[1]d [%s]\n", i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10))
	}
	return b.String()
}
