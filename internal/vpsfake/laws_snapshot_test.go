package vpsfake

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const settle = 30 * time.Second

// lostCreate sends a create whose answer is lost, before or after its effect.
func lostCreate(h *harness, kind FaultKind) {
	h.t.Helper()
	h.SetFault(Fault{Kind: kind, Op: OpCreateSnapshot, Times: 1})
	h.cutOff("POST", "/api/v1/snapshots/", createBody(web01, "a"))
}

func TestLaw1AnHonestRetryBreaksNothing(t *testing.T) {
	h := start(t, Options{Settle: settle})
	lostCreate(h, LostBefore)
	h.clock.pass(settle)
	h.rows("/api/v1/snapshots/?server_id=101")
	h.create(web01, "a")
	assert.Empty(t, h.Violations())
	assert.Empty(t, h.Duplicates())
}

func TestLaw1ASecondCreateNeedsAListAfterSettle(t *testing.T) {
	list := func(path string) func(*harness) { return func(h *harness) { h.rows(path) } }
	wait := func(d time.Duration) func(*harness) { return func(h *harness) { h.clock.pass(d) } }
	cases := map[string]struct {
		steps []func(*harness)
		laws  []int
	}{
		"at once":                        {nil, []int{1}},
		"waited, no list":                {[]func(*harness){wait(settle)}, []int{1}},
		"list, no wait":                  {[]func(*harness){list("/api/v1/snapshots/")}, []int{1}},
		"list too early, then wait":      {[]func(*harness){wait(settle / 2), list("/api/v1/snapshots/"), wait(settle)}, []int{1}},
		"list of another server":         {[]func(*harness){wait(settle), list("/api/v1/snapshots/?server_id=102")}, []int{1}},
		"list of the account":            {[]func(*harness){wait(settle), list("/api/v1/snapshots/")}, []int{}},
		"waited, then list, then a wait": {[]func(*harness){wait(settle), list("/api/v1/snapshots/?server_id=101"), wait(settle)}, []int{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := start(t, Options{Settle: settle})
			lostCreate(h, LostBefore)
			for _, step := range c.steps {
				step(h)
			}
			h.create(web01, "a")
			assert.Equal(t, c.laws, h.laws(), h.Violations())
		})
	}
}

func TestLaw1AListThatFailedIsNoLook(t *testing.T) {
	h := start(t, Options{Settle: settle})
	lostCreate(h, LostBefore)
	h.clock.pass(settle)
	h.SetFault(Fault{Kind: Error500First, Op: OpListSnapshots, Times: 1})
	h.call("GET", "/api/v1/snapshots/", "")
	h.create(web01, "a")
	assert.Equal(t, []int{1}, h.laws())
}

func TestLaw1EveryAmbiguousAnswerCounts(t *testing.T) {
	for _, fault := range []Fault{{Kind: Error500First}, {Kind: HTML502}, {Kind: LostBefore}, {Kind: Hang, Duration: time.Millisecond}} {
		h := start(t, Options{Settle: settle})
		fault.Op, fault.Times = OpCreateSnapshot, 1
		h.SetFault(fault)
		_, _ = tryCreate(h)
		h.create(web01, "a")
		assert.Equal(t, []int{1}, h.laws(), fault.Kind)
	}
	for _, clear := range []Fault{{Kind: TooMany}, {Kind: Unauthorized}} {
		h := start(t, Options{Settle: settle})
		clear.Op, clear.Times = OpCreateSnapshot, 1
		h.SetFault(clear)
		_, _ = tryCreate(h)
		h.create(web01, "a")
		assert.Empty(t, h.Violations(), "%s is a clear no", clear.Kind)
	}
}

func TestLaw1AnotherNameOrServerIsNoRetry(t *testing.T) {
	h := start(t, Options{Settle: settle})
	lostCreate(h, LostBefore)
	h.create(web01, "b")
	h.create(web02, "a")
	assert.Empty(t, h.Violations())
}

func TestLaw1ADuplicateIsSeen(t *testing.T) {
	h := start(t, Options{})
	h.create(web01, "a")
	second := h.create(web01, "a")
	assert.Equal(t, []int{1}, h.laws())
	require.Len(t, h.Duplicates(), 1)
	assert.Equal(t, second, h.Duplicates()[0].ID)
}

func TestLaw1ADuplicateBehindAPagedListIsSeen(t *testing.T) {
	h := start(t, Options{Settle: settle})
	h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "old"})
	lostCreate(h, LostAfter)
	h.SetFault(Fault{Kind: Paged, PageSize: 1})
	h.clock.pass(settle)
	h.rows("/api/v1/snapshots/?server_id=101") // only the first page
	h.create(web01, "a")
	assert.Equal(t, []int{1}, h.laws())
}

func TestLaw1NotEverythingOfOneNameIsADuplicate(t *testing.T) {
	h := start(t, Options{})
	h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "a", Description: "by hand"})
	h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "a", Description: "managed-by=safepoint run=r0"})
	h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "a", Description: managed, Status: "failed"})
	h.AddSnapshot(SnapshotSpec{ServerID: web02, Name: "a", Description: managed})
	h.create(web01, "a")
	assert.Empty(t, h.Violations())
	assert.Empty(t, h.Duplicates())
}

func TestLaw1AListThatLagsLongerThanSettleExcusesADuplicateUntilItIsRemoved(t *testing.T) {
	h := start(t, Options{Settle: settle})
	lostCreate(h, LostAfter)
	h.SetFault(Fault{Kind: ListLags, Duration: 2 * settle, Times: 1})
	h.clock.pass(settle)
	h.rows("/api/v1/snapshots/")
	second := h.create(web01, "a")
	assert.Empty(t, h.Violations())
	assert.Len(t, h.Duplicates(), 1, "still to be removed")
	h.clock.pass(defaultSnapshotTime)
	assert.Equal(t, 204, h.delete(second).status)
	assert.Empty(t, h.Violations(), "the newest completed one may go when it is a duplicate")
	assert.Empty(t, h.Duplicates())
}

func TestLaw4OnlyOursIsDeleted(t *testing.T) {
	old := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		spec SnapshotSpec
		laws []int
	}{
		"ours":                     {SnapshotSpec{Description: managed}, []int{}},
		"ours, failed":             {SnapshotSpec{Description: managed, Status: "failed"}, []int{}},
		"by hand":                  {SnapshotSpec{Description: "please keep"}, []int{4}},
		"the marker inside a word": {SnapshotSpec{Description: "not-managed-by=safepoint"}, []int{4}},
		"protected":                {SnapshotSpec{Description: managed + " protect=true"}, []int{4}},
		"in progress":              {SnapshotSpec{Description: managed, Status: "in_progress"}, []int{4}},
		"of an unknown status":     {SnapshotSpec{Description: managed, Status: "archiving"}, []int{4}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := start(t, Options{})
			c.spec.ServerID, c.spec.CreatedAt = web01, old
			id := h.AddSnapshot(c.spec)
			h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "newest"})
			h.delete(id)
			assert.Equal(t, c.laws, h.laws(), h.Violations())
			h.delete(9999)
			assert.Equal(t, c.laws, h.laws(), "what is not there breaks nothing")
		})
	}
}

func TestLaw4TheNewestCompletedOneStays(t *testing.T) {
	h := start(t, Options{})
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	newest := h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "a", Description: managed, CreatedAt: at.Add(time.Hour)})
	older := h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "b", Description: managed, CreatedAt: at})
	h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "c", Description: managed, CreatedAt: at.Add(2 * time.Hour), Status: "failed"})
	h.delete(older)
	assert.Empty(t, h.Violations())
	h.SetFault(Fault{Kind: Error500First, Times: 1})
	h.delete(newest)
	assert.Equal(t, []int{4}, h.laws(), "sending it is enough")
}

func TestLaw12NoCreateWhenFiveExist(t *testing.T) {
	h := start(t, Options{})
	for i := range maxSnapshots - 1 {
		h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: fmt.Sprint("s", i)})
	}
	h.create(web01, "fifth")
	assert.Empty(t, h.Violations())
	h.call("POST", "/api/v1/snapshots/", createBody(web01, "sixth"))
	assert.Equal(t, []int{12}, h.laws())
}
