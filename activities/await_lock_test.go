package activities

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// lockWorld makes activities that see the runs; nil means that there is no lock.
func lockWorld(runs ...run) (*Activities, *fakeLocks) {
	f := &fakeLocks{runs: map[string]run{}}
	for _, r := range runs {
		f.runs[r.workflowID] = r
	}
	a, _ := newActivities(&fakeAPI{})
	a.locks = f
	return a, f
}

// brief makes the graces short enough to wait for.
func brief(r *run) { r.writeGrace, r.changeGrace = 30*time.Millisecond, 60*time.Millisecond }

func awaitLock(t *testing.T, a *Activities, wait bool, timeout time.Duration) contract.AwaitLockResult {
	t.Helper()
	got, err := execute[contract.AwaitLockResult](t, a, a.AwaitLock, contract.AwaitLockInput{
		ServerID: testServer, OwnWorkflowID: askerID, Wait: wait, Timeout: contract.Duration(timeout),
	})
	require.NoError(t, err)
	return got
}

func TestALockThatDoesNotExistIsFree(t *testing.T) {
	a, f := lockWorld()
	assert.True(t, awaitLock(t, a, true, time.Minute).Free)
	assert.Empty(t, f.taken())
}

func TestALiveHolderIsNamedAtOnceWithoutWait(t *testing.T) {
	a, f := lockWorld(lockRun(running), holderRun(running, "change"))
	got := awaitLock(t, a, false, time.Hour)
	assert.False(t, got.Free)
	assert.Equal(t, contract.LockHolder{WorkflowID: holderID, RunID: "h1", Type: "SnapshotUpdateVerify", Phase: "change"}, got.Holder)
	assert.NotEmpty(t, got.Detail)
	assert.Empty(t, f.taken(), "a live holder is never robbed")
}

func TestALiveHolderIsWaitedForUntilTheTimeIsOver(t *testing.T) {
	a, f := lockWorld(lockRun(running), holderRun(running, "hold"))
	got := awaitLock(t, a, true, 40*time.Millisecond)
	assert.False(t, got.Free)
	assert.Equal(t, holderID, got.Holder.WorkflowID)
	assert.Empty(t, f.taken())
}

func TestAWaiterNoticesAtOnceThatTheLockClosed(t *testing.T) {
	a, f := lockWorld(lockRun(running), holderRun(running, "commit"))
	a.pace.recheck = time.Hour // only the long poll can tell
	f.closed = make(chan struct{})
	f.onDescribe = func(n int, f *fakeLocks) {
		if n == 2 { // the first look is over
			f.runs[lockID] = lockRun(completed)
			close(f.closed)
		}
	}
	assert.True(t, awaitLock(t, a, true, time.Hour).Free)
	assert.Empty(t, f.taken())
}

func TestAHolderThatEndedIsNotCalledBusyAndItsLockIsGivenTheChanceToClose(t *testing.T) {
	a, f := lockWorld(lockRun(running), holderRun(completed, "done"))
	f.onDescribe = func(n int, f *fakeLocks) {
		if n == 5 {
			f.runs[lockID] = lockRun(completed)
		}
	}
	assert.True(t, awaitLock(t, a, false, time.Hour).Free)
	assert.Empty(t, f.taken())
}

func TestTheLockOfADeadHolderIsTerminatedByRunIDAfterTheGrace(t *testing.T) {
	for phase, grace := range map[string]time.Duration{"rollback": 30 * time.Millisecond, "change": 60 * time.Millisecond} {
		t.Run(phase, func(t *testing.T) {
			a, f := lockWorld(lockRun(running, brief), holderRun(terminated, phase))
			begun := time.Now()
			assert.True(t, awaitLock(t, a, false, time.Hour).Free)
			assert.GreaterOrEqual(t, time.Since(begun), grace)
			assert.Equal(t, []string{lockID + " l1"}, f.taken())
		})
	}
}

func TestTheLockOfAnEarlierRunOfTheSameRunbookIsTakenAfterTheLongerGrace(t *testing.T) {
	byMe := func(r *run) { r.parentID, r.parentRunID = askerID, "before-the-reset" }
	me := func(r *run) { r.workflowID, r.runID = askerID, testRun }
	a, f := lockWorld(lockRun(running, brief, byMe), holderRun(running, "lock", me))
	begun := time.Now()
	assert.True(t, awaitLock(t, a, true, time.Hour).Free)
	assert.GreaterOrEqual(t, time.Since(begun), 60*time.Millisecond)
	assert.Equal(t, []string{lockID + " l1"}, f.taken())
}

func TestALockClosedByForceIsFreeOnlyAfterTheGraceAndIsNotTerminatedAgain(t *testing.T) {
	a, f := lockWorld(lockRun(terminated, brief), holderRun(running, "verify"))
	begun := time.Now()
	assert.True(t, awaitLock(t, a, false, time.Hour).Free)
	assert.GreaterOrEqual(t, time.Since(begun), 30*time.Millisecond)
	assert.Empty(t, f.taken())
}

func TestAHolderThatComesBackDuringTheGraceKeepsItsLock(t *testing.T) {
	a, f := lockWorld(lockRun(running), holderRun(terminated, "verify"))
	f.onDescribe = func(n int, f *fakeLocks) {
		if n == 5 { // somebody reset the holder: its new run is alive
			f.runs[holderID] = holderRun(running, "verify", func(r *run) { r.runID = "h2" })
		}
	}
	got := awaitLock(t, a, false, time.Hour)
	assert.False(t, got.Free)
	assert.Equal(t, "h2", got.Holder.RunID)
	assert.Empty(t, f.taken())
}

func TestTheGraceResumesWhereADeadWorkerStopped(t *testing.T) {
	a, f := lockWorld(lockRun(running), holderRun(terminated, "verify"))
	env := newEnv(t, a)
	env.SetHeartbeatDetails(beat[lockWait]{
		Elapsed: contract.Duration(10 * time.Minute), State: lockWait{StaleRunID: "l1", StaleSince: contract.Duration(9 * time.Minute)},
	})
	got, err := runAs[contract.AwaitLockResult](t, env, a.AwaitLock,
		contract.AwaitLockInput{ServerID: testServer, OwnWorkflowID: askerID, Timeout: contract.Duration(time.Hour)})
	require.NoError(t, err)
	assert.True(t, got.Free)
	assert.Equal(t, []string{lockID + " l1"}, f.taken())
}

func TestALockThatClosedByItselfMeanwhileIsFree(t *testing.T) {
	a, f := lockWorld(lockRun(running, brief), holderRun(terminated, "verify"))
	f.termErr = serviceerror.NewNotFound("workflow execution already completed")
	assert.True(t, awaitLock(t, a, false, time.Hour).Free)
}

func TestALockThatCannotBeTakenOrReadIsNotFree(t *testing.T) {
	t.Parallel()
	a, f := lockWorld(lockRun(running, brief), holderRun(terminated, "verify"))
	f.termErr = errors.New("no permission")
	got := awaitLock(t, a, false, 2*time.Second) // long after the grace, also on a slow machine
	assert.False(t, got.Free)
	assert.Contains(t, got.Detail, "no permission")

	a, f = lockWorld()
	f.err = errTemporalDown
	got = awaitLock(t, a, true, 20*time.Millisecond)
	assert.False(t, got.Free)
	assert.Contains(t, got.Detail, "temporal is down")
}

func TestAStaleLockWhoseGraceIsLongerThanTheTimeSaysWhenItMayBeTaken(t *testing.T) {
	a, f := lockWorld(lockRun(running), holderRun(terminated, "change"))
	got := awaitLock(t, a, true, 30*time.Millisecond)
	assert.False(t, got.Free)
	assert.Regexp(t, "may be taken in (40m|39m5[0-9]s)", got.Detail, "less what was waited")
	assert.Empty(t, f.taken())
}

func TestLockGraceIsTheLongerOneUnlessThePhaseIsKnownToBeQuiet(t *testing.T) {
	in := contract.LockGraceInput{
		HolderWorkflowID: holderID, HolderRunID: "h1",
		WriteGrace: contract.Duration(shortGrace), ChangeGrace: contract.Duration(longGrace),
	}
	for name, c := range map[string]struct {
		holder run
		err    error
		want   time.Duration
	}{
		"in its change":   {holderRun(terminated, "change"), nil, longGrace},
		"while verifying": {holderRun(terminated, "verify"), nil, shortGrace},
		"in its rollback": {holderRun(running, "rollback"), nil, shortGrace},
		"done":            {holderRun(completed, "done"), nil, shortGrace},
		"phase not known": {holderRun(terminated, "surprise"), nil, longGrace},
		"no phase":        {holderRun(terminated, ""), nil, longGrace},
		"not found":       {run{}, nil, longGrace},
		"another run":     {holderRun(running, "verify", func(r *run) { r.runID = "h2" }), nil, longGrace},
		"cannot be asked": {holderRun(terminated, "verify"), errTemporalDown, longGrace},
	} {
		t.Run(name, func(t *testing.T) {
			a, f := lockWorld(c.holder)
			f.err = c.err
			got, err := execute[contract.LockGraceResult](t, a, a.LockGrace, in)
			require.NoError(t, err)
			assert.Equal(t, c.want, got.Grace.Std())
			assert.NotEmpty(t, got.Detail)
		})
	}
	a, _ := lockWorld(holderRun(terminated, "verify"))
	got, err := execute[contract.LockGraceResult](t, a, a.LockGrace, contract.LockGraceInput{HolderWorkflowID: holderID, HolderRunID: "h1"})
	require.NoError(t, err)
	assert.Equal(t, contract.WriteGrace, got.Grace.Std(), "no grace said: never none")
}
