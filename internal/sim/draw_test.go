package sim

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// drawer makes a plan from a seed.
type drawer struct{ *rand.Rand }

func (d drawer) chance(percent int) bool { return d.IntN(100) < percent }

func (d drawer) between(from, to time.Duration) duration {
	return duration((from + time.Duration(d.Int64N(int64(to-from)))).Round(time.Millisecond))
}

func pick[T any](d drawer, of ...T) T { return of[d.IntN(len(of))] }

// draw makes the world of a seed.
func draw(seed uint64) plan {
	d := drawer{rand.New(rand.NewPCG(seed, 0x5afe))}
	p := plan{
		Seed: seed, Processes: 1,
		SnapshotTime: d.between(15*time.Second, 50*time.Second), RestoreTime: d.between(20*time.Second, 60*time.Second),
	}
	if d.chance(30) {
		p.Processes = 2
	}
	servers := 1
	fleet := d.chance(4)
	if fleet {
		servers = 2 + d.IntN(2)
	} else if d.chance(6) {
		servers = 2
	}
	for n := range servers {
		p.Servers = append(p.Servers, d.server(int64(7+n)))
	}
	if fleet {
		p.Runs = append(p.Runs, d.run(pick(d, runFleet, runFleet, runFleet, runRotations), 0))
	}
	for range d.runs(fleet) {
		kind := pick(d, runWebhook, runWebhook, runWebhook, runWebhook, runExternal, runRollback, runRollback, runRotation, runRotation, runNone)
		p.Runs = append(p.Runs, d.run(kind, d.IntN(servers)))
	}
	for range d.incidents() {
		p.Incidents = append(p.Incidents, d.incident(p))
	}
	p.Incidents = append(p.Incidents, d.pointed(p)...)
	return p
}

// pointed are faults of what only few runs ask for: faults that are drawn for all would hardly ever meet them.
func (d drawer) pointed(p plan) []incidentPlan {
	var all []incidentPlan
	for _, r := range p.Runs {
		if r.Backup != "" && d.chance(50) {
			f := d.fault()
			for !slices.Contains(anyRequestKinds, f.Kind) {
				f = d.fault()
			}
			f.Op, f.Skip = pick(d, vpsfake.OpCreateBackup, vpsfake.OpCreateBackup, vpsfake.OpListBackups), 0
			all = append(all, incidentPlan{Do: doFault, Fault: &f})
		}
		if r.Undo && d.chance(80) { // the last change fails, and what was committed by then is undone
			all = append(all, incidentPlan{Do: doFault, Fault: &vpsfake.Fault{
				Kind: pick(d, vpsfake.Error500First, vpsfake.Error500After), Op: vpsfake.OpDeployHook, ServerID: p.Servers[len(p.Servers)-1].ID, Times: 1,
			}})
		}
	}
	return all
}

func (d drawer) runs(fleet bool) int {
	switch {
	case fleet:
		return d.IntN(2)
	case d.chance(73):
		return 1
	case d.chance(85):
		return 2
	default:
		return 3
	}
}

func (d drawer) incidents() int { return pick(d, 0, 1, 1, 1, 1, 2, 2, 2, 3, 4) }

func (d drawer) server(id int64) serverPlan {
	s := serverPlan{ID: id, ByHand: d.IntN(2)}
	switch d.IntN(4) {
	case 0:
		s.Updates = 1 + d.IntN(3)
	case 1:
		s.Rotations = 1 + d.IntN(3)
	case 2:
		s.Updates, s.Rotations, s.Protected = 1, 1+d.IntN(2), d.chance(50)
	default: // nothing but what was made by hand
	}
	return s
}

func (d drawer) run(kind runKind, server int) runPlan {
	r := runPlan{Kind: kind, Server: server, At: d.between(0, 90*time.Second), Busy: pick(d, "wait", "wait", "wait", "fail", "skip")}
	switch kind {
	case runWebhook, runExternal, runFleet:
		r.Bad = d.chance(45)
		r.Refused = d.chance(10)
		if d.chance(25) {
			r.Slow = d.between(time.Second, 40*time.Second)
		}
		r.OnUnknown = pick(d, "", "", "commit", "rollback")
		r.OnFailure = pick(d, "", "", "", "hold", "none")
		r.Stop = d.chance(15)
		r.Unchecked, r.NoBaseline = d.chance(4), d.chance(6)
		if d.chance(6) {
			r.Backup = pick(d, "create", "wait", "required")
		}
		if d.chance(4) {
			r.Frozen = d.between(time.Minute, 10*time.Minute)
		}
	case runRollback:
		r.Safety, r.Approval = d.chance(40), d.chance(30)
	case runRotation, runRotations:
		r.NoCreate = d.chance(20)
		if d.chance(4) {
			r.Frozen = d.between(time.Minute, 10*time.Minute)
		}
		r.Stop = !r.NoCreate && d.chance(20)
	case runNone:
		r.Bad = d.chance(20)
	}
	if kind == runFleet {
		r.Canary, r.Decide, r.Undo = d.chance(40), d.chance(30), d.chance(40)
		r.Bad = r.Bad && !r.Undo // nothing that is bad everywhere is ever committed
	}
	r.Keep = 1 + d.IntN(3)
	for range d.IntN(3) {
		r.Answers = append(r.Answers, answerPlan{
			Decision: pick(d, workflows.DecideCommit, workflows.DecideRollback, workflows.DecideRollback, workflows.DecideExtend, workflows.DecideApprove, workflows.DecideApprove, workflows.DecideDeny),
			Late:     d.between(time.Second, 4*time.Minute),
		})
	}
	if kind == runExternal {
		for range 1 + d.IntN(2) {
			one := runnerPlan{After: d.between(0, time.Minute), Dies: pick(d, "", "", "", "begin", "change", "report"), Fails: d.chance(15), Confirms: d.chance(50), Unable: d.chance(10)}
			if d.chance(15) { // up to and above update.timeout
				one.Late = d.between(time.Second, changeTimeout+time.Minute)
			}
			r.Runners = append(r.Runners, one)
		}
	}
	return r
}

// allOps are the requests that an incident may be about.
var (
	readOps  = []vpsfake.Op{vpsfake.OpMe, vpsfake.OpGetServer, vpsfake.OpListSnapshots, vpsfake.OpListSnapshots, vpsfake.OpListServers}
	writeOps = []vpsfake.Op{
		vpsfake.OpCreateSnapshot, vpsfake.OpCreateSnapshot, vpsfake.OpRestoreSnapshot, vpsfake.OpRestoreSnapshot, vpsfake.OpRestoreSnapshot,
		vpsfake.OpDeleteSnapshot, vpsfake.OpDeployHook, vpsfake.OpStartServer, vpsfake.OpStopServer,
	}
	someActivities = []string{
		contract.ActivityPreflight, contract.ActivityCreateSnapshot, contract.ActivityFindSnapshot, contract.ActivityAwaitSnapshot,
		contract.ActivitySendWebhook, contract.ActivityVerify, contract.ActivityVerify, contract.ActivityReadServer, contract.ActivityRestoreSnapshot,
		contract.ActivityAwaitRestore, contract.ActivityDeleteSnapshot, contract.ActivityStopServer, contract.ActivityStartServer,
		contract.ActivityAwaitServer, contract.ActivityAwaitLock, contract.ActivityLockGrace, contract.ActivityAwaitRun,
	}
	longWaits = []string{
		contract.ActivityAwaitSnapshot, contract.ActivityAwaitSnapshot, contract.ActivityAwaitRestore, contract.ActivityVerify, contract.ActivityAwaitLock, contract.ActivityAwaitServer,
	}
	// anyRequestKinds are the faults that can happen to every request.
	anyRequestKinds = []vpsfake.FaultKind{
		vpsfake.LostBefore, vpsfake.LostAfter, vpsfake.LostAfter, vpsfake.Error500First, vpsfake.Error500After, vpsfake.Error500After, vpsfake.Hang,
		vpsfake.TooMany, vpsfake.HTML502, vpsfake.MalformedJSON, vpsfake.Unauthorized,
	}
	somePhases = []workflows.Phase{
		workflows.PhaseLock, workflows.PhasePreflight, workflows.PhaseSnapshot, workflows.PhaseChange, workflows.PhaseVerify, workflows.PhaseHold,
		workflows.PhaseCommit, workflows.PhaseRollback, workflows.PhaseRestore, workflows.PhasePrune,
	}
)

// moment is a point of the world: by the clock, or by something that happens.
func (d drawer) moment() moment {
	switch d.IntN(6) {
	case 0:
		return moment{After: d.between(0, 5*time.Minute)}
	case 1:
		return moment{On: pick(d, onSend, onAnswer), What: string(pick(d, writeOps...)), N: 1}
	case 2:
		return moment{On: onAnswer, What: string(pick(d, writeOps...)), N: 1, After: d.short()}
	case 3:
		return moment{On: pick(d, onStart, onDone), What: pick(d, someActivities...), N: 1 + d.IntN(2), After: d.short()}
	case 4:
		return moment{On: onPhase, What: string(pick(d, somePhases...)), N: 1, After: d.between(0, time.Minute)}
	default:
		return moment{On: onStart, What: pick(d, someActivities...), N: 1}
	}
}

func (d drawer) short() duration {
	if d.chance(50) {
		return 0
	}
	return d.between(time.Millisecond, 20*time.Second)
}

func (d drawer) incident(p plan) incidentPlan {
	i := incidentPlan{When: d.moment(), Run: d.IntN(len(p.Runs)), Process: d.IntN(p.Processes)}
	switch n := d.IntN(100); {
	case n < 40:
		fault := d.fault()
		return incidentPlan{Do: doFault, Fault: &fault}
	case n < 55:
		// Asleep during a wait: its attempt goes on while Temporal begins the next one.
		i.Do, i.For = doCut, d.between(16*time.Second, 45*time.Second)
		i.When = moment{On: onStart, What: pick(d, longWaits...), N: 1 + d.IntN(2), After: d.between(0, 2*time.Second)}
	case n < 65:
		i.Do, i.For = doKill, d.between(time.Second, 2*time.Minute)
	case n < 67:
		i.Do, i.For = doStop, d.between(time.Second, time.Minute)
	case n < 75:
		i.Do, i.For = doCut, d.between(10*time.Second, 3*time.Minute)
	case n < 77:
		i.Do, i.For = doAPIDown, d.between(5*time.Second, 3*time.Minute)
	case n < 84:
		i.Do = doCancel
	case n < 96:
		i.Do, i.Back = doReset, pick(d, d.IntN(8), d.IntN(8), 1000)
		if d.chance(20) {
			i.Closed, i.When = true, moment{On: onPhase, What: string(workflows.PhaseDone), N: 1, After: d.between(time.Second, 5*time.Minute)}
		}
	case n < 98:
		i.Do = doTerminate
	default:
		i.Do = doTerminateLock
	}
	return i
}

// fault is one fault of the API.
func (d drawer) fault() vpsfake.Fault {
	if d.chance(30) {
		return d.actionFault()
	}
	if d.chance(15) {
		return d.listFault()
	}
	f := vpsfake.Fault{Kind: pick(d, anyRequestKinds...), Op: pick(d, readOps...), Times: 1 + d.IntN(3)}
	if d.chance(60) {
		f.Op, f.Times = pick(d, writeOps...), 1+d.IntN(2)
		f.Skip = pick(d, 0, 0, 0, 1)
	} else {
		f.Skip = d.IntN(20)
	}
	if d.chance(8) {
		f.Op = vpsfake.OpSite
	}
	switch f.Kind {
	case vpsfake.Hang:
		f.Effect = pick(d, vpsfake.EffectNone, vpsfake.EffectBefore, vpsfake.EffectAfter)
		if f.Op == vpsfake.OpSite {
			f.Effect = ""
		}
	case vpsfake.HTML502:
		f.Effect = pick(d, vpsfake.EffectNone, vpsfake.EffectBefore)
		if f.Op == vpsfake.OpSite {
			f.Effect = ""
		}
	case vpsfake.TooMany:
		f.RetryAfter = d.IntN(30)
	default: // the others have nothing more to say
	}
	return f
}

// actionFault is something that goes wrong after the API said yes.
func (d drawer) actionFault() vpsfake.Fault {
	f := vpsfake.Fault{Times: 1, Duration: time.Duration(d.between(2*time.Second, 25*time.Second))}
	switch d.IntN(12) {
	case 0:
		f.Kind, f.Op, f.Duration = vpsfake.SnapshotFails, vpsfake.OpCreateSnapshot, 0
	case 1:
		f.Kind, f.Op = vpsfake.UnknownStatus, pick(d, vpsfake.OpCreateSnapshot, vpsfake.OpRestoreSnapshot)
	case 2:
		f.Kind, f.Op, f.Duration = vpsfake.NeverFinishes, pick(d, vpsfake.OpCreateSnapshot, vpsfake.OpRestoreSnapshot, vpsfake.OpStartServer), 0
	case 3, 4:
		f.Kind, f.Op, f.Duration = vpsfake.ComesBackStopped, vpsfake.OpRestoreSnapshot, 0
	case 5, 6:
		f.Kind, f.Op = vpsfake.StatusLags, vpsfake.OpRestoreSnapshot
	case 7, 8:
		f.Kind, f.Op = vpsfake.StoppedBeforeRestoring, vpsfake.OpRestoreSnapshot
	case 9:
		f.Kind, f.Op, f.Duration = vpsfake.EndsAtOnce, vpsfake.OpRestoreSnapshot, 0
	case 10:
		f.Kind, f.Op, f.Duration = vpsfake.ForeignRestore, pick(d, vpsfake.OpRestoreSnapshot, vpsfake.OpCreateSnapshot), 0
	default:
		f.Kind, f.Times, f.Duration = vpsfake.ClockOff, 0, time.Duration(pick(d, -7, 5, 90))*time.Minute
	}
	return f
}

func (d drawer) listFault() vpsfake.Fault {
	f := vpsfake.Fault{Op: vpsfake.OpListSnapshots, Times: 1 + d.IntN(10), Skip: d.IntN(10)}
	switch d.IntN(3) {
	case 0:
		f.Kind, f.Duration = vpsfake.ListLags, time.Duration(d.between(time.Second, 25*time.Second))
		if d.chance(10) {
			f.Duration = 90 * time.Second // longer than VPS_SETTLE
		}
	case 1:
		f.Kind, f.PageSize = vpsfake.Paged, 1
	default:
		f.Kind, f.PageSize = vpsfake.Truncated, 1
	}
	return f
}
