package activities

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// A snapshot that the API dates ten years ahead would be young for ten years, and the audit green.
func TestASnapshotDatedInTheFutureProvesNoAge(t *testing.T) {
	const years = 9 * 365 * 24 * time.Hour
	a, _, _ := auditWorld(6,
		taken(11, 1, "completed", -years),                                        // nothing else
		taken(21, 2, "completed", -years), taken(22, 2, "completed", -time.Hour), // nothing else
		taken(31, 3, "completed", -years), taken(32, 3, "completed", 25*time.Hour), // the true newest is too old
		taken(41, 4, "completed", -years), taken(42, 4, "completed", time.Hour), // and here it is not
		taken(51, 5, "completed", -5*time.Minute),             // just made
		taken(61, 6, "completed", -5*time.Minute-time.Second), // no longer
	)
	got := auditWith(t, a)
	assert.Equal(t, []int64{1, 2, 6, 3}, serversOf(got.Stale))
	assert.Equal(t, "its only snapshot is dated in the future", got.Stale[0].Detail)
	assert.Equal(t, "its only 2 snapshots are dated in the future", got.Stale[1].Detail)
	assert.Contains(t, got.Stale[3].Detail, "25h old, more than 24h")
	assert.True(t, got.Stale[0].Newest.IsZero(), "no date is shown that is not true")
	assert.Equal(t, auditNow.Add(-25*time.Hour), got.Stale[3].Newest)
}

func TestSnapshotsDatedInTheFutureAreListedAsSuch(t *testing.T) {
	a, _, _ := auditWorld(2,
		taken(1, 1, "completed", -time.Hour), taken(2, 1, "in_progress", -time.Hour), taken(3, 1, "failed", -time.Hour),
		taken(4, 1, "completed", -time.Hour, handMade), taken(5, 1, "completed", -time.Hour, protectedOne),
		taken(6, 2, "completed", -time.Hour), taken(7, 1, "completed", -time.Minute),
	)
	got := auditWith(t, a, func(in *contract.AuditInput) { in.Selector = contract.Selector{Servers: []int64{1}} })
	assert.Equal(t, []int64{1, 2, 5}, snapshotIDs(got.Orphans), "a failed one goes whatever its date, and the other server was not chosen")
	for _, row := range got.Orphans {
		assert.Equal(t, "it is dated in the future: no policy removes it until then", row.Detail)
		assert.Equal(t, auditNow.Add(time.Hour), row.CreatedAt)
	}
	assert.Equal(t, "made by hand or by another program; dated in the future", got.Foreign[0].Detail)
	assert.Equal(t, "protected (protect=true); dated in the future", got.Protected[0].Detail)
}
