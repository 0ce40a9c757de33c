package e2e

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// settled takes a held run to its end by a person's word, and tries the job again after it.
func (j *job) settled(decision workflows.Decision, code int) workflows.Report {
	j.t.Helper()
	require.NoError(j.t, j.decide(j.id(), "decided", decision))
	report := j.end(j.id(), patience)
	j.triedAgain(code)
	j.lockFree()
	j.lawful()
	return report
}

func TestAGuardKilledBeforeItsGrantChangesNothing(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	var p *program
	j.inWaitAfter(vpsfake.OpCreateSnapshot, func() { p = j.starts(silentAfter(silence), aDeploy(j.change(true))) })
	p.signal(syscall.SIGKILL)
	<-p.done
	j.open()
	j.neverBegun()
}

// The grant is on its way to the guard, and never arrives.
func TestAGuardKilledBetweenItsGrantAndItsCommandChangesNothing(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	w := j.newWire()
	var p *program
	j.inWaitAfter(vpsfake.OpCreateSnapshot, func() { p = j.starts(silentAfter(silence), aDeploy(j.change(true))) })
	w.swallows()
	j.open()
	j.isGranted()
	p.signal(syscall.SIGKILL)
	<-p.done
	j.environ = nil
	j.neverBegun()
}

// neverBegun is the end of a guard that was granted the change and died before it confirmed that: nothing is held and
// nothing restored.
func (j *job) neverBegun() {
	j.t.Helper()
	report := j.end(j.id(), patience)
	require.Equal(j.t, contract.FailChangeNotStarted, report.Failure, "%+v", report)
	require.NotEmpty(j.t, report.Change.Runner, "it was granted the change")
	require.Zero(j.t, j.ran())
	require.Empty(j.t, j.requests(vpsfake.OpRestoreSnapshot))
	server, _ := j.state()
	require.Equal(j.t, "1.0.0", server.Version)
	j.triedAgain(1)
	j.lockFree()
	j.lawful()
}

func TestAGuardKilledDuringItsChangeIsRolledBackWhereTheServerIsRed(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	j.gate(vpsfake.OpRestoreSnapshot, "")
	p := j.starts(silentAfter(withBeats), aDeploy(j.change(false)+mark("changed")+await("never")))
	j.wrote("changed")
	p.signal(syscall.SIGKILL)
	j.whenSent(vpsfake.OpRestoreSnapshot)
	require.True(t, j.allDead(), "nothing works on a server that is restored")
	j.open()
	j.rolledBack(j.end(j.id(), patience))
	j.triedAgain(3)
}

func TestAGuardKilledDuringItsChangeHoldsWhereTheServerIsGreen(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	p := j.starts(silentAfter(withBeats), aDeploy(j.change(true)+mark("changed")+await("never")))
	j.wrote("changed")
	p.signal(syscall.SIGKILL)
	j.deadSoon()
	j.heldUnknown()
	j.rolledBack(j.settled(workflows.DecideRollback, 3))
}

func TestAGuardKilledAfterItsChangeAndBeforeItsReportHolds(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	w := j.newWire()
	p := j.starts(silentAfter(withBeats), aDeploy(j.change(true)+mark("changed")+await("go")+"kill -9 $(cat children)\n"))
	j.wrote("changed")
	w.swallows()
	j.touch("go")
	p.says("reporting that the change succeeded", patience)
	p.signal(syscall.SIGKILL)
	<-p.done
	j.heldUnknown()
	j.environ = nil
	j.committed(j.settled(workflows.DecideCommit, 0))
}

func TestAGuardKilledAfterItsReportIsNotMissed(t *testing.T) {
	t.Parallel()
	for result, settled := range map[contract.ChangeResult]struct {
		last string
		code int
		as   func(r *rig, report workflows.Report)
	}{
		contract.ChangeSucceeded: {"exit 0\n", 0, (*rig).committed},
		contract.ChangeFailed:    {"exit 1\n", 3, (*rig).rolledBack},
	} {
		t.Run(string(result), func(t *testing.T) {
			t.Parallel()
			j := newJob(t)
			p := j.starts(nil, aDeploy(j.change(true)+mark("changed")+await("go")+settled.last))
			j.wrote("changed")
			j.gate(vpsfake.OpSite, "")
			j.gate(vpsfake.OpRestoreSnapshot, "")
			j.touch("go")
			j.changeIs(j.id(), result)
			p.signal(syscall.SIGKILL)
			<-p.done
			j.open()
			settled.as(j.rig, j.end(j.id(), patience))
			j.triedAgain(settled.code)
		})
	}
}

// The network is lost in two ways, under a server that is red and one that is green. The guard stops its command by
// itself, says so, and delivers its word when the network is back.
func TestAGuardThatIsCutOffStopsItsCommandBeforeTheServerIsRestored(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*wire){"swallowed": (*wire).swallows, "refused": (*wire).cut} {
		for state, healthy := range map[string]bool{"red": false, "green": true} {
			t.Run(name+" "+state, func(t *testing.T) {
				t.Parallel()
				j := newJob(t)
				w := j.newWire()
				j.gate(vpsfake.OpRestoreSnapshot, "")
				p := j.starts(silentAfter(time.Minute), aDeploy("trap '' TERM\n"+j.change(healthy)+mark("changed")+await("never")))
				j.wrote("changed")
				lose(w)
				p.says("stopping the command: no heartbeat was confirmed", patience)
				j.changeIs(j.id(), contract.ChangeUnknown) // the run has given the runner up
				require.True(t, j.allDead(), "everything is dead when the run may go on")
				if healthy {
					j.heldUnknown() // the late report settles it
				} else {
					j.whenSent(vpsfake.OpRestoreSnapshot)
				}
				w.heal()
				j.open()
				j.endsWith(p, 3)
				j.rolledBack(j.end(j.id(), patience))
				require.Equal(t, 1, j.ran())
			})
		}
	}
}
