package metrics

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"reconciler/reconcile"
)

// crowd is metrics of which it is counted how often they are gathered, and how
// often at once. A gather takes no time, but waits for hold, unless it is nil.
type crowd struct {
	*Metrics
	gathers, now, most atomic.Int64
	hold               chan struct{}
	services           []reconcile.Tracked
}

func newCrowd(services ...reconcile.Tracked) *crowd {
	return &crowd{Metrics: New(Options{Version: "v1", LogDropped: func() int64 { return 0 }}), services: services}
}

func (c *crowd) Known() reconcile.Known {
	c.gathers.Add(1)
	c.most.Store(max(c.most.Load(), c.now.Add(1)))
	defer c.now.Add(-1)
	if c.hold != nil {
		<-c.hold
	}
	return reconcile.Known{Project: "shop", Services: c.services}
}

func (c *crowd) Queue() (depth int, oldest time.Duration) { return 0, 0 }

func TestManyScrapesAtOnceAreOneGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(service("web"))
		c.hold = make(chan struct{})
		handler := c.Handler(c)
		var all sync.WaitGroup
		bodies := make(chan string, 64)
		for range 64 {
			all.Go(func() {
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
				bodies <- w.Body.String()
			})
		}
		synctest.Wait()
		close(c.hold)
		all.Wait()
		first := <-bodies
		for range 63 {
			if other := <-bodies; other != first {
				t.Fatal("they were told different things")
			}
		}
		if c.gathers.Load() != 1 || c.most.Load() != 1 || !strings.Contains(first, `reconciler_service_ready{project="shop",service="web"} 0`) {
			t.Errorf("%d gathers for 64 scrapes, %d at once: %.200s", c.gathers.Load(), c.most.Load(), first)
		}
		time.Sleep(sharedFor - time.Millisecond) // of the bubble's clock
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil))
		if n := c.gathers.Load(); n != 1 {
			t.Errorf("%d gathers within %s", n, sharedFor)
		}
		time.Sleep(time.Millisecond)
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil))
		if n := c.gathers.Load(); n != 2 {
			t.Errorf("%d gathers after %s", n, sharedFor)
		}
	})
}

func TestAScrapeThatFindsNoRoomSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd()
		c.hold = make(chan struct{})
		handler := c.Handler(c)
		var all sync.WaitGroup
		all.Go(func() { handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil)) })
		synctest.Wait()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil)) // the bubble's clock goes on
		if w.Code != 503 || w.Header().Get("Retry-After") != "1" || w.Header().Get("Content-Type") != "application/problem+json" ||
			!strings.Contains(w.Body.String(), `"type":"busy"`) {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
		close(c.hold)
		all.Wait()
	})
}

func TestAScrapeIsToldInTheFormatThatItTakes(t *testing.T) {
	const text, open = "text/plain; version=0.0.4; charset=utf-8", "application/openmetrics-text; version=1.0.0; charset=utf-8"
	const old = "application/openmetrics-text; version=0.0.1; charset=utf-8"
	// What Prometheus 3 asks with.
	const prometheus3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5," +
		"application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
	c := newCrowd(service("web"))
	handler := c.Handler(c)
	for accept, want := range map[string]string{
		"": text, "*/*": text, "text/html": text, "application/openmetrics-text": old, "application/openmetrics-text;version=1.0.0": open,
		prometheus3: open, "text/plain": text, "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited": text,
	} {
		for _, coding := range []string{"", "gzip"} {
			r := httptest.NewRequest("GET", "/metrics", nil)
			r.Header.Set("Accept", accept)
			r.Header.Set("Accept-Encoding", coding)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			var body io.Reader = w.Body
			if w.Header().Get("Content-Encoding") == "gzip" {
				var err error
				if body, err = gzip.NewReader(body); err != nil {
					t.Fatal(err)
				}
			}
			said, err := io.ReadAll(body)
			if err != nil || w.Header().Get("Content-Type") != want || w.Header().Get("Content-Encoding") != coding ||
				strings.HasSuffix(string(said), "# EOF\n") != (want != text) || !strings.Contains(string(said), "reconciler_service_ready{") {
				t.Errorf("Accept %q, coding %q: %v, %v, %.100s", accept, coding, w.Header(), err, said)
			}
			if vary := fmt.Sprint(w.Header().Values("Vary")); vary != "[Accept Accept-Encoding]" {
				t.Errorf("Vary: %s", vary)
			}
		}
	}
}
