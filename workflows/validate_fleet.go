package workflows

import (
	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
	"github.com/safepoint-dev/safepoint/internal/target"
)

// maxRetryOf bounds the workflow id of an earlier fleet: Temporal takes 1000 bytes for an id.
const maxRetryOf = 1000

// sampleServer stands for any target: what the template makes of it must be a good input. Its address is one that is
// set aside for examples.
var sampleServer = contract.Server{ID: 1, Name: "sample", Hostname: "sample.example.com", IPAddress: "192.0.2.1", Location: "sample"}

// validateFleetUpdate returns what is wrong with a decoded input beside the problems that decoding found. It always
// looks at the whole input.
func validateFleetUpdate(in *FleetUpdateInput, decoded []strictjson.Problem) []strictjson.Problem {
	v := &inputValidator{decoded: decoded}
	if in.RetryOf == "" {
		v.targets(in.Servers, in.Selector, in.All)
	} else {
		v.retryOf(in)
	}
	v.line("reason", in.Reason, maxReason)
	v.template(in.Template)
	v.canary(in.Canary)
	switch n := in.MaxConcurrency; {
	case n.Percent == 0 && n.Number < 1:
		v.add("max_concurrency", "must be at least 1, got %s", n)
	case n.Number > maxInFlight:
		v.add("max_concurrency", "must be at most %d, got %s", maxInFlight, n)
	}
	v.fleetCount("max_errors", in.MaxErrors)
	v.fleetCount("max_rollbacks", in.MaxRollbacks)
	v.oneOf("on_stop", string(in.OnStop), string(StopLeave), string(StopRollbackCommitted))
	v.notify(in.Notify)
	return v.problems
}

// retryOf stands alone: the earlier fleet says which servers are meant.
func (v *inputValidator) retryOf(in *FleetUpdateInput) {
	v.line("retry_of", in.RetryOf, maxRetryOf)
	for _, given := range []struct {
		path string
		is   bool
	}{{"servers", len(in.Servers) > 0}, {"selector", in.Selector != nil}, {"all", in.All}} {
		if given.is {
			v.add(given.path, "is given beside retry_of: leave one of them out")
		}
	}
}

func (v *inputValidator) canary(in CanaryInput) {
	v.fleetCount("canary.count", in.Count)
	v.duration("canary.pause", in.Pause, 0, maxHoldTimeout)
	v.duration("canary.decide_timeout", in.DecideTimeout, minTimeout, maxHoldTimeout)
	if in.Count == (Amount{}) && (in.Pause > 0 || in.Decide) {
		v.add("canary.count", "is required with canary.pause and canary.decide: how many servers are tried first")
	}
}

func (v *inputValidator) fleetCount(path string, n Amount) {
	if n.Number > maxFleet {
		v.add(path, "must be at most %d, got %s", maxFleet, n)
	}
}

// template checks that the template makes a good input of a server, and says what is wrong by the paths of the template.
func (v *inputValidator) template(data []byte) {
	if len(data) == 0 {
		v.add("template", "is required: a SnapshotUpdateVerify input without server_id")
		return
	}
	problems := target.Check(data)
	if len(problems) == 0 {
		problems = sampleProblems(data)
	}
	for _, p := range target.At("template", problems) {
		v.add(p.Path, "%s", p.Message)
	}
}

// sampleProblems is what SnapshotUpdateVerify would say of the template's input for the sample server.
func sampleProblems(data []byte) []strictjson.Problem {
	expanded, problems := target.Expand(data, sampleServer)
	if len(problems) > 0 {
		return problems
	}
	in := defaultSnapshotUpdateVerifyInput()
	in.ServerID = sampleServer.ID
	problems = strictjson.DecodeWith(expanded, &in, checkDefaults)
	for _, name := range []string{"server_id", "dry_run"} {
		if hasField(data, name) {
			problems = append(problems, strictjson.Problem{Path: name, Message: templateMustNot[name]})
		}
	}
	in.ServerID = sampleServer.ID
	if in.Update.Kind == UpdateWorkflow && in.Update.Type == TypeFleetUpdate {
		problems = append(problems, strictjson.Problem{Path: "update.type", Message: "must not be " + TypeFleetUpdate + ": a fleet cannot be the change of each server of a fleet"})
	}
	return append(problems, validateSnapshotUpdateVerify(&in, problems)...)
}

// templateMustNot says why a field must not be in a template.
var templateMustNot = map[string]string{
	"server_id": "must not be given: each run gets the id of its own server",
	"dry_run":   "must not be given: say dry_run beside the template, for the whole fleet",
}
