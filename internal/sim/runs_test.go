package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

const (
	oldVersion = "1.0.0"
	// changeTimeout is how long an external change may take.
	changeTimeout = 5 * time.Minute
)

// object is a JSON object in the making.
type object = map[string]any

// workflowID is the id of the n-th run.
func (p plan) workflowID(n int) string { return fmt.Sprintf("run-%d", n) }

// version is what the n-th run brings to its server.
func version(n int) string { return fmt.Sprintf("2.%d.0", n) }

// runOf is the run of a workflow id, those of a fleet included.
func (p plan) runOf(workflowID string) (int, bool) {
	var n int
	if _, err := fmt.Sscanf(workflowID, "run-%d", &n); err != nil || n >= len(p.Runs) {
		return 0, false
	}
	return n, true
}

func (r runPlan) workflowType() string {
	switch r.Kind {
	case runRollback:
		return workflows.TypeRollbackByRestore
	case runRotation, runRotations:
		return workflows.TypeSnapshotRotation
	case runFleet:
		return workflows.TypeFleetUpdate
	default: // the kinds of change
		return workflows.TypeSnapshotUpdateVerify
	}
}

// start starts the n-th run when its time has come, and whoever it needs.
func (w *world) start(ctx context.Context, n int) {
	r := w.plan.Runs[n]
	time.Sleep(time.Duration(r.At))
	w.startRaw(ctx, w.plan.workflowID(n), r.workflowType(), w.plan.input(n))
	for i := range r.Runners {
		w.background.Go(func() { w.runner(ctx, n, i) })
	}
	if r.Kind == runNone && r.Bad { // somebody else breaks the server meanwhile
		time.Sleep(w.lag("bad luck", time.Second, 2*time.Minute))
		w.fake.Deploy(w.plan.Servers[r.Server].ID, version(n), false)
	}
}

// startRaw starts a workflow as a person does, with JSON.
func (w *world) startRaw(ctx context.Context, id, kind string, input object) {
	b, err := json.Marshal(input)
	w.must(err)
	in := converter.NewRawValue(&commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(converter.MetadataEncodingJSON)}, Data: b})
	if _, err := w.people.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: taskQueue}, kind, in); err != nil && !gone(ctx, err) {
		w.trouble("%s could not be started: %v", id, err)
	}
}

// runner is a deploy system that makes an external change.
func (w *world) runner(ctx context.Context, n, i int) {
	r, id := w.plan.Runs[n].Runners[i], w.plan.workflowID(n)
	name := fmt.Sprintf("runner-%d", i)
	time.Sleep(time.Duration(r.After))
	if r.Dies == "begin" {
		return
	}
	var answer workflows.BeginAnswer
	if err := w.update(ctx, id, "begin/"+name, workflows.UpdateBegin, workflows.BeginRequest{Runner: name, Confirms: r.Confirms}, &answer); err != nil || !answer.Granted || r.Dies == "change" {
		return
	}
	w.note("%s may change the server", name)
	w.mu.Lock()
	w.saw.count("granted", id)
	w.mu.Unlock()
	stop := make(chan struct{})
	defer close(stop)
	w.background.Go(func() { w.beat(ctx, id, name, stop) })
	if r.Unable || r.Confirms && !w.confirmed(ctx, id, name) {
		time.Sleep(time.Duration(r.Late))
		w.reports(ctx, id, name, contract.ChangeNotStarted)
		return
	}
	p := w.plan.Runs[n]
	// A runner stops its own work before its time is over.
	work, cancel := context.WithTimeout(ctx, changeTimeout-15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(work, http.MethodPost, p.hook(n, fmt.Sprint(w.plan.Servers[p.Server].ID)), http.NoBody)
	w.must(err)
	req.RequestURI = req.URL.RequestURI()
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	func() {
		defer func() {
			if recover() != nil { // the connection was cut
				rec.status = 0
			}
		}()
		w.fake.ServeHTTP(rec, req)
	}()
	if r.Dies == "report" {
		return
	}
	time.Sleep(time.Duration(r.Late))
	result := contract.ChangeSucceeded
	if r.Fails || rec.status != http.StatusOK {
		result = contract.ChangeFailed
	}
	w.reports(ctx, id, name, result)
}

// reports says how a runner's change ended.
func (w *world) reports(ctx context.Context, workflowID, name string, result contract.ChangeResult) {
	var said workflows.ReportAnswer
	_ = w.update(ctx, workflowID, "report/"+name, workflows.UpdateReport, workflows.ReportRequest{Runner: name, Result: result}, &said) // the run may have given up on it
}

// confirmed keeps a runner's promise: Temporal has taken a heartbeat of it, and a look after the longest task that may have
// begun before that still shows the run in its change.
func (w *world) confirmed(ctx context.Context, workflowID, name string) bool {
	const longestTask = 10 * time.Second
	for range 3 {
		if w.people.SignalWorkflow(ctx, workflowID, "", workflows.SignalHeartbeat, workflows.HeartbeatSignal{Runner: name}) != nil {
			time.Sleep(time.Second)
			continue
		}
		time.Sleep(longestTask + time.Second)
		look, err := w.people.DescribeWorkflowExecution(ctx, workflowID, "")
		if err != nil {
			continue
		}
		info, phase := look.GetWorkflowExecutionInfo(), ""
		_ = converter.GetDefaultDataConverter().FromPayload(info.GetSearchAttributes().GetIndexedFields()[workflows.SearchAttributePhase], &phase) // none is no phase
		return info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING && phase == string(workflows.PhaseChange)
	}
	return false
}

// beat sends heartbeats until the runner ends.
func (w *world) beat(ctx context.Context, workflowID, name string, stop chan struct{}) {
	tick := time.NewTicker(8 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if w.people.SignalWorkflow(ctx, workflowID, "", workflows.SignalHeartbeat, workflows.HeartbeatSignal{Runner: name}) != nil {
				return
			}
		case <-stop:
			return
		case <-ctx.Done():
			return
		}
	}
}

// update sends an update and waits for its answer.
func (w *world) update(ctx context.Context, workflowID, id, name string, in, out any) error {
	handle, err := w.people.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateID: id, UpdateName: name, Args: []any{in}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, out)
	}
	return err
}

// askPerson lets the person of a run answer a hold, if there is one who comes.
func (w *world) askPerson(workflowID string) {
	n, ok := w.plan.runOf(workflowID)
	if !ok {
		return
	}
	w.mu.Lock()
	turn := w.holds[n]
	w.holds[n]++
	w.mu.Unlock()
	if turn >= len(w.plan.Runs[n].Answers) {
		return
	}
	a := w.plan.Runs[n].Answers[turn]
	time.Sleep(time.Duration(a.Late))
	var answer workflows.DecideAnswer
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := w.update(ctx, workflowID, fmt.Sprintf("decide/%d", turn), workflows.UpdateDecide, workflows.DecideRequest{Decision: a.Decision, By: "ops"}, &answer)
	w.note("a person decides %s for %s: %v %s", a.Decision, workflowID, err, answer.Detail)
}

// serverOf is the server that a closing run was about; 0 when it left no report.
func serverOf(ev *historypb.HistoryEvent, _ plan) int64 {
	r, ok := reportOf(ev)
	if !ok {
		return 0
	}
	return r.ServerID
}

// reportOf decodes what a run left behind.
func reportOf(ev *historypb.HistoryEvent) (workflows.Report, bool) {
	var p *commonpb.Payloads
	switch {
	case ev.GetWorkflowExecutionCompletedEventAttributes() != nil:
		p = ev.GetWorkflowExecutionCompletedEventAttributes().GetResult()
	case ev.GetWorkflowExecutionFailedEventAttributes() != nil:
		p = ev.GetWorkflowExecutionFailedEventAttributes().GetFailure().GetApplicationFailureInfo().GetDetails()
	case ev.GetWorkflowExecutionCanceledEventAttributes() != nil:
		p = ev.GetWorkflowExecutionCanceledEventAttributes().GetDetails()
	}
	if len(p.GetPayloads()) == 0 || !strings.Contains(string(p.GetPayloads()[0].GetData()), `"runbook"`) {
		return workflows.Report{}, false
	}
	var r workflows.Report
	err := converter.GetDefaultDataConverter().FromPayload(p.GetPayloads()[0], &r)
	return r, err == nil
}
