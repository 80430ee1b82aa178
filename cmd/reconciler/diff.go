package main

import (
	"fmt"
	"slices"
	"strings"
)

// around is how many unchanged lines stand around a change.
const around = 3

// unified is the difference of two texts in the form of diff -u; "" if there
// is none. Whether the last line ends is not looked at.
func unified(aName, bName, a, b string) string {
	lines := func(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }
	edits := script(lines(a), lines(b))
	changed := func(edit string) bool { return edit[0] != ' ' }
	if !slices.ContainsFunc(edits, changed) {
		return ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", aName, bName)
	aLine, bLine := 1, 1 // of edits[0]
	for {
		begin := slices.IndexFunc(edits, changed)
		if begin < 0 {
			return out.String()
		}
		end := begin // behind the last change that is near enough to the one before
		for i := begin; i < min(len(edits), end+2*around+1); i++ {
			if changed(edits[i]) {
				end = i + 1
			}
		}
		skip, stop := max(begin-around, 0), min(end+around, len(edits))
		hunk := strings.Join(edits[skip:stop], "\n") + "\n"
		added, removed := strings.Count("\n"+hunk, "\n+"), strings.Count("\n"+hunk, "\n-")
		aLine, bLine = aLine+skip, bLine+skip
		aCount, bCount := stop-skip-added, stop-skip-removed
		fmt.Fprintf(&out, "@@ -%d,%d +%d,%d @@\n%s", aLine, aCount, bLine, bCount, hunk)
		aLine, bLine, edits = aLine+aCount, bLine+bCount, edits[stop:]
	}
}

// script is how the lines of a become those of b: each with ' ', '-' or '+'
// before it. It takes time and memory for the product of what lies between
// their common beginning and end, which after an edit is little; where it is
// much, all of it counts as changed.
func script(a, b []string) (edits []string) {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		edits, a, b = append(edits, " "+a[0]), a[1:], b[1:]
	}
	var tail []string
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail, a, b = append(tail, " "+a[len(a)-1]), a[:len(a)-1], b[:len(b)-1]
	}
	common := make([][]int, len(a)+1) // [i][j]: the most lines that a[i:] and b[j:] have in common
	for i := len(a); i >= 0 && len(a)*len(b) < 1<<22; i-- {
		common[i] = make([]int, len(b)+1)
		for j := len(b) - 1; j >= 0 && i < len(a); j-- {
			if common[i][j] = max(common[i+1][j], common[i][j+1]); a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			edits, i, j = append(edits, " "+a[i]), i+1, j+1
		case i < len(a) && (j == len(b) || common[i] == nil || common[i+1][j] >= common[i][j+1]):
			edits, i = append(edits, "-"+a[i]), i+1
		default:
			edits, j = append(edits, "+"+b[j]), j+1
		}
	}
	slices.Reverse(tail)
	return append(edits, tail...)
}
