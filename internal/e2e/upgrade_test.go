package e2e

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/workflows"
)

// Temporal looks every three minutes whether a build is drained, and suggests to continue as new at 4,000 events: too
// long for a test, so the drills have a server that is quicker.
var quickVersions = []string{
	`matching.wv.VersionDrainageStatusVisibilityGracePeriod="1s"`, `matching.wv.VersionDrainageStatusRefreshInterval="1s"`,
	"limit.historyCount.suggestContinueAsNew=30",
}

// stopBar is how long a worker that has nothing in its hands may take to stop.
const stopBar = patience

// The upgrade that the README describes: B comes, is made current, and A is stopped when its last run has ended.
func TestUpgradeDrillARunThatIsPinnedEndsOnTheBuildThatItBeganOn(t *testing.T) {
	t.Parallel()
	began := time.Now()
	r := rigOnTemporal(t, quickVersions...)
	a := r.servesAs("a", "pinned")
	r.makeCurrent(a)
	flights := r.takeOff()
	b := r.servesAs("b", "pinned")
	flights = append(flights, r.takeOffLate()...)
	r.makeCurrent(b)
	underWay(t, flights)

	fresh := r.onGround()
	assert.Equal(t, []string{"b"}, fresh.r.buildsOf(fresh.id, fresh.runID))
	assert.Equal(t, []string{b.pid()}, fresh.r.workersOf(fresh.id, fresh.runID), "its waits too")
	assert.False(t, r.drained("a"), "runs are under way on it")
	landed(t, flights)
	for _, f := range flights {
		assert.Equal(t, []string{"a"}, f.r.buildsOf(f.id, f.runID), "%s: whatever it continued as too", f.phase)
		assert.Equal(t, []string{a.pid()}, f.r.workersOf(f.id, f.runID), "%s: its waits too", f.phase)
		if f.phase != "fleet" {
			continue
		}
		assert.NotEqual(t, f.runID, f.r.latest(f.id), "the fleet was continued")
		for _, target := range f.r.end(f.id, patience).Fleet.Targets {
			assert.Equal(t, []string{"a"}, f.r.buildsOf(target.WorkflowID, target.RunID), "a child begins where its parent is")
		}
	}

	r.eventually(patience, "a is drained", func() bool { return r.drained("a") })
	a.signal(syscall.SIGTERM)
	require.Equal(t, 0, a.exit(stopBar))
	last := r.onGround()
	assert.Equal(t, []string{"b"}, last.r.buildsOf(last.id, last.runID))
	r.keepOne(flights[0].id, "upgrade-pinned")
	t.Logf("the drill took %s", time.Since(began).Round(time.Second))
}

// With auto-upgrade the old build may be stopped as soon as the new one is current.
func TestUpgradeDrillARunThatUpgradesItselfEndsOnTheNewBuild(t *testing.T) {
	t.Parallel()
	began := time.Now()
	r := rigOnTemporal(t, quickVersions...)
	a := r.servesAs("a", "auto-upgrade")
	r.makeCurrent(a)
	flights := r.takeOff()
	b := r.servesAs("b", "auto-upgrade")
	flights = append(flights, r.takeOffLate()...)
	r.makeCurrent(b)
	underWay(t, flights)
	a.signal(syscall.SIGTERM)
	landed(t, flights)
	require.Equal(t, 0, a.exit(stopBar))
	for _, f := range flights {
		assert.Equal(t, []string{"a", "b"}, f.r.buildsOf(f.id, f.runID), "%s", f.phase)
	}
	fresh := r.onGround()
	assert.Equal(t, []string{"b"}, fresh.r.buildsOf(fresh.id, fresh.runID))
	assert.Equal(t, []string{b.pid()}, fresh.r.workersOf(fresh.id, fresh.runID))
	r.keepOne(flights[0].id, "upgrade-moved")
	t.Logf("the drill took %s", time.Since(began).Round(time.Second))
}

// Without versions a worker is replaced in place. The new one calls itself by another version and is made from the same
// source: this proves the hand-over of every kind of wait, not that new code replays what older code began. For that
// there are the recorded histories.
func TestUpgradeDrillWithoutVersionsTheNewWorkerTakesOverWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	began := time.Now()
	r := rigOnTemporal(t, quickVersions...)
	next := buildWorker(t, "v9.9.9-drill")
	a := r.serves()
	flights := append(r.takeOff(), r.takeOffLate()...)
	b := r.startsBuild(next)
	b.says("version=v9.9.9-drill", stopBar)
	underWay(t, flights)
	a.signal(syscall.SIGTERM)
	landed(t, flights)
	require.Equal(t, 0, a.exit(stopBar))
	for _, f := range flights {
		assert.Contains(t, f.r.workersOf(f.id, f.runID), b.pid(), "%s", f.phase)
		assert.Equal(t, []string{"none"}, f.r.buildsOf(f.id, f.runID), "%s", f.phase)
	}
	fresh := r.onGround()
	assert.Equal(t, []string{b.pid()}, fresh.r.workersOf(fresh.id, fresh.runID))
	t.Logf("the drill took %s", time.Since(began).Round(time.Second))
}

// The first versioned worker beside those without: nothing changes until it is made current, and then what is under way
// moves to it, as when a worker is replaced in place. The way back is a command too.
func TestUpgradeDrillVersioningIsTurnedOnAndOffWithoutARunThatHangs(t *testing.T) {
	t.Parallel()
	r := rigOnTemporal(t, quickVersions...)
	plain := r.serves()
	held := r.beside()
	held.held(held.id())
	a := r.servesAs("a", "pinned")
	fresh := r.onGround()
	assert.Equal(t, []string{plain.pid()}, fresh.r.workersOf(fresh.id, fresh.runID), "a is not current: nothing comes to it")
	assert.Equal(t, []string{"none"}, fresh.r.buildsOf(fresh.id, fresh.runID))

	r.makeCurrent(a)
	fresh = r.onGround()
	assert.Equal(t, []string{"a"}, fresh.r.buildsOf(fresh.id, fresh.runID))
	require.NoError(t, held.decide(held.id(), "d1", workflows.DecideRollback))
	held.rolledBack(held.end(held.id(), patience))
	assert.Equal(t, []string{"none", "a"}, held.buildsOf(held.id(), held.latest(held.id())), "what was under way moved to a")

	r.deployment("worker", "deployment", "set-current-version", "--deployment-name", drillDeployment, "--unversioned")
	fresh = r.onGround()
	assert.Equal(t, []string{"none"}, fresh.r.buildsOf(fresh.id, fresh.runID))
	assert.Equal(t, []string{plain.pid()}, fresh.r.workersOf(fresh.id, fresh.runID))
}

// A versioned worker alone is of no use until it is current: runs wait, and are taken up then.
func TestUpgradeDrillARunWaitsForTheFirstCurrentBuild(t *testing.T) {
	t.Parallel()
	r := rigOnTemporal(t, quickVersions...)
	a := r.servesAs("a", "pinned")
	r.start(r.id(), r.input(true, nil))
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) { // that nothing comes can only be waited for
		require.LessOrEqual(t, len(r.history(r.id()).Events), 2, "nobody takes it up")
	}
	r.makeCurrent(a)
	r.committed(r.end(r.id(), patience))
	assert.Equal(t, []string{"a"}, r.buildsOf(r.id(), r.latest(r.id())))
}
