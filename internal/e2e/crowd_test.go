package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// crowdSize is how many clients flip, each its own service; saves is how often
// an editor saves meanwhile.
const (
	crowdSize = 20
	saves     = 12
)

// crowdFlips is how many flips they make together: RECONCILER_FLIPS, else 2000.
func crowdFlips(t *testing.T) int {
	t.Helper()
	text := os.Getenv("RECONCILER_FLIPS")
	if text == "" {
		return 2000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("RECONCILER_FLIPS: %v", err)
	}
	return n
}

// crowdDocument has a comment of its own on each line.
func crowdDocument() string {
	var b strings.Builder
	b.WriteString("# save 0\nversion: 1 # one\nproject: crowd\n\nservices: # all of them\n")
	for i := range crowdSize {
		fmt.Fprintf(&b, "  # service %d, 服务\n  c%d:   stopped\t# keep %d\n", i, i, i)
	}
	return b.String()
}

// said is one flip that was answered with success.
type said struct {
	service, want, digest string
}

// crowd is what the clients, the editors and the revisions said.
type crowd struct {
	t    *testing.T
	d    *daemon
	file string

	mu      sync.Mutex
	flips   []said
	refused map[string]int
	saves   []string      // the texts that editors saved
	more    chan struct{} // closed when one more flip was answered
}

// TestNoFlipAndNoSaveIsLostInACrowd lets clients flip while editors save, each
// in its way. What was answered with success is in a revision, and in the file
// unless a later revision says otherwise; what an editor saved is a revision,
// byte for byte.
func TestNoFlipAndNoSaveIsLostInACrowd(t *testing.T) {
	file := write(t, crowdDocument())
	d := run(t, "", file, "--engine", "sim", "--log-level", "warn")
	d.ready()
	c := &crowd{t: t, d: d, file: file, refused: map[string]int{}, more: make(chan struct{})}
	h := follow(t, filepath.Join(filepath.Dir(file), ".reconciler", "revisions"))

	var clients, editors sync.WaitGroup
	over := make(chan struct{})
	each := crowdFlips(t) / crowdSize
	editors.Go(func() { c.edit(h, each*crowdSize/saves, over) })
	began := time.Now()
	for i := range crowdSize {
		clients.Go(func() { c.flip(i, each) })
	}
	clients.Wait()
	took := time.Since(began)
	close(over)
	editors.Wait()
	all := h.end()

	final, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	last := all[len(all)-1]
	if string(final) != last.text {
		t.Errorf("the file isn't the last revision, %d by %s:\n%s", last.generation, last.actor, final)
	}
	c.judge(all)
	if len(c.flips) < each*crowdSize*9/10 || len(c.saves) < saves/2 {
		t.Errorf("only %d flips were made and %d saves: too few to prove anything; refused: %v", len(c.flips), len(c.saves), c.refused)
	}
	t.Logf("%d flips by %d clients, %d saves, %d revisions in %s; refused: %v", len(c.flips), crowdSize, len(c.saves), len(all), took.Round(time.Millisecond), c.refused)
}

// flip flips one service to and fro.
func (c *crowd) flip(i, times int) {
	service := fmt.Sprintf("c%d", i)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for n := range times {
		want := []string{"running", "stopped"}[n%2]
		req, err := http.NewRequest("PUT", c.d.url+"/v1/services/"+service+"/state", strings.NewReader(want))
		if err != nil {
			c.t.Error(err)
			return
		}
		req.Header.Set("Content-Type", "text/plain")
		res, err := client.Do(req)
		if err != nil {
			c.t.Errorf("%s: %v", service, err)
			return
		}
		res.Body.Close()
		c.mu.Lock()
		if res.StatusCode/100 == 2 {
			c.flips = append(c.flips, said{service, want, strings.Trim(res.Header.Get("ETag"), `"`)})
		} else {
			c.refused[res.Status]++
		}
		close(c.more)
		c.more = make(chan struct{})
		c.mu.Unlock()
	}
}

// edit saves the file again and again, each time in another way: after so many
// more flips, or so that there is one at the end.
func (c *crowd) edit(h *revisions, flips int, over chan struct{}) {
	ways := []func(text string) error{c.moved, c.inPlace, c.slowly}
	for n := 1; ; n++ {
		now, err := os.ReadFile(c.file)
		if err != nil {
			c.t.Error(err)
			return
		}
		_, rest, _ := strings.Cut(string(now), "\n")
		text := fmt.Sprintf("# save %d\n%s", n, rest)
		if err := ways[n%len(ways)](text); err != nil {
			c.t.Error(err)
			return
		}
		c.mu.Lock()
		c.saves = append(c.saves, text)
		c.mu.Unlock()
		if !h.await(text) {
			c.t.Errorf("save %d never became a revision", n)
			return
		}
		if !c.until(n*flips, over) {
			return
		}
	}
}

// until waits for so many answers in all; false: all flips are over.
func (c *crowd) until(answers int, over chan struct{}) bool {
	for {
		c.mu.Lock()
		now, more := len(c.flips), c.more
		for _, n := range c.refused {
			now += n
		}
		c.mu.Unlock()
		if now >= answers {
			return true
		}
		select {
		case <-more:
		case <-over:
			return false
		}
	}
}

func (c *crowd) moved(text string) error {
	other := c.file + ".new"
	if err := os.WriteFile(other, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(other, c.file)
}

func (c *crowd) inPlace(text string) error { return os.WriteFile(c.file, []byte(text), 0o644) }

// slowly writes a piece at a time into the file that is open all the while.
func (c *crowd) slowly(text string) error {
	f, err := os.OpenFile(c.file, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for len(text) > 0 {
		n := min(100, len(text))
		if _, err := f.WriteString(text[:n]); err != nil {
			return err
		}
		text = text[n:]
		<-tick.C
	}
	return nil
}

var serviceLine = regexp.MustCompile(`(?m)^  (c\d+):   (running|stopped)\t`)

// judge holds what was said against the revisions.
func (c *crowd) judge(all []revision) {
	byDigest := make(map[string]int) // digest → the last revision that has it
	states := make([]map[string]string, len(all))
	for i, r := range all {
		byDigest[r.digest] = i
		states[i] = make(map[string]string)
		for _, m := range serviceLine.FindAllStringSubmatch(r.text, -1) {
			states[i][m[1]] = m[2]
		}
		if got, want := comments(r.text), comments(crowdDocument()); got != want {
			c.t.Fatalf("revision %d lost a comment:\n%s", r.generation, r.text)
		}
	}
	last := make(map[string]said)
	for _, f := range c.flips {
		i, known := byDigest[f.digest]
		if !known || states[i][f.service] != f.want {
			c.t.Errorf("%s was answered with success, but %s is not in the revision of that ETag (known: %v)", f.want, f.service, known)
		}
		last[f.service] = f
	}
	for service, f := range last {
		if states[len(all)-1][service] == f.want {
			continue
		}
		if !overruled(all[byDigest[f.digest]+1:], states[byDigest[f.digest]+1:], f) {
			c.t.Errorf("%s: %s is not in the file, and no later save says otherwise", service, f.want)
		}
	}
	texts := make(map[string]bool)
	for _, r := range all {
		texts[r.text] = true
	}
	for i, text := range c.saves {
		if !texts[text] {
			c.t.Errorf("save %d is in no revision", i+1)
		}
	}
}

// overruled reports whether an editor's later save has another state.
func overruled(later []revision, states []map[string]string, f said) bool {
	for i, r := range later {
		if r.actor == "file" && states[i][f.service] != f.want {
			return true
		}
	}
	return false
}

// comments are the document without what may change: the number of the save
// and the states.
func comments(text string) string {
	_, rest, _ := strings.Cut(text, "\n")
	return serviceLine.ReplaceAllString(rest, "  $1:   -\t")
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
