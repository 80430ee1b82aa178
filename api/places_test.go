package api

import (
	"bufio"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestWhoWaitsLeavesRoomForOthers: waits and streams together never take all
// connections; one wait more is answered at once, one stream more is refused.
func TestWhoWaitsLeavesRoomForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := serving(newWorld(t))
		began := time.Now()
		waits := make(chan time.Duration, maxHeld+1)
		for range maxHeld + 1 {
			c := l.dial()
			if _, err := io.WriteString(c, patientStop); err != nil {
				t.Fatal(err)
			}
			go func() {
				if answer, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || answer.StatusCode != http.StatusAccepted {
					t.Errorf("%v, %v", answer, err)
				}
				waits <- time.Since(began)
			}()
		}
		synctest.Wait()
		if len(waits) != 1 {
			t.Errorf("%d are answered at once, not 1", len(waits))
		}
		if late := watch(t, l.dial(), "", ""); late.answer.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a stream: %d", late.answer.StatusCode)
		}
		for range maxHeld + 1 {
			if took := <-waits; took != 0 && took != 2*time.Minute {
				t.Errorf("answered after %s", took)
			}
		}
		watch(t, l.dial(), "", "").expect(t, pinged)
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}
