package retention_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// Part by time and part by id is no order at all: what it calls the newest hangs on how the API happened to sort its list.
func TestWithAMissingTimeTheOrderIsByIDHoweverTheListIsSorted(t *testing.T) {
	dated := func(id, minute int64) contract.Snapshot {
		return with(ours(id), func(s *contract.Snapshot) { s.CreatedAt = at(minute) })
	}
	undated := with(ours(2), func(s *contract.Snapshot) { s.CreatedAt = time.Time{} })
	a, b, c := dated(1, 9), undated, dated(3, 5)
	for _, list := range [][]contract.Snapshot{{a, b, c}, {a, c, b}, {b, a, c}, {b, c, a}, {c, a, b}, {c, b, a}} {
		plan, err := retention.Apply(list, update, retention.Options{})
		require.NoError(t, err)
		var order []int64
		for _, d := range plan.Decisions {
			order = append(order, d.Snapshot.ID)
		}
		assert.Equal(t, []int64{3, 2, 1}, order, "the list came as %v", ids(list))
	}
}
