package api

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// at is a connection from the address that has been at that phase for so long.
func at(address string, p phase, long time.Duration) *connection {
	return &connection{holding: holding{address: address, phase: p, since: evictedAt.Add(-long), theirs: true}}
}

// ours is one that has just come, or gone on, and waits for us.
func ours(p phase, long time.Duration) *connection {
	c := at("a", p, 900*ms)
	c.turn, c.theirs = evictedAt.Add(-long), false
	return c
}

// theirs is one that came a while ago and has said nothing for so long.
func theirs(p phase, long time.Duration) *connection {
	c := ours(p, long)
	c.theirs = true
	return c
}

// unread is one that is answered, whose reader hasn't read for so long.
func unread(address string, long time.Duration) *connection {
	c := at(address, working, time.Hour)
	c.writing = evictedAt.Add(-long)
	return c
}

var evictedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const ms = time.Millisecond

// TestWhoGoesWhereADoorIsFull: held are four of four, and one more comes.
func TestWhoGoesWhereADoorIsFull(t *testing.T) {
	for _, c := range []struct {
		name  string
		held  []*connection
		leave []int
		what  admission
	}{
		{"the oldest idle one", []*connection{at("a", unheard, 4*time.Second), at("a", idle, 1*time.Second), at("a", idle, 2*time.Second), unread("a", 9*time.Second)}, []int{2}, enters},
		{"an idle one of this moment, rather than one that is silent for long", []*connection{at("a", unheard, 4*time.Second), at("a", idle, 0), at("a", working, 0), at("a", working, 0)}, []int{1}, enters},
		{"the oldest that has said nothing", []*connection{at("a", sending, 9*time.Second), at("a", unheard, 2*time.Second), at("a", unheard, 3*time.Second), unread("a", 9*time.Second)}, []int{2}, enters},
		{"who doesn't end his body", []*connection{at("a", sending, 2*time.Second), at("a", working, 9*time.Second), unread("a", 9*time.Second), unread("a", 9*time.Second)}, []int{0}, enters},
		{"who doesn't read", []*connection{at("a", working, 9*time.Second), unread("a", 2*time.Second), unread("a", 3*time.Second), at("a", working, 0)}, []int{2}, enters},
		{"who is slow, rather than who has just come", []*connection{at("a", unheard, 999*ms), unread("a", time.Second), at("a", unheard, 0), at("a", sending, 0)}, []int{1}, enters},
		{"where none is slow yet the oldest, whatever it is at", []*connection{at("a", unheard, 1*ms), unread("a", 400*ms), at("a", sending, 300*ms), at("a", unheard, 200*ms)}, []int{1}, enters},
		{"who makes us wait for longest", []*connection{theirs(unheard, 2*ms), theirs(sending, 3*ms), theirs(unheard, 1*ms), ours(unheard, 49*ms)}, []int{1}, enters},
		{"who waits for us, but not at once", []*connection{ours(unheard, 49*ms), ours(sending, 50*ms), ours(unheard, 51*ms), ours(unheard, 1*ms)}, []int{2}, enters},
		{"nobody who has just spoken", []*connection{ours(unheard, 49*ms), ours(sending, 0), at("a", working, 0), at("a", working, 0)}, nil, waits},
		{"nobody whose request is being answered", []*connection{at("a", working, time.Hour), at("a", working, time.Minute), at("b", working, 0), at("c", working, 0)}, nil, waits},
		{"who holds most", []*connection{at("a", idle, 3*time.Second), at("b", unheard, 1*ms), at("b", unheard, 2*ms), at("c", idle, 4*time.Second)}, []int{2}, enters},
		{"who holds most of what may go", []*connection{at("a", working, 0), at("a", working, 0), at("a", unheard, 1*ms), at("b", unheard, 2*time.Second)}, []int{3}, enters},
		{"all that are idle for long, where it is half full", []*connection{at("a", idle, shortIdle), at("b", working, 0), at("b", idle, shortIdle+1), at("c", idle, shortIdle-1)}, []int{0, 2}, enters},
	} {
		leave, becomes := limits{most: 4, each: 4}.newcomer(c.held, "z", evictedAt)
		got := []int{}
		for _, one := range leave {
			got = append(got, slices.Index(c.held, one))
		}
		slices.Sort(got)
		if !slices.Equal(got, c.leave) || becomes != c.what {
			t.Errorf("%s: %v go and it %d, not %v and %d", c.name, got, becomes, c.leave, c.what)
		}
	}
}

// TestWhereThereIsRoomNobodyGoes, not even who is idle.
func TestWhereThereIsRoomNobodyGoes(t *testing.T) {
	held := []*connection{at("a", idle, time.Minute)}
	if leave, becomes := (limits{most: 4, each: 4}).newcomer(held, "a", evictedAt); len(leave) != 0 || becomes != enters {
		t.Errorf("%d go, and it %d", len(leave), becomes)
	}
}

// TestAnAddressHasItsShare: beyond it its own go, or the newcomer; this host has
// none.
func TestAnAddressHasItsShare(t *testing.T) {
	l := limits{most: 10, each: 2}
	own, other := at("a", unheard, 0), at("b", idle, time.Second)
	leave, becomes := l.newcomer([]*connection{other, own, at("a", working, 0)}, "a", evictedAt)
	if !slices.Equal(leave, []*connection{own}) || becomes != enters {
		t.Errorf("%d go, and it %d", len(leave), becomes)
	}
	leave, becomes = l.newcomer([]*connection{other, at("a", working, 0), at("a", working, 0)}, "a", evictedAt)
	if len(leave) != 0 || becomes != refused {
		t.Errorf("where all are answered %d go, and it %d", len(leave), becomes)
	}
	here := []*connection{{holding: holding{address: thisHost}}, {holding: holding{address: thisHost}}, {holding: holding{address: thisHost}}}
	if leave, becomes = l.newcomer(here, thisHost, evictedAt); len(leave) != 0 || becomes != enters {
		t.Errorf("of this host %d go, and it %d", len(leave), becomes)
	}
}

func TestWhoseAConnectionIs(t *testing.T) {
	for _, c := range []struct {
		remote net.Addr
		want   string
	}{
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 9), Port: 1}, thisHost},
		{&net.TCPAddr{IP: net.IPv6loopback, Port: 1}, thisHost},
		{&net.TCPAddr{IP: net.ParseIP("::ffff:127.0.0.1"), Port: 1}, thisHost},
		{&net.UnixAddr{Name: "@", Net: "unix"}, thisHost},
		{&net.UnixAddr{}, thisHost},
		{&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}, "10.0.0.1"},
		{&net.TCPAddr{IP: net.ParseIP("2001:db8:1:2:3::1"), Port: 1}, "2001:db8:1:2::/64"},
	} {
		if got := holderOf(c.remote); got != c.want {
			t.Errorf("%v is of %q, not %q", c.remote, got, c.want)
		}
	}
}

// TestDoorsLeaveDescriptorsToTheEngineAndTheFile, however few there are.
func TestDoorsLeaveDescriptorsToTheEngineAndTheFile(t *testing.T) {
	doors := []Door{open, {Address: "unix:r.sock", Grants: Flip}, {Address: "127.0.0.1:1", Metrics: true}}
	for _, c := range []struct {
		descriptors uint64
		want        []int
	}{
		{^uint64(0), []int{64, 64, 16}},
		{1024, []int{64, 64, 16}},
		{256, []int{64, 64, 16}},
		{240, []int{64, 64, 16}},
		{239, []int{63, 63, 15}},
		{168, []int{32, 32, 8}},
		{64, []int{4, 4, 4}},
		{0, []int{4, 4, 4}},
	} {
		got, all := []int{}, 0
		for _, l := range share(doors, c.descriptors) {
			got, all = append(got, l.most), all+l.most
			if l.each < 1 || l.each > l.most {
				t.Errorf("%d: an address may have %d of %d", c.descriptors, l.each, l.most)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("of %d descriptors the doors have %v, not %v", c.descriptors, got, c.want)
		}
		text := scarce(doors, share(doors, c.descriptors), c.descriptors)
		if (text == "") != (all == 144) || text != "" && !strings.Contains(text, "ulimit -n") {
			t.Errorf("of %d descriptors: %q", c.descriptors, text)
		}
	}
}
