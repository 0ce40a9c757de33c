package faultmatrix

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

const (
	randomSeed      = 20261121
	randomScenarios = 150
)

// randomFault is one fault that costs no more real time than a few requests.
func randomFault(r *rand.Rand, f flow) vpsfake.Fault {
	actions := []vpsfake.Fault{
		onSnapshot(vpsfake.SnapshotFails, 0), onSnapshot(vpsfake.UnknownStatus, 150*time.Millisecond),
		onRestore(vpsfake.ComesBackStopped, 0), onRestore(vpsfake.StatusLags, lag), onRestore(vpsfake.StoppedBeforeRestoring, lag),
		onRestore(vpsfake.EndsAtOnce, 0), onRestore(vpsfake.UnknownStatus, 150*time.Millisecond),
		{Kind: vpsfake.ClockOff, Duration: -7 * time.Minute},
	}
	if r.IntN(3) == 0 {
		return actions[r.IntN(len(actions))]
	}
	ops := []vpsfake.Op{
		vpsfake.OpMe, vpsfake.OpGetServer, vpsfake.OpListSnapshots, vpsfake.OpListSnapshots,
		vpsfake.OpCreateSnapshot, vpsfake.OpCreateSnapshot, vpsfake.OpDeployHook,
	}
	switch f {
	case flowBad:
		ops = append(ops, vpsfake.OpRestoreSnapshot, vpsfake.OpRestoreSnapshot, vpsfake.OpRestoreSnapshot)
	case flowPrune:
		ops = append(ops, vpsfake.OpDeleteSnapshot, vpsfake.OpDeleteSnapshot)
	case flowStop, flowStopBad:
		ops = append(ops, vpsfake.OpStopServer, vpsfake.OpStartServer, vpsfake.OpStartServer, vpsfake.OpRestoreSnapshot)
	default: // good has no call of its own
	}
	op := ops[r.IntN(len(ops))]
	faults := requestFaults(op)
	fault := faults[r.IntN(len(faults))]
	fault.Op, fault.Times = op, 1+r.IntN(2)
	if !isWrite(op) {
		fault.Skip = r.IntN(12)
	}
	return fault
}

// randomScenario is made of two or three faults; the same number gives the same scenario.
func randomScenario(n int) scenario {
	r := rand.New(rand.NewPCG(randomSeed, uint64(n)))
	flows := []flow{flowGood, flowBad, flowBad, flowPrune, flowStop, flowStopBad}
	f := flows[r.IntN(len(flows))]
	s := f.scenario()
	var names []string
	for range 2 + r.IntN(2) {
		fault := randomFault(r, f)
		s.incidents = append(s.incidents, incident{fault: fault})
		names = append(names, faultName(fault))
	}
	s.name = fmt.Sprintf("seed %d number %d/%s/%s", randomSeed, n, f, strings.Join(names, " and "))
	return s
}

// Whatever comes together: no law is broken, and the run ends in one of the ways in which a run may end.
func TestRandomFaultsTogetherBreakNoLaw(t *testing.T) {
	var all []scenario
	for n := range randomScenarios {
		all = append(all, randomScenario(n))
	}
	each(t, all, scenarioName, func(t *testing.T, s scenario) {
		e := runbook(t, s)
		defer e.explain()
		e.checkLaws()
		e.checkReport()
		e.checkServer()
		assert.Contains(t, allowedEnds(e), e.failure, "seed %d, scenario %s", randomSeed, s.name)
	})
}

// allowedEnds are the ends that faults of the API may lead to. A bad change is never committed.
func allowedEnds(e ended) []string {
	if e.fake.Deploys(serverID) == 0 {
		return []string{contract.FailPreflight, contract.FailSnapshot}
	}
	// What a lost answer of the webhook left unknown is held, and here nobody decides.
	ends := []string{contract.FailRolledBack, contract.FailRollback, contract.FailChangeUnknown}
	if !e.s.bad {
		ends = append(ends, "")
	}
	return ends
}
