package temporalfake

import (
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"
)

// Run is one run of a workflow, as a person sees it.
type Run struct {
	WorkflowID, RunID string
	// OriginalRunID is the run id before any reset.
	OriginalRunID string
	Type          string
	Status        enumspb.WorkflowExecutionStatus
	ParentID      string
	Started       time.Time
	// Closed is zero while the run is open.
	Closed time.Time
	// Events is how long the history is.
	Events int
}

// Open says whether the run still goes on.
func (r Run) Open() bool { return r.Status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING }

func (e *execution) view() Run {
	r := Run{
		WorkflowID: e.id, RunID: e.runID, OriginalRunID: e.started.GetOriginalExecutionRunId(), Type: e.started.GetWorkflowType().GetName(),
		Status: e.status, Started: e.at, Closed: e.closedAt, Events: len(e.events),
		ParentID: e.started.GetParentWorkflowExecution().GetWorkflowId(),
	}
	return r
}

// Runs are all runs in the order of their start.
func (s *Service) Runs() []Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Run, 0, len(s.order))
	for _, e := range s.order {
		all = append(all, e.view())
	}
	return all
}

// Latest is the latest run of a workflow id.
func (s *Service) Latest(workflowID string) (Run, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.current[workflowID]
	if e == nil {
		return Run{}, false
	}
	return e.view(), true
}

// History is the history of a run so far; its events are shared and must not be changed.
func (s *Service) History(runID string) *historypb.History {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.runs[runID]; e != nil {
		return &historypb.History{Events: slices.Clone(e.events)}
	}
	return &historypb.History{}
}

// Attribute decodes a search attribute of a run into v and says whether it is set.
func (s *Service) Attribute(runID, name string, v any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.runs[runID]
	if e == nil || e.attributes[name] == nil {
		return false
	}
	return converter.GetDefaultDataConverter().FromPayload(e.attributes[name], v) == nil
}

// Troubles are workflow tasks that failed though no worker died: a panic of workflow code, or code that does not fit
// its own history.
func (s *Service) Troubles() []Trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Trouble
	for _, e := range s.order {
		for _, f := range e.troubles {
			all = append(all, Trouble{Run: e.view(), Failure: f})
		}
	}
	return all
}

// Trouble is one failed workflow task.
type Trouble struct {
	Run     Run
	Failure *failurepb.Failure
}
