package main

import (
	"bytes"
	"fmt"
	"time"

	"gopkg.in/yaml.v3"

	"reconciler/desired"
	"reconciler/internal/hostile"
)

// parses measures how long state.yaml takes to be read, or refused, against the
// YAML library alone on the same bytes: of all hostile documents the one that
// takes longest, and the one that takes longest beside the library. Those that
// are refused at their full length for what they hold are tried shorter, too.
func parses(rounds int) []row {
	var slowest, dearest row
	most := 0.0
	for _, size := range []int{hostile.Size, hostile.Size / 2, hostile.Size / 4, hostile.Size / 8, hostile.Size / 16} {
		for _, d := range hostile.Documents(size) {
			var of []pair
			for range rounds {
				of = append(of, pair{
					raw:  timed(func() { _ = yaml.NewDecoder(bytes.NewReader(d.Source)).Decode(&yaml.Node{}) }),
					ours: timed(func() { _, _ = desired.Parse("state.yaml", d.Source) }),
				})
			}
			r := compare(fmt.Sprintf(" (%s, %d KiB)", d.Name, len(d.Source)>>10), of)
			var took []float64
			for _, p := range of {
				took = append(took, p.ours.Seconds())
			}
			if t := median(took); t > most {
				most, slowest = t, r
			}
			if r.ratio > dearest.ratio && of[0].raw > 5*time.Millisecond { // else it is beside nothing
				dearest = r
			}
		}
	}
	slowest.what, slowest.goal = "read state.yaml, longest"+slowest.what, "≤ 0.2s"
	dearest.what, dearest.goal = "read state.yaml, worst ratio"+dearest.what, "≤ 3"
	return []row{slowest, dearest}
}

func timed(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}
