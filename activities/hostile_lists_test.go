package activities

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
	"github.com/safepoint-dev/safepoint/internal/watch"
)

// liar is an API that answers every listing with the same page, whichever server it was asked about.
type liar struct {
	*httptest.Server
	mu     sync.Mutex
	writes []string
}

func newLiar(t *testing.T, page string) *liar {
	t.Helper()
	l := &liar{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			l.mu.Lock()
			l.writes = append(l.writes, r.Method+" "+r.URL.Path)
			l.mu.Unlock()
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_, _ = io.WriteString(w, page)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *liar) requireUnwritten(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	require.Empty(t, l.writes, "something was written on the strength of a lie")
}

// activities are those of a worker whose API it is: the real client, and the real poller.
func (l *liar) activities(t *testing.T, few int) *Activities {
	t.Helper()
	client, err := vpsorg.New(vpsorg.Options{BaseURL: l.URL, Token: "vps_token-of-the-test", RateLimit: 1e6})
	require.NoError(t, err)
	a, _ := newActivities(client)
	a.watch = NewWatcher(watch.New(client, watch.Options{Interval: 5 * time.Millisecond, FewServers: few}))
	return a
}

// lookalike is a snapshot that says of itself all that the run's own would say.
func lookalike(id int64, server string) string {
	return fmt.Sprintf(`{"id": %d, %s, "name": %q, "status": "completed", "created_at": "2025-01-15T18:30:00Z", "description": %q}`,
		id, server, testName, description(testRun, "update"))
}

// lies are lists for the server 7. Nothing in them is its own, or what is cannot be told.
func lies() map[string]string {
	newer := strings.Replace(lookalike(900, `"server": {"id": 8}`), "2025-01-15", "2025-01-16", 1)
	return map[string]string{
		"another server's":           `{"count": 2, "results": [` + lookalike(801, `"server": {"id": 8, "name": "web-server-07"}`) + `, ` + newer + `]}`,
		"another server's, by field": `{"count": 2, "results": [` + lookalike(801, `"server_id": 8`) + `, ` + newer + `]}`,
		"of two servers":             `{"count": 1, "results": [` + lookalike(801, `"server": {"id": 8}, "server_id": 7`) + `]}`,
		"a server given twice":       `{"count": 1, "results": [` + lookalike(801, `"server": {"id": 8}, "server": {"id": 7}`) + `]}`,
		"a server's id given twice":  `{"count": 1, "results": [` + lookalike(801, `"server": {"id": 8, "id": 7}`) + `]}`,
		"one id of two servers":      `{"count": 2, "results": [` + lookalike(801, `"server": {"id": 8}`) + `, ` + lookalike(801, `"server": {"id": 7}`) + `]}`,
		"no server":                  `{"count": 1, "results": [` + lookalike(801, `"server": {"name": "web-server-07"}`) + `]}`,
		"a server's name as its id":  `{"count": 1, "results": [` + lookalike(801, `"server": "7"`) + `]}`,
		"a count that hides others":  `{"count": 1, "results": [` + newer + `], "results": [` + lookalike(801, `"server": 7`) + `]}`,
	}
}

func TestNothingOfAnotherServerIsEverAdoptedRestoredOrDeleted(t *testing.T) {
	own := contract.OwnSnapshot{ServerID: testServer, Name: testName, RunID: testRun}
	for name, page := range lies() {
		t.Run(name, func(t *testing.T) {
			api := newLiar(t, page)
			a := api.activities(t, 3)

			found, err := execute[contract.FindSnapshotResult](t, a, a.ListSnapshots, contract.FindSnapshotInput{Own: own})
			assert.Empty(t, found.Ours)
			assert.Empty(t, found.All)
			whole := strings.HasPrefix(name, "another server's")
			assert.Equal(t, whole, err == nil, "only a list that is whole says that there is none: %v", err)

			restored, err := execute[contract.RestoreSnapshotResult](t, a, a.RestoreSnapshot,
				contract.RestoreSnapshotInput{Fence: fenced(), ServerID: testServer, SnapshotID: 801})
			require.NoError(t, err)
			assert.NotEqual(t, contract.WriteAccepted, restored.Answer.Outcome)
			assert.NotEqual(t, contract.WriteAmbiguous, restored.Answer.Outcome, "nothing was sent")

			deletion := deletable(fenced())
			deletion.SnapshotID = 801
			deleted, err := execute[contract.DeleteSnapshotResult](t, a, a.DeleteSnapshot, deletion)
			require.NoError(t, err)
			assert.Equal(t, whole, deleted.Deleted, "of the server 7 it is gone; from a list that proves nothing it is not")
			api.requireUnwritten(t)
		})
	}
}

// The shared poller asks about one server, or for the whole account; neither makes another server's snapshot ours.
func TestAWaitNeverEndsWithAnotherServersSnapshot(t *testing.T) {
	own := contract.OwnSnapshot{ServerID: testServer, Name: testName, RunID: testRun}
	for _, few := range []int{3, -1} {
		for name, page := range lies() {
			t.Run(fmt.Sprintf("%s/%d", name, few), func(t *testing.T) {
				a := newLiar(t, page).activities(t, few)
				a.pace.firstLook = waitedOut
				got, err := execute[contract.AwaitSnapshotResult](t, a, a.AwaitSnapshot,
					contract.AwaitSnapshotInput{Own: own, ID: 801, Timeout: contract.Duration(50 * time.Millisecond)})
				require.NoError(t, err)
				assert.NotEqual(t, contract.AwaitDone, got.State)
				assert.Zero(t, got.Snapshot.ID)
				assert.Empty(t, got.Twins)
				assert.Empty(t, got.All)
			})
		}
	}
}

// A snapshot's time may lie outside what JSON can say once it is written in UTC, and its name may be megabytes: such a
// row makes its list unreadable by name, and not the activity's result by accident.
func TestARowThatCannotTravelMakesTheListUnreadable(t *testing.T) {
	good := lookalike(801, `"server": 7`)
	for name, row := range map[string]string{
		"a time past the last year":     strings.Replace(good, "2025-01-15T18:30:00Z", "9999-12-31T23:59:59-23:59", 1),
		"a time before the first":       strings.Replace(good, "2025-01-15T18:30:00Z", "0000-01-01T00:00:00+23:59", 1),
		"a name of megabytes":           strings.Replace(good, testName, strings.Repeat("n", 3<<20), 1),
		"a status of megabytes":         strings.Replace(good, `"completed"`, `"`+strings.Repeat("s", 3<<20)+`"`, 1),
		"a description of megabytes":    strings.Replace(good, `"description": "`, `"description": "`+strings.Repeat("d", 3<<20), 1),
		"many fields that nobody reads": strings.Replace(good, `"id"`, `"x": "`+strings.Repeat("x", 3<<20)+`", "id"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			a := newLiar(t, `{"count": 1, "results": [`+row+`]}`).activities(t, 3)
			found, err := execute[contract.FindSnapshotResult](t, a, a.ListSnapshots,
				contract.FindSnapshotInput{Own: contract.OwnSnapshot{ServerID: testServer, Name: testName, RunID: testRun}})
			if strings.HasPrefix(name, "a description") || strings.HasPrefix(name, "many") {
				require.NoError(t, err)
				assert.Equal(t, strings.HasPrefix(name, "many"), len(found.Ours) == 1, "a description that is too long says nothing")
				return
			}
			require.Error(t, err)
			assert.ErrorContains(t, err, "row 1")
			assert.Less(t, len(err.Error()), 2000)
		})
	}
}
