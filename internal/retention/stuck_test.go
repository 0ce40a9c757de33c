package retention_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

func TestOursThatAreNotReadyInTimeAreLateAndOursThatFailedAreNamedOldestFirst(t *testing.T) {
	foreign := func(s contract.Snapshot) contract.Snapshot {
		s.Description = "by hand"
		return s
	}
	late, failed := retention.Stuck([]contract.Snapshot{
		status(aged(1, 31*time.Minute), "in_progress"),
		status(aged(2, 30*time.Minute), "in_progress"), // exactly the time-out
		status(aged(3, 5*time.Hour), "archiving"),
		status(aged(4, 5*time.Hour), ""),
		aged(5, 5*time.Hour),
		status(aged(6, time.Minute), "error"),
		status(aged(7, 5*time.Hour), "failed"),
		foreign(status(aged(8, 5*time.Hour), "in_progress")),
		foreign(status(aged(9, 5*time.Hour), "failed")),
		with(status(aged(10, 5*time.Hour), "failed"), func(s *contract.Snapshot) { s.Description = "managed-by=safepoint policy=updates" }),
		with(status(aged(11, 5*time.Hour), "failed"), func(s *contract.Snapshot) { s.Name = "pre-updates-7" }),
		status(aged(12, -5*time.Hour), "in_progress"), // of the future
		with(status(aged(13, 0), "in_progress"), func(s *contract.Snapshot) { s.CreatedAt = time.Time{} }),
	}, update, now, 30*time.Minute)
	assert.Equal(t, []int64{3, 4, 1}, ids(late))
	assert.Equal(t, []int64{7, 6}, ids(failed))
}

func TestNothingIsLateByATimeThatIsNotKnownAndAPolicyWithoutANameOwnsNothing(t *testing.T) {
	list := []contract.Snapshot{
		status(aged(1, 5*time.Hour), "in_progress"), status(aged(3, 5*time.Hour), "failed"),
		with(status(ours(2), "failed"), func(s *contract.Snapshot) { s.CreatedAt = time.Time{} }),
		with(status(aged(4, 5*time.Hour), "failed"), func(s *contract.Snapshot) { s.Name, s.Description = "-x", "managed-by=safepoint" }),
	}
	for _, at := range []struct {
		now     time.Time
		timeout time.Duration
	}{{time.Time{}, time.Minute}, {now, 0}, {now, -time.Minute}} {
		late, failed := retention.Stuck(list, update, at.now, at.timeout)
		assert.Empty(t, late)
		assert.Equal(t, []int64{2, 3}, ids(failed), "these need no clock; by id where a time is missing")
	}
	late, failed := retention.Stuck(list, retention.Policy{KeepLast: 1}, now, time.Minute)
	assert.Empty(t, late)
	assert.Empty(t, failed)
}
