package activities

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// A backup is a write like the others: every test of the fence holds for it too.
func init() {
	everyWrite["back up"] = func(t *testing.T, a *Activities, fence contract.Fence) contract.WriteAnswer {
		r, err := execute[contract.CreateBackupResult](t, a, a.CreateBackup,
			contract.CreateBackupInput{Fence: fence, ServerID: testServer, Description: "d"})
		require.NoError(t, err)
		return r.Answer
	}
}

// backup is a manual backup of the test server.
func backup(id int64, status, description string) vpsorg.Backup {
	return vpsorg.Backup{ID: id, ServerID: testServer, Type: vpsorg.BackupManual, Status: status, Description: description}
}

func TestAnAcceptedBackupIsCarriedAndAnyOtherAnswerCarriesNone(t *testing.T) {
	in := contract.CreateBackupInput{Fence: fenced(), ServerID: testServer, Description: "d"}
	for name, c := range map[string]struct {
		err  error
		want contract.WriteOutcome
	}{
		"accepted":      {nil, contract.WriteAccepted},
		"limit reached": {apiSays(400), contract.WriteRefused},
		"no server":     {apiSays(404), contract.WriteRefused},
		"token":         {apiSays(401), contract.WriteUnauthorized},
		"rate limit":    {apiSays(429), contract.WriteNotSent},
		"not sent":      {&vpsorg.Error{NotSent: true}, contract.WriteNotSent},
		"cut answer":    {mayHave(0), contract.WriteAmbiguous},
		"cut body":      {mayHave(201), contract.WriteAmbiguous},
		"server error":  {mayHave(502), contract.WriteAmbiguous},
	} {
		t.Run(name, func(t *testing.T) {
			api := &fakeAPI{madeBackup: backup(3, "in_progress", "d"), writeErr: c.err}
			a, _ := newActivities(api)
			got, err := execute[contract.CreateBackupResult](t, a, a.CreateBackup, in)
			require.NoError(t, err)
			assert.Equal(t, c.want, got.Answer.Outcome)
			assert.Equal(t, []string{"back up d"}, api.sent())
			if c.err == nil {
				assert.Equal(t, contract.Backup{ID: 3, ServerID: testServer, Status: contract.BackupInProgress, Description: "d"}, got.Backup)
			} else {
				assert.Zero(t, got.Backup)
			}
		})
	}
}

func TestABackupIsNotSentAgainAfterAResetUnlessThisRunLooked(t *testing.T) {
	for looked, want := range map[string]contract.WriteOutcome{
		testRun: contract.WriteAccepted, "the-second-run": contract.WriteAmbiguous, "": contract.WriteAmbiguous,
	} {
		fence := fenced()
		fence.OriginalRunID, fence.LookedRunID = "the-first-run", looked
		api := &fakeAPI{madeBackup: backup(3, "in_progress", "d")}
		a, _ := newActivities(api)
		assert.Equal(t, want, everyWrite["back up"](t, a, fence).Outcome, looked)
		assert.Len(t, api.sent(), map[bool]int{true: 1}[want == contract.WriteAccepted])
	}
}

func TestFindBackupCountsAllAndPicksOurs(t *testing.T) {
	ours := contract.BackupDescription("by test", testRun)
	api := &fakeAPI{backups: []vpsorg.Backup{
		backup(9, "in_progress", ours), backup(1, "completed", "by hand"), backup(2, "completed", ours),
		backup(3, "completed", contract.BackupDescription("", testRun+"2")), backup(4, "failed", ours),
		backup(5, "completed", "run="+testRun), backup(6, "completed", ours+strings.Repeat(" x", longestDescription)),
	}}
	a, _ := newActivities(api)
	a.settle = time.Hour // it is not waited for
	find := func(in contract.FindBackupInput) contract.FindBackupResult {
		in.ServerID = testServer
		got, err := execute[contract.FindBackupResult](t, a, a.FindBackup, in)
		require.NoError(t, err)
		assert.Equal(t, 7, got.Count)
		assert.Equal(t, []int64{1, 2, 3, 4, 5, 6, 9}, got.IDs)
		assert.Equal(t, testRun, got.RunID)
		return got
	}
	assert.Equal(t, []int64{4, 9}, backupIDs(find(contract.FindBackupInput{RunID: testRun, KnownIDs: []int64{2}}).Ours))
	assert.Empty(t, find(contract.FindBackupInput{RunID: "r"}).Ours, "never by a part of the run id")
	assert.Empty(t, find(contract.FindBackupInput{}).Ours)
}

func backupIDs(list []contract.Backup) []int64 {
	var all []int64
	for _, b := range list {
		all = append(all, b.ID)
	}
	return all
}

func TestFindBackupAsksForTheManualOnesOfTheServer(t *testing.T) {
	asked := make(chan vpsorg.ListBackupsOpts, 1)
	a, _ := newActivities(&askedAPI{asked: asked})
	got, err := execute[contract.FindBackupResult](t, a, a.FindBackup, contract.FindBackupInput{ServerID: testServer, RunID: testRun})
	require.NoError(t, err)
	assert.Equal(t, vpsorg.ListBackupsOpts{ServerID: testServer, Type: vpsorg.BackupManual}, <-asked)
	assert.Zero(t, got.Count)
	assert.NotNil(t, got.IDs)
}

// askedAPI tells what was asked for.
type askedAPI struct {
	fakeAPI
	asked chan vpsorg.ListBackupsOpts
}

func (f *askedAPI) ListBackups(_ context.Context, o vpsorg.ListBackupsOpts) ([]vpsorg.Backup, error) {
	f.asked <- o
	return nil, nil
}

func TestFindBackupLooksOnlyAfterTheListHasSettledAndUntilItIsWhole(t *testing.T) {
	var firstList atomic.Int64
	var lists atomic.Int32
	begun := time.Now()
	api := &fakeAPI{listBackups: func() ([]vpsorg.Backup, error) {
		firstList.CompareAndSwap(0, int64(time.Since(begun)))
		if lists.Add(1) < 3 {
			return nil, &vpsorg.Error{Status: 200, Err: vpsorg.ErrNotWhole}
		}
		return []vpsorg.Backup{backup(4, "in_progress", contract.BackupDescription("", testRun))}, nil
	}}
	a, _ := newActivities(api)
	got, err := execute[contract.FindBackupResult](t, a, a.FindBackup,
		contract.FindBackupInput{ServerID: testServer, RunID: testRun, Settle: true, Timeout: contract.Duration(time.Minute)})
	require.NoError(t, err, "a list that is not whole is asked for again, never taken for absence")
	assert.Equal(t, []int64{4}, backupIDs(got.Ours))
	assert.GreaterOrEqual(t, time.Duration(firstList.Load()), a.settle)
}

func TestFindBackupEndsWithAFinalErrorWhenNobodyCanKnow(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		class string
	}{
		"the user's time is over": {apiSays(503), contract.ErrUnavailable},
		"the list is never whole": {&vpsorg.Error{Status: 200, Err: vpsorg.ErrNotWhole}, contract.ErrUnavailable},
		"the token":               {apiSays(401), contract.ErrUnauthorized},
		"no such server":          {apiSays(404), contract.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := newActivities(&fakeAPI{readErr: c.err})
			_, err := execute[contract.FindBackupResult](t, a, a.FindBackup,
				contract.FindBackupInput{ServerID: testServer, RunID: testRun, Timeout: contract.Duration(20 * time.Millisecond)})
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			assert.Equal(t, c.class, app.Type())
			assert.True(t, app.NonRetryable())
		})
	}
}

func TestTheServersOfAWorkerBoundItsBackupsToo(t *testing.T) {
	theirs := backup(2, "completed", "")
	theirs.ServerID = 8
	api := &fakeAPI{backups: []vpsorg.Backup{backup(1, "completed", ""), theirs}, madeBackup: backup(3, "in_progress", ""), now: time.Unix(9, 0)}
	r := Restrict(api, onlyTestServer{})
	list, err := r.ListBackups(t.Context(), vpsorg.ListBackupsOpts{})
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.EqualValues(t, 1, list[0].ID)
	_, err = r.CreateBackup(t.Context(), vpsorg.CreateBackupOpts{ServerID: testServer})
	require.NoError(t, err)
	require.Len(t, api.sent(), 1)

	_, err = r.ListBackups(t.Context(), vpsorg.ListBackupsOpts{ServerID: 8})
	require.ErrorIs(t, err, vpsorg.ErrInvalidArgument)
	_, err = r.CreateBackup(t.Context(), vpsorg.CreateBackupOpts{ServerID: 8})
	require.ErrorIs(t, err, vpsorg.ErrInvalidArgument)
	assert.Len(t, api.sent(), 1, "nothing was sent")
	now, known := r.Now()
	assert.True(t, known)
	assert.Equal(t, time.Unix(9, 0), now)
}

// onlyTestServer allows one server.
type onlyTestServer struct{}

func (onlyTestServer) Allows(serverID int64) bool { return serverID == testServer }
