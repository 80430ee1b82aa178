package plan

import (
	"hash/fnv"
	"strconv"
	"time"

	"reconciler/desired"
)

// crashDelay is the kubelet's curve: the first restart at once, then
// b.Initial, doubling, up to b.Max (KEP-4603).
func crashDelay(crashes int, b desired.RestartBackoff) time.Duration {
	if crashes <= 1 {
		return 0
	}
	return doubling(b.Initial, b.Max, crashes-2)
}

func doubling(first, most time.Duration, doublings int) time.Duration {
	d := first
	for range doublings {
		if d >= most/2 {
			return most
		}
		d *= 2
	}
	return min(d, most)
}

// jittered adds up to a tenth, by which many containers that failed together
// come back apart. It is drawn from its arguments alone, so that a decision
// can be repeated.
func jittered(d time.Duration, id string, attempt int) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id + strconv.Itoa(attempt))) // never fails
	return d + d/10*time.Duration(h.Sum32()%1000)/1000
}
