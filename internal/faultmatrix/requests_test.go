package faultmatrix

import (
	"slices"
	"testing"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

// cell is one fault at one moment of one flow.
type cell struct {
	scenario
	fault vpsfake.Fault
	want  expectation
}

func cellName(c cell) string { return c.name }

// cells are the matrix of one kind of moment.
func cells(wanted func(m moment) bool) []cell { return cellsOf(moments, wanted) }

func cellsOf(moments []moment, wanted func(m moment) bool) []cell {
	var all []cell
	for _, m := range moments {
		if !wanted(m) {
			continue
		}
		for i, f := range m.flows {
			for _, fault := range requestFaults(m.op) {
				times := howOften(m, fault)
				if i > 0 { // the flows are the same up to here: the most is enough to see what follows
					times = times[len(times)-1:]
				}
				for _, fault.Times = range times {
					s := f.scenario()
					s.name = string(f) + "/" + m.name + "/" + faultName(fault)
					s.incidents, s.input = []incident{m.incident(fault)}, m.input
					all = append(all, cell{s, fault, m.want(s, fault)})
				}
			}
		}
	}
	return all
}

// howOften leaves out what can't happen more than once: the change is sent once, a bad token before the change ends
// the run, and what took effect is found and not sent again.
func howOften(m moment, f vpsfake.Fault) []int {
	once := m.op == vpsfake.OpDeployHook
	if f.Kind == vpsfake.Unauthorized {
		once = once || m.activity == contract.ActivityPreflight || m.op == vpsfake.OpCreateSnapshot
	}
	if isWrite(m.op) && m.op != vpsfake.OpDeleteSnapshot {
		once = once || tookEffect(f)
	}
	switch {
	case once:
		return []int{1}
	case isWrite(m.op):
		return []int{1, 2, 3}
	default: // a read is only asked again, so the second time in a row shows nothing that the third does not
		return []int{1, 3}
	}
}

func runCell(t *testing.T, c cell) {
	e := runbook(t, c.scenario)
	e.check(c.want)
	e.struck(c.fault.Kind)
}

func TestAFaultOfAnyReadEndsAsItShould(t *testing.T) {
	reads := cells(func(m moment) bool { return !isWrite(m.op) })
	each(t, reads, cellName, runCell)
}

func TestAFaultOfAnyWriteEndsAsItShould(t *testing.T) {
	writes := cells(func(m moment) bool { return isWrite(m.op) })
	each(t, writes, cellName, runCell)
}

// The looks in the middle of a wait, not only its first ones.
func TestAFaultInTheMiddleOfAWaitCostsOnlyTime(t *testing.T) {
	waits := []string{contract.ActivityAwaitSnapshot, contract.ActivityAwaitServer, contract.ActivityAwaitRestore}
	var all []cell
	for _, c := range cells(func(m moment) bool { return slices.Contains(waits, m.activity) }) {
		if c.fault.Times != 3 {
			continue
		}
		c.incidents = slices.Clone(c.incidents)
		c.incidents[0].fault.Skip, c.takes = 2, awaited(c.incidents[0].activity)
		c.name += "-later"
		all = append(all, c)
	}
	each(t, all, cellName, runCell)
}

// awaited makes what an activity waits for last for many polls, also on the slowest machine.
func awaited(activity string) actionTimes {
	const long = 2 * time.Second
	switch activity {
	case contract.ActivityAwaitSnapshot:
		return actionTimes{snapshot: long}
	case contract.ActivityAwaitRestore:
		return actionTimes{restore: long}
	case contract.ActivityAwaitServer:
		return actionTimes{power: long}
	default:
		panic("nothing is known of what " + activity + " waits for")
	}
}

func TestAClockThatIsOffChangesNothing(t *testing.T) {
	var all []cell
	for _, f := range []flow{flowGood, flowBad, flowPrune, flowStopBad} {
		for _, activity := range []string{"", contract.ActivityCreateSnapshot, contract.ActivityVerify, contract.ActivityAwaitRestore} {
			for _, minutes := range []int{-10, 10} {
				s := f.scenario()
				if activity == contract.ActivityAwaitRestore && !s.bad {
					continue
				}
				fault := vpsfake.Fault{Kind: vpsfake.ClockOff, Duration: time.Duration(minutes) * time.Minute}
				s.name = string(f) + "/" + activity + "/" + fault.Duration.String()
				s.incidents = []incident{{activity: activity, fault: fault}}
				all = append(all, cell{scenario: s, want: undisturbed(s)})
			}
		}
	}
	each(t, all, cellName, func(t *testing.T, c cell) { runbook(t, c.scenario).check(c.want) })
}

// Lists that lag behind for the whole run, by less than VPS_SETTLE.
func TestListsThatLagLessThanSettleChangeNothing(t *testing.T) {
	var all []cell
	for _, f := range []flow{flowGood, flowBad, flowPrune, flowStop, flowStopBad} {
		s := f.scenario()
		s.incidents = []incident{{fault: vpsfake.Fault{Kind: vpsfake.ListLags, Op: vpsfake.OpListSnapshots, Duration: lag}}}
		all = append(all, cell{s, vpsfake.Fault{Kind: vpsfake.ListLags}, undisturbed(s)})
	}
	each(t, all, cellName, runCell)
}
