package metrics

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"reconciler/internal/rendering"
)

// A scrape is made at most once in sharedFor, and one at a time; all who ask
// meanwhile are told the same. What they hold together is room at most.
const (
	sharedFor = time.Second
	room      = 8 << 20
)

// formats are the formats that are spoken, the first for whoever wants none of
// them.
var formats = []expfmt.Format{expfmt.FmtText, expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtOpenMetrics_0_0_1}

// formatFor is the format that the client wants. How names are escaped, which
// it may say too, makes no difference to ours.
func formatFor(h http.Header) expfmt.Format {
	wanted := string(expfmt.NegotiateAccept(h, formats...))
	for _, f := range formats {
		if strings.HasPrefix(wanted, string(f)) {
			return f
		}
	}
	return formats[0]
}

// Handler serves the metrics, with those of the source's services. A scrape for
// which there is no room is answered with 503 and a problem (docs/http.md).
func (m *Metrics) Handler(of Source) http.Handler {
	press := rendering.New(room)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		format := formatFor(r.Header)
		answer, err := press.Make(r.Context(), rendering.Order{Key: string(format), Write: func(to io.Writer) (rendering.Made, error) {
			began := m.now()
			return rendering.Made{Still: func() bool { return m.now().Sub(began) < sharedFor }}, m.write(to, format, of)
		}})
		switch {
		case errors.Is(err, rendering.ErrBusy):
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Retry-After", strconv.Itoa(rendering.RetryAfter))
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, `{"type":"busy","title":"Service Unavailable","status":503,"detail":"%v; ask again in a moment"}`+"\n", err)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			defer answer.Close()
			w.Header().Set("Content-Type", string(format))
			w.Header().Add("Vary", "Accept")
			answer.Serve(w, r, http.StatusOK, true)
		}
	})
}

// gatherers are what is told now, in parts: of the services one name at a time,
// so that only that is held while it is written.
func (m *Metrics) gatherers(of Source) prometheus.Gatherers {
	all := prometheus.Gatherers{m.registry}
	for _, f := range m.services(of) {
		r := prometheus.NewRegistry()
		r.MustRegister(f)
		all = append(all, r)
	}
	return all
}

// write writes what is told now.
func (m *Metrics) write(to io.Writer, format expfmt.Format, of Source) error {
	encoder := expfmt.NewEncoder(to, format)
	for _, from := range m.gatherers(of) {
		families, err := from.Gather()
		if err != nil {
			return fmt.Errorf("gather the metrics: %w", err)
		}
		for _, family := range families {
			if err := encoder.Encode(family); err != nil {
				return fmt.Errorf("write the metrics: %w", err)
			}
		}
	}
	if end, ok := encoder.(expfmt.Closer); ok {
		return end.Close()
	}
	return nil
}
