package vpsfake

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func fill(h *harness, n int) {
	for i := range n {
		h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: fmt.Sprint("s", i)})
	}
}

// follow reads a list to its end and counts the pages.
func follow(t *testing.T, h *harness, path string) (names []string, pages int) {
	t.Helper()
	for path != "" {
		r := h.call("GET", path, "")
		require.Equal(t, 200, r.status, path)
		for _, row := range r.body["results"].([]any) {
			names = append(names, row.(map[string]any)["name"].(string))
		}
		pages++
		next, _ := r.body["next"].(string)
		path = strings.TrimPrefix(next, h.base)
	}
	return names, pages
}

func TestAPagedListIsWholeWhenFollowed(t *testing.T) {
	h := start(t, Options{PageSize: 2})
	fill(h, 5)
	names, pages := follow(t, h, "/api/v1/snapshots/?server_id=101")
	assert.Equal(t, []string{"s0", "s1", "s2", "s3", "s4"}, names)
	assert.Equal(t, 3, pages)
	assert.Equal(t, 404, h.call("GET", "/api/v1/snapshots/?page=4", "").status)
	assert.Equal(t, float64(5), h.call("GET", "/api/v1/snapshots/?page=2", "").body["count"])
}

func TestTheFirstPageOfNothingIsAnEmptyList(t *testing.T) {
	h := start(t, Options{PageSize: 2})
	r := h.call("GET", "/api/v1/snapshots/", "")
	assert.Equal(t, float64(0), r.body["count"])
	assert.Empty(t, r.body["results"])
	assert.NotContains(t, r.body, "next")
	assert.Equal(t, 404, h.call("GET", "/api/v1/snapshots/?page=2", "").status)
}

func TestAListOfExactlyOnePageHasNoNext(t *testing.T) {
	h := start(t, Options{PageSize: 2})
	fill(h, 2)
	_, pages := follow(t, h, "/api/v1/snapshots/")
	assert.Equal(t, 1, pages)
}

func TestThePagedFaultCutsOneListIntoEqualPages(t *testing.T) {
	h := start(t, Options{})
	fill(h, 4)
	h.SetFault(Fault{Kind: Paged, Op: OpListSnapshots, PageSize: 3, Times: 1})
	names, pages := follow(t, h, "/api/v1/snapshots/")
	assert.Len(t, names, 4)
	assert.Equal(t, 2, pages)
	_, pages = follow(t, h, "/api/v1/snapshots/")
	assert.Equal(t, 1, pages, "the fault is used up")
}

func TestATruncatedListCountsMoreThanItShows(t *testing.T) {
	for rows := range 4 {
		for _, keep := range []int{0, 1, 9} {
			t.Run(fmt.Sprintf("%d rows, keep %d", rows, keep), func(t *testing.T) {
				h := start(t, Options{})
				fill(h, rows)
				h.SetFault(Fault{Kind: Truncated, PageSize: keep})
				r := h.call("GET", "/api/v1/snapshots/", "")
				assert.Greater(t, int(r.body["count"].(float64)), len(r.body["results"].([]any)))
				assert.NotContains(t, r.body, "next")
			})
		}
	}
}
