package workflows

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/freeze"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// Bounds of a change.
const (
	maxCommand      = 16 << 10  // bytes: a script of some hundred lines; it is kept in the history
	maxWorkflowName = 200       // characters, of a type and of a task queue
	maxChildInput   = 256 << 10 // bytes: far below Temporal's limit for one payload, and kept twice in the history
)

// updateKinds are the kinds of change, as messages name them.
var updateKinds = []string{string(UpdateNone), string(UpdateExternal), string(UpdateWebhook), string(UpdateSSH), string(UpdateWorkflow)}

// ownTypes are Safepoint's own workflow types: as a change of a runbook each of them would wait for the lock that the
// runbook holds, or take it away.
var ownTypes = []string{
	TypeSnapshotUpdateVerify, TypeRollbackByRestore, TypeSnapshotRotation, TypeSnapshotAudit, TypeFleetUpdate,
	TypeServerLock, TypeFleetPage, TypeNotification, TypeSnapshotInventory, TypeCheckup,
}

func (v *inputValidator) update(in UpdateInput) {
	switch in.Kind {
	case "":
		v.add("update.kind", "is required: one of %s", strings.Join(updateKinds, ", "))
	default: // an open string in JSON, a closed set here
		v.oneOf("update.kind", string(in.Kind), updateKinds...)
	}
	v.webhookUpdate(in)
	v.sshUpdate(in)
	v.workflowUpdate(in)
	v.duration("update.timeout", in.Timeout, minTimeout, day)
	v.duration("update.heartbeat_timeout", in.HeartbeatTimeout, minTimeout, day)
	v.duration("update.begin_timeout", in.BeginTimeout, minTimeout, day)
	if in.Kind == UpdateExternal && in.HeartbeatTimeout > 0 && in.Timeout/in.HeartbeatTimeout > maxSilences {
		v.add("update.heartbeat_timeout", "must be at least a %dth of update.timeout (%s), got %s: each heartbeat is kept in the run's history, which is bounded", maxSilences, in.Timeout, in.HeartbeatTimeout)
	}
	v.oneOf("update.on_unknown", string(in.OnUnknown), string(UnknownHold), string(UnknownCommit), string(UnknownRollback))
}

// onlyFor refuses a field that belongs to another kind of change.
func (v *inputValidator) onlyFor(in UpdateInput, kind UpdateKind, path string, given bool) {
	if given && in.Kind != kind && slices.Contains(updateKinds, string(in.Kind)) {
		v.add(path, "is only for update.kind %s, but update.kind is %s: leave one of them out", kind, in.Kind)
	}
}

func (v *inputValidator) webhookUpdate(in UpdateInput) {
	if in.Kind == UpdateWebhook && in.URL == "" {
		v.add("update.url", "is required when update.kind is webhook: the http or https URL that makes the change")
	}
	v.onlyFor(in, UpdateWebhook, "update.url", in.URL != "")
	v.url("update.url", in.URL)
}

func (v *inputValidator) sshUpdate(in UpdateInput) {
	if in.Kind == UpdateSSH {
		v.sshTarget("update", "an ssh change", in.Address, in.Command)
	}
	v.onlyFor(in, UpdateSSH, "update.address", in.Address != "")
	v.onlyFor(in, UpdateSSH, "update.command", in.Command != "")
}

// sshTarget checks where a command runs, and the command. Its words are the server's shell's: nothing of them is judged.
func (v *inputValidator) sshTarget(path, of, address, command string) {
	if address == "" {
		v.add(path+".address", "is required for %s: the host:port to connect to", of)
	} else if problem := addressProblem(address); problem != "" {
		v.add(path+".address", "%s", problem)
	}
	switch {
	case strings.TrimSpace(command) == "":
		v.add(path+".command", "is required for %s: what to run on the server", of)
	case len(command) > maxCommand:
		v.add(path+".command", "must have at most %d bytes, has %d: put a script on the server and call it", maxCommand, len(command))
	case !utf8.ValidString(command) || strings.ContainsRune(command, 0):
		v.add(path+".command", "must be text without NUL characters")
	}
}

func (v *inputValidator) workflowUpdate(in UpdateInput) {
	if in.Kind == UpdateWorkflow {
		v.workflowName("update.type", "the type of the workflow that makes the change", in.Type)
		v.workflowName("update.task_queue", "where your worker polls for it", in.TaskQueue)
		if slices.Contains(ownTypes, in.Type) {
			v.add("update.type", "%s is a runbook of Safepoint's own, which would wait for the lock that this run holds: give a workflow of yours", in.Type)
		}
		if len(in.Input) > maxChildInput {
			v.add("update.input", "must have at most %d bytes, has %d", maxChildInput, len(in.Input))
		}
	}
	v.onlyFor(in, UpdateWorkflow, "update.type", in.Type != "")
	v.onlyFor(in, UpdateWorkflow, "update.task_queue", in.TaskQueue != "")
	v.onlyFor(in, UpdateWorkflow, "update.input", len(in.Input) > 0)
}

func (v *inputValidator) workflowName(path, what, name string) {
	if strings.TrimSpace(name) == "" {
		v.add(path, "is required when update.kind is workflow: %s", what)
		return
	}
	v.line(path, name, maxWorkflowName)
	switch {
	case len(name) > maxTemporalName:
		v.add(path, "must have at most %d bytes, has %d", maxTemporalName, len(name))
	case strings.HasPrefix(name, reservedQueues):
		v.add(path, "must not begin with %s, which Temporal keeps for itself", reservedQueues)
	}
}

// What Temporal takes as a name. A start that it refuses is tried for ever, while the run holds the server's lock.
const (
	maxTemporalName = 1000 // bytes
	reservedQueues  = "/_sys/"
)

// Bounds of the options that every runbook of one server has.
const (
	maxNotify        = 10
	maxFreezeWindows = 100
)

// notifyEvents are the events that a notification can be about.
var notifyEvents = []contract.NotifyEvent{
	contract.NotifyStarted, contract.NotifyHeld, contract.NotifyRolledBack, contract.NotifyRollbackFailed,
	contract.NotifyCommitted, contract.NotifyEnded,
}

func (v *inputValidator) notify(targets []NotifyTarget) {
	if n := len(targets); n > maxNotify {
		v.add("notify", "must have at most %d targets, has %d", maxNotify, n)
		return
	}
	words := make([]string, 0, len(notifyEvents))
	for _, event := range notifyEvents {
		words = append(words, string(event))
	}
	for i, target := range targets {
		path := indexed("notify", i)
		if target.URL == "" {
			v.add(path+".url", "is required: the http or https URL that gets the message")
		}
		v.url(path+".url", target.URL)
		for j, event := range target.On {
			v.oneOf(indexed(path+".on", j), string(event), words...)
		}
	}
}

func (v *inputValidator) freezeWindows(windows []FreezeWindow) {
	if n := len(windows); n > maxFreezeWindows {
		v.add("not_during", "must have at most %d windows, has %d", maxFreezeWindows, n)
		return
	}
	v.take("not_during", freeze.Validate(windows))
}

// take adds the problems that another package found below a path.
func (v *inputValidator) take(path string, problems []strictjson.Problem) {
	for _, p := range problems {
		at := path + p.Path
		if p.Path != "" && p.Path[0] != '[' {
			at = path + "." + p.Path
		}
		v.add(at, "%s", p.Message)
	}
}
