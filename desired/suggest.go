package desired

import (
	"fmt"
	"strings"
)

// The limits of a suggestion: it is a courtesy, which may cost next to nothing.
const (
	maxSuggestable = 64   // bytes of a word that may have been meant otherwise
	maxCandidates  = 1000 // with which it is compared
	maxDistance    = 6    // letters by which they differ are fewer
)

// Suggest is `; did you mean "…"?`, or nothing where nothing is near. It looks
// at the first maxCandidates of known only, and at no word that is too long to
// be one of them, so that its cost has a bound, whatever it is asked.
func Suggest(word string, known []string) string {
	if len(word) > maxSuggestable {
		return ""
	}
	best, limit := "", min(len(word)/3+2, maxDistance)
	for _, k := range known[:min(len(known), maxCandidates)] {
		if len(word) > 2 && len(k) <= maxSuggestable && strings.HasPrefix(k, word) {
			best = k
			break
		}
		if d := editDistance(word, k, limit); d < limit {
			best, limit = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// editDistance is Levenshtein's, or limit where it is not below that: only what
// is near the diagonal is looked at, and no more once all of it is too far.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = min(j, limit)
	}
	for i := 1; i <= len(a); i++ {
		from, to := max(1, i-limit), min(len(b), i+limit)
		diagonal := row[from-1]
		row[from-1] = limit
		if from == 1 {
			row[0] = min(i, limit)
		}
		nearest := row[from-1]
		for j := from; j <= to; j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			above := limit
			if j < i+limit {
				above = row[j]
			}
			diagonal, row[j] = row[j], min(above+1, row[j-1]+1, diagonal+cost, limit)
			nearest = min(nearest, row[j])
		}
		if nearest >= limit {
			return limit
		}
	}
	return row[len(b)]
}
