package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestTheLossIsSaidInPlainWords(t *testing.T) {
	taken := time.Date(2025, 1, 15, 18, 30, 0, 0, time.UTC)
	cases := map[string]struct {
		age  time.Duration
		want string
	}{
		"minutes":       {37*time.Minute + 59*time.Second, "37 minutes of writes since are lost"},
		"one minute":    {time.Minute, "1 minute of writes since are lost"},
		"seconds":       {59 * time.Second, "less than a minute of writes since are lost"},
		"the moment":    {0, "less than a minute of writes since are lost"},
		"an hour":       {time.Hour, "1 hour of writes since are lost"},
		"hours":         {5*time.Hour + time.Minute, "5 hours and 1 minute of writes since are lost"},
		"a day":         {24 * time.Hour, "1 day of writes since are lost"},
		"days":          {3*24*time.Hour + 4*time.Hour + 59*time.Minute, "3 days and 4 hours of writes since are lost"},
		"in the future": {-time.Second, "every write since is lost"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := lossSentence(contract.Snapshot{CreatedAt: taken}, taken.Add(c.age))
			assert.Equal(t, "the disk goes back to 2025-01-15 18:30 UTC, "+c.want, got)
		})
	}
}

func TestWithoutTheAPIsClockOnlyTheTimeIsSaid(t *testing.T) {
	taken := time.Date(2025, 1, 15, 20, 30, 0, 0, time.FixedZone("", 2*3600))
	assert.Equal(t, "the disk goes back to 2025-01-15 18:30 UTC, every write since is lost", lossSentence(contract.Snapshot{CreatedAt: taken}, time.Time{}))
	assert.Equal(t, "the disk goes back to when the snapshot was taken (the API does not say when), every write since is lost",
		lossSentence(contract.Snapshot{}, taken))
}
