package activities

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// otherServer is one that onlyTestServer does not allow.
const otherServer = testServer + 1

// limited makes activities that may touch the test server only.
func limited(api API) *Activities {
	a, gate := newActivities(api)
	b := New(Options{API: api, Watch: &scriptWatch{}, Gate: gate, Egress: localEgress(), Servers: onlyTestServer{}, PollInterval: time.Millisecond})
	b.pace = a.pace
	return b
}

func TestEveryCallAboutAServerThatIsNotListedIsRefusedBeforeItIsSent(t *testing.T) {
	api := readyAPI()
	r := Restrict(api, onlyTestServer{})
	for name, call := range map[string]func(serverID int64) error{
		"get server": func(id int64) error { _, err := r.GetServer(t.Context(), id); return err },
		"start":      func(id int64) error { return r.StartServer(t.Context(), id) },
		"stop":       func(id int64) error { return r.StopServer(t.Context(), id) },
		"list snapshots": func(id int64) error {
			_, err := r.ListSnapshots(t.Context(), vpsorg.ListSnapshotsOpts{ServerID: id})
			return err
		},
		"create": func(id int64) error {
			_, err := r.CreateSnapshot(t.Context(), vpsorg.CreateSnapshotOpts{ServerID: id})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, call(testServer))
			before := len(api.sent())
			for _, id := range []int64{otherServer, -testServer} {
				err := call(id)
				require.ErrorContains(t, err, fmt.Sprintf("server %d is not in the worker's SAFEPOINT_ALLOW_SERVERS", id))
				assert.True(t, vpsorg.IsNotSent(err))
				assert.False(t, vpsorg.IsAmbiguous(err))
				assert.Equal(t, contract.WriteRefused, answer(err).Outcome, "a clear no")
				var app *temporal.ApplicationError
				require.ErrorAs(t, readError(t.Context(), err), &app)
				assert.True(t, app.NonRetryable())
			}
			assert.Len(t, api.sent(), before)
		})
	}
	_, err := r.Me(t.Context())
	require.NoError(t, err)
}

func TestASnapshotIsWrittenToOnlyWhenAListSaysThatItsServerIsAllowed(t *testing.T) {
	api := readyAPI()
	api.snapshots = append(api.snapshots, vpsorg.Snapshot{ID: 9, ServerID: otherServer, Status: "completed"})
	r := Restrict(api, onlyTestServer{})
	writes := map[string]func(id int64) error{
		"restore": func(id int64) error { _, err := r.RestoreSnapshot(t.Context(), id); return err },
		"delete":  func(id int64) error { return r.DeleteSnapshot(t.Context(), id) },
	}
	for name, write := range writes {
		require.ErrorContains(t, write(1), "no list says of which server snapshot 1 is", name)
	}
	listed, err := r.ListSnapshots(t.Context(), vpsorg.ListSnapshotsOpts{})
	require.NoError(t, err)
	assert.Len(t, listed, 2, "what is of other servers is nobody's business")
	for name, write := range writes {
		require.NoError(t, write(1), name)
		err := write(9)
		require.ErrorContains(t, err, "snapshot 9: server 8 is not in", name)
		assert.Equal(t, contract.WriteRefused, answer(err).Outcome)
		require.Error(t, write(10), name)
	}
	assert.ElementsMatch(t, []string{"restore", "delete"}, api.sent())
}

func TestAListThatLacksASnapshotDoesNotForgetItsServer(t *testing.T) {
	api := readyAPI()
	r := Restrict(api, onlyTestServer{})
	_, err := r.ListSnapshots(t.Context(), vpsorg.ListSnapshotsOpts{ServerID: testServer})
	require.NoError(t, err)
	api.snapshots = api.snapshots[1:] // an answer that was on its way before the last one
	_, err = r.ListSnapshots(t.Context(), vpsorg.ListSnapshotsOpts{})
	require.NoError(t, err)
	_, err = r.RestoreSnapshot(t.Context(), 1)
	require.NoError(t, err)
}

func TestTheMemoryOfSnapshotsIsBoundedAndKeepsTheRecentOnes(t *testing.T) {
	r := &restricted{api: readyAPI(), servers: onlyTestServer{}, recent: map[int64]int64{}}
	for id := range int64(3 * mostRecent) {
		r.remember([]vpsorg.Snapshot{{ID: id + 1, ServerID: testServer}})
	}
	assert.LessOrEqual(t, len(r.recent)+len(r.older), 2*mostRecent)
	_, err := r.RestoreSnapshot(t.Context(), 3*mostRecent)
	require.NoError(t, err)
	_, err = r.RestoreSnapshot(t.Context(), 2*mostRecent+1)
	require.NoError(t, err)
}

func TestEveryServerOfARunbookMeansEveryOneThatIsListed(t *testing.T) {
	api := readyAPI()
	r := Restrict(api, onlyTestServer{})
	for id, want := range map[int64]int{testServer: 1, otherServer: 0} {
		api.server.ID = id
		servers, err := r.ListServers(t.Context(), vpsorg.ListServersOpts{})
		require.NoError(t, err)
		assert.Len(t, servers, want)
	}
}

func TestAnErrorOfTheAPIPassesThroughWithoutAList(t *testing.T) {
	api := readyAPI()
	api.readErr = apiSays(500)
	r := Restrict(api, onlyTestServer{})
	list, err := r.ListSnapshots(t.Context(), vpsorg.ListSnapshotsOpts{})
	require.ErrorIs(t, err, api.readErr)
	assert.Nil(t, list)
	servers, err := r.ListServers(t.Context(), vpsorg.ListServersOpts{})
	require.ErrorIs(t, err, api.readErr)
	assert.Nil(t, servers)
}

func TestAWaitForAServerThatIsNotListedSeesNothingButTheRefusal(t *testing.T) {
	t.Parallel()
	a := limited(readyAPI())
	a.pace.firstLook = waitedOutAfterALook // the refusal is the one look
	got, err := execute[contract.AwaitSnapshotResult](t, a, a.AwaitSnapshot, contract.AwaitSnapshotInput{
		Own: contract.OwnSnapshot{ServerID: otherServer, Name: testName, RunID: "run-1"}, Timeout: contract.Duration(50 * time.Millisecond),
	})
	require.NoError(t, err)
	assert.Equal(t, contract.AwaitTimedOut, got.State)
	assert.Contains(t, got.Detail, "SAFEPOINT_ALLOW_SERVERS")

	feed := a.watch.Server(otherServer)
	look, err := feed.Next(t.Context())
	require.NoError(t, err)
	require.ErrorIs(t, look.Err, vpsorg.ErrInvalidArgument)
	feed.Close()
	feed.Close()
	_, err = feed.Next(t.Context())
	require.Error(t, err, "there is no second look")
	assert.IsType(t, &scriptFeed[contract.Server]{}, a.watch.Server(testServer), "an allowed one is watched")
	assert.IsType(t, &scriptFeed[[]contract.Snapshot]{}, a.watch.Snapshots(testServer))
}
