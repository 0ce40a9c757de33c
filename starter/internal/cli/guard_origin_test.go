package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// startedAs is the first event of a run of a type.
func startedAs(t *testing.T, kind string, input any) *historypb.HistoryEvent {
	t.Helper()
	event := firstEvent(t, input)
	event.GetWorkflowExecutionStartedEventAttributes().WorkflowType = &commonpb.WorkflowType{Name: kind}
	return event
}

func of(server int, update string) json.RawMessage {
	raw, _ := json.Marshal(map[string]any{"server_id": server, "update": map[string]string{"kind": update}}) // it always can
	return raw
}

// strangers are runs that may have a guard's id and are not its deploy.
func strangers(t *testing.T) map[string]*historypb.HistoryEvent {
	t.Helper()
	dry := map[string]any{"server_id": 7, "dry_run": true, "update": map[string]string{"kind": "external"}}
	return map[string]*historypb.HistoryEvent{
		"another server":      startedAs(t, workflows.TypeSnapshotUpdateVerify, of(8, "external")),
		"a dry run":           startedAs(t, workflows.TypeSnapshotUpdateVerify, dry),
		"another runbook":     startedAs(t, workflows.TypeSnapshotRotation, map[string]any{"server_id": 7}),
		"another change":      startedAs(t, workflows.TypeSnapshotUpdateVerify, of(7, "webhook")),
		"no kind of change":   startedAs(t, workflows.TypeSnapshotUpdateVerify, map[string]any{"server_id": 7}),
		"no workflow of ours": startedAs(t, "Payroll", "text"),
	}
}

func TestARunThatIsNotThisDeployIsNotJoined(t *testing.T) {
	for name, event := range strangers(t) {
		for _, ended := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				j := newGuardJob(t)
				j.first = event
				if ended {
					j.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
				}
				got := j.guard("touch ran")
				assert.Equal(t, codeUsage, got.code, got.err)
				assert.Contains(t, got.err, "the deploy id deploy-1 belongs to")
				assert.NotContains(t, got.err, "COMMITTED", "its verdict is not this deploy's")
				assert.Empty(t, j.starts)
				assert.False(t, j.exists("ran"))
			})
		}
	}
}

// Two guards with one id ask at the same time: neither sees a run, and the second is answered by the first one's.
func TestARunThatAnotherGuardStartedMeanwhileIsLookedAtBeforeItsAnswerCounts(t *testing.T) {
	t.Parallel() // it waits most of its time
	for name, event := range strangers(t) {
		for how, answer := range map[string]func(j *guardJob){
			"granted":     func(*guardJob) {},
			"not granted": func(j *guardJob) { j.refuses = true },
			"ended":       func(j *guardJob) { j.ends = completed(j.t, aReport(workflows.OutcomeCommitted, "")) },
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				j := newGuardJob(t)
				answer(j)
				j.comesBetween(event)
				got := j.guard("touch ran")
				assert.Equal(t, codeUsage, got.code, got.err)
				assert.Contains(t, got.err, "belongs to")
				assert.NotContains(t, got.err, "COMMITTED")
				assert.False(t, j.exists("ran"))
				if how == "granted" {
					assert.Equal(t, contract.ChangeNotStarted, j.reported(), "nothing was run: nothing is rolled back, and the run does not wait")
				} else {
					assert.Empty(t, j.reported())
				}
			})
		}
	}
}

// comesBetween lets a run appear with the guard's begin, and not before.
func (j *guardJob) comesBetween(event *historypb.HistoryEvent) {
	j.mu.Lock()
	defer j.mu.Unlock()
	before := j.fails
	j.fails = func(method string) error {
		err := before(method)
		if strings.HasSuffix(method, "/ExecuteMultiOperation") {
			j.first = event
			if j.ends != nil {
				j.closed = j.ends
			}
			if j.refuses {
				j.answers[workflows.UpdateBegin] = workflows.BeginAnswer{Detail: "another runner makes this change"}
			}
		}
		return err
	}
}

func TestOnlyACommittedChangeIsASuccessOfAGuard(t *testing.T) {
	for outcome, code := range map[workflows.Outcome]int{
		workflows.OutcomeCommitted: codeOK, workflows.OutcomeSkipped: codeNotChanged, workflows.OutcomePlanned: codeNotChanged,
	} {
		j := newGuardJob(t)
		j.end(completed(t, aReport(outcome, "")))
		got := j.guard("touch ran")
		assert.Equal(t, code, got.code, got.err)
		if outcome == workflows.OutcomeSkipped {
			assert.Contains(t, got.err, "the command was not run")
		}
	}
}

func TestAnInputOfADryRunIsNoDeploy(t *testing.T) {
	path := write(t, `{"server_id": 7, "dry_run": true}`)
	got := safepoint(t, unreachable, "guard", "-f", path, "--", "true")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "give --dry-run")
}

func TestTheTimeForTheChangeIsCountedFromTheLastLookBeforeTheGrant(t *testing.T) {
	g, _, _ := attending(t)
	began := time.Now()
	later := func(n int) time.Time { return began.Add(time.Duration(n) * time.Second) }
	g.noteGrant(seen{view: viewOf(&workflows.Status{Phase: workflows.PhaseSnapshot})}, later(1))
	require.Equal(t, later(1), *g.ungranted.Load())
	g.noteGrant(seen{}, later(2))
	g.noteGrant(seen{phase: "snapshot"}, later(3)) // the run may not have got to note its next phase
	g.noteGrant(seen{view: viewOf(changing("r1"))}, later(4))
	assert.Equal(t, later(1), *g.ungranted.Load(), "nobody knows, or it was granted")
	g.noteGrant(seen{phase: "change", view: viewOf(changing(""))}, later(5))
	assert.Equal(t, later(5), *g.ungranted.Load())
}

func viewOf(s *workflows.Status) render.View { return render.View{Status: s} }
