package sim

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// plan is a whole world before it runs: everything that chance decides is in it.
type plan struct {
	Seed uint64 `json:"seed"`
	// Processes is how many workers there are.
	Processes int            `json:"processes"`
	Servers   []serverPlan   `json:"servers"`
	Runs      []runPlan      `json:"runs"`
	Incidents []incidentPlan `json:"incidents,omitempty"`
	// SnapshotTime and RestoreTime are how long the API takes.
	SnapshotTime duration `json:"snapshot_time"`
	RestoreTime  duration `json:"restore_time"`
}

// duration is written as people write it.
type duration time.Duration

func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *duration) UnmarshalText(b []byte) error {
	parsed, err := time.ParseDuration(string(b))
	*d = duration(parsed)
	return err
}

func (d duration) String() string { return time.Duration(d).String() }

// serverPlan is one server and what is on it.
type serverPlan struct {
	ID int64 `json:"id"`
	// ByHand are snapshots that a person made, Protected one that a person protected; Updates and Rotations are what
	// earlier runs left.
	ByHand    int  `json:"by_hand,omitempty"`
	Protected bool `json:"protected,omitempty"`
	Updates   int  `json:"updates,omitempty"`
	Rotations int  `json:"rotations,omitempty"`
}

// runKind is what a run does.
type runKind string

const (
	runWebhook  runKind = "webhook"  // SnapshotUpdateVerify, the change is a webhook
	runExternal runKind = "external" // SnapshotUpdateVerify, a runner makes the change
	runNone     runKind = "none"     // SnapshotUpdateVerify without a change
	runRollback runKind = "rollback" // RollbackByRestore of the latest snapshot
	runRotation runKind = "rotation" // SnapshotRotation
	runFleet    runKind = "fleet"    // FleetUpdate over all servers
	// SnapshotRotation over all servers, each in a run of its own
	runRotations runKind = "rotations"
)

// runPlan is one run that somebody starts.
type runPlan struct {
	Kind runKind  `json:"kind"`
	At   duration `json:"at"`
	// Server is an index of plan.Servers.
	Server int `json:"server"`
	// Bad says that the change breaks the site, Refused that the webhook says no.
	Bad     bool `json:"bad,omitempty"`
	Refused bool `json:"refused,omitempty"`
	// Slow is how long the change takes.
	Slow duration `json:"slow,omitempty"`
	Stop bool     `json:"stop,omitempty"`
	// Unchecked skips the verification, NoBaseline the look before the change.
	Unchecked  bool `json:"unchecked,omitempty"`
	NoBaseline bool `json:"no_baseline,omitempty"`
	// OnUnknown and OnFailure are those of the input; empty is the default.
	OnUnknown string `json:"on_unknown,omitempty"`
	OnFailure string `json:"on_failure,omitempty"`
	// Backup asks for a backup too: "create", "wait" for it, or "required".
	Backup string `json:"backup,omitempty"`
	// Frozen is how long a freeze window lasts that begins with the world.
	Frozen duration `json:"frozen,omitempty"`
	// Canary tries one server first, Decide asks a person after it, Undo rolls back what was committed when the fleet
	// stops: FleetUpdate.
	Canary bool `json:"canary,omitempty"`
	Decide bool `json:"decide,omitempty"`
	Undo   bool `json:"undo,omitempty"`
	// Busy is lock.on_busy.
	Busy string `json:"busy,omitempty"`
	// Safety takes a safety snapshot, Approval asks first: RollbackByRestore.
	Safety   bool `json:"safety,omitempty"`
	Approval bool `json:"approval,omitempty"`
	// NoCreate rotates without a new snapshot.
	NoCreate bool `json:"no_create,omitempty"`
	Keep     int  `json:"keep,omitempty"`
	// Answers are what a person decides in the first hold, the second, and so on; nobody comes to further ones.
	Answers []answerPlan `json:"answers,omitempty"`
	// Runners are the processes that want to make an external change.
	Runners []runnerPlan `json:"runners,omitempty"`
}

// ofMany says whether the run is about all servers.
func (r runPlan) ofMany() bool { return r.Kind == runFleet || r.Kind == runRotations }

// updates says whether the run is one of SnapshotUpdateVerify, or of many of them.
func (r runPlan) updates() bool {
	return r.Kind == runWebhook || r.Kind == runExternal || r.Kind == runNone || r.Kind == runFleet
}

type answerPlan struct {
	Decision workflows.Decision `json:"decision"`
	// Late is how long the person takes.
	Late duration `json:"late"`
}

// runnerPlan is one external runner. It dies before a step: "begin", "change", "report", or never.
type runnerPlan struct {
	After duration `json:"after,omitempty"`
	Dies  string   `json:"dies,omitempty"`
	Fails bool     `json:"fails,omitempty"`
	// Confirms is its promise to confirm its grant before it begins; Unable, that it then cannot begin, and says so.
	Confirms bool `json:"confirms,omitempty"`
	Unable   bool `json:"unable,omitempty"`
	// Late is how long the runner takes to report what it has done.
	Late duration `json:"late,omitempty"`
}

// moment is when an incident happens: After an event, the N-th of its kind.
type moment struct {
	On    trigger  `json:"on,omitempty"`
	What  string   `json:"what,omitempty"`
	N     int      `json:"n,omitempty"`
	After duration `json:"after,omitempty"`
}

// trigger is a kind of event.
type trigger string

const (
	onClock  trigger = ""       // the world has begun
	onSend   trigger = "send"   // a request What is about to leave
	onAnswer trigger = "answer" // a request What has had its effect, its answer is on its way
	onStart  trigger = "start"  // an activity What begins
	onDone   trigger = "done"   // an activity What is done, its result is not out
	onPhase  trigger = "phase"  // a run enters the phase What
)

// deed is what happens in an incident.
type deed string

const (
	doFault         deed = "fault"          // of the API
	doKill          deed = "kill"           // a worker dies, another comes after For
	doStop          deed = "stop"           // a worker is stopped in an orderly way, another comes after For
	doCut           deed = "cut"            // a worker is cut off from Temporal for For
	doAPIDown       deed = "api_down"       // the API cannot be reached for For
	doCancel        deed = "cancel"         // a run is asked to cancel
	doReset         deed = "reset"          // a run is reset
	doTerminate     deed = "terminate"      // a run is terminated
	doTerminateLock deed = "terminate_lock" // a server's lock is terminated
)

// ofRun says whether the deed is done to a run.
func (d deed) ofRun() bool {
	return d == doCancel || d == doReset || d == doTerminate || d == doTerminateLock
}

// incidentPlan is one thing that goes wrong.
type incidentPlan struct {
	When moment `json:"when"`
	Do   deed   `json:"do"`
	// Run and Process are whom it hits; a process that caused the event is hit itself.
	Run     int            `json:"run,omitempty"`
	Process int            `json:"process,omitempty"`
	For     duration       `json:"for,omitempty"`
	Fault   *vpsfake.Fault `json:"fault,omitempty"`
	// Back is how many workflow tasks a reset goes back.
	Back int `json:"back,omitempty"`
	// Closed lets it be a run that has ended.
	Closed bool `json:"closed,omitempty"`
	// number is its place in the plan, once that has begun.
	number int
}

func (i incidentPlan) String() string {
	var b strings.Builder
	b.WriteString(string(i.Do))
	if i.Fault != nil {
		fmt.Fprintf(&b, " %s of %s (skip %d, times %d, %s %s)", i.Fault.Kind, i.Fault.Op, i.Fault.Skip, i.Fault.Times, i.Fault.Duration, i.Fault.Effect)
	}
	switch i.When.On {
	case onClock:
		fmt.Fprintf(&b, " at %s", i.When.After)
	default:
		fmt.Fprintf(&b, " %s after %s of %s number %d", i.When.After, i.When.On, i.When.What, i.When.N)
	}
	if i.For > 0 {
		fmt.Fprintf(&b, ", for %s", i.For)
	}
	return b.String()
}

// String is the plan as JSON: it can be put back into a test.
func (p plan) String() string {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil { // all fields are plain
		panic(err)
	}
	return string(b)
}

// has says whether the plan holds an incident of one of the kinds.
func (p plan) has(deeds ...deed) bool {
	for _, i := range p.Incidents {
		for _, d := range deeds {
			if i.Do == d {
				return true
			}
		}
	}
	return false
}

// faulty says whether the plan holds one of the API's faults.
func (p plan) faulty(kinds ...vpsfake.FaultKind) bool {
	for _, i := range p.Incidents {
		for _, k := range kinds {
			if i.Fault != nil && i.Fault.Kind == k {
				return true
			}
		}
	}
	return false
}
