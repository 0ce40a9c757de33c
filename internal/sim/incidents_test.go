package sim

import (
	"context"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// arm sets the API's faults and lets the incidents wait for their moments.
func (w *world) arm(ctx context.Context) {
	for n := range w.plan.Incidents {
		i := &w.plan.Incidents[n]
		i.number = n
		switch {
		case i.Do == doFault:
			w.fake.SetFault(*i.Fault)
		case i.When.On == onClock:
			w.background.Go(func() {
				select {
				case <-time.After(time.Duration(i.When.After)):
					w.happen(i, nil)
				case <-ctx.Done():
				}
			})
		default:
			w.mu.Lock()
			w.waiting = append(w.waiting, i)
			w.mu.Unlock()
		}
	}
}

// happened lets the incidents happen that wait for this event. One without a delay has happened when it returns.
func (w *world) happened(on trigger, what string, n int, p *process) {
	w.mu.Lock()
	var due []*incidentPlan
	rest := w.waiting[:0:0]
	for _, i := range w.waiting {
		if i.When.On == on && i.When.What == what && n >= i.When.N {
			due = append(due, i)
		} else {
			rest = append(rest, i)
		}
	}
	w.waiting = rest
	w.mu.Unlock()
	for _, i := range due {
		if i.When.After == 0 {
			w.happen(i, p)
			continue
		}
		w.mu.Lock()
		w.due++
		w.mu.Unlock()
		w.background.Go(func() {
			time.Sleep(time.Duration(i.When.After))
			w.happen(i, p)
			w.mu.Lock()
			w.due--
			w.mu.Unlock()
		})
	}
}

// happen does what an incident does; p is the process that caused the event, if one did.
func (w *world) happen(i *incidentPlan, p *process) {
	w.mu.Lock()
	if p == nil || p.dead() {
		p = w.processes[i.Process]
	}
	id := w.plan.workflowID(i.Run)
	phase := w.phaseOf[id]
	w.saw.count(string(i.Do)+" at "+i.When.What, string(phase))
	w.saw.count(string(i.Do), "")
	w.mu.Unlock()
	w.note("INCIDENT: %s (%s is in %s)", i, id, phase)
	if p == nil { // its process is down just now
		p = &process{w: w, slot: i.Process, conn: w.temporal.Connect("nobody")}
		p.life, p.die = context.WithCancel(context.Background())
		p.die()
	}
	switch i.Do {
	case doKill, doStop:
		w.lose(i, p)
	case doCut:
		p.conn.Cut()
		w.background.Go(func() { time.Sleep(time.Duration(i.For)); p.conn.Mend() })
	case doAPIDown:
		w.takeAPI(i, p.slot)
	case doFault: // set from the begin
	default: // of people
		w.mu.Lock()
		w.due++
		w.mu.Unlock()
		w.background.Go(func() {
			w.person(i, id)
			w.mu.Lock()
			w.due--
			w.mu.Unlock()
		})
	}
}

// lose ends a process; another one takes its place after a while.
func (w *world) lose(i *incidentPlan, p *process) {
	w.mu.Lock()
	current := w.processes[p.slot] == p && !p.dead()
	if current {
		delete(w.processes, p.slot)
	}
	w.mu.Unlock()
	if !current {
		return
	}
	if i.Do == doKill {
		p.kill()
	}
	w.background.Go(func() {
		if i.Do == doStop {
			p.stop()
		}
		select {
		case <-time.After(time.Duration(i.For)):
			w.startProcess(p.slot)
		case <-w.over.Done():
		}
	})
}

func (w *world) takeAPI(i *incidentPlan, slot int) {
	back := make(chan struct{})
	w.mu.Lock()
	taken := w.apiDown[slot] != nil
	if !taken {
		w.apiDown[slot] = back
	}
	w.mu.Unlock()
	if taken {
		return
	}
	w.background.Go(func() {
		time.Sleep(time.Duration(i.For))
		w.mu.Lock()
		delete(w.apiDown, slot)
		w.mu.Unlock()
		close(back)
	})
}

// person does what people do to runs. That a run is over by then is no matter.
func (w *world) person(i *incidentPlan, id string) {
	time.Sleep(w.lag(fmt.Sprintf("person %d", i.number), time.Millisecond, 20*time.Millisecond)) // nothing happens in the very same moment
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var err error
	switch i.Do {
	case doCancel:
		err = w.people.CancelWorkflow(ctx, id, "")
	case doTerminate:
		err = w.people.TerminateWorkflow(ctx, id, "", "by a person")
	case doTerminateLock:
		err = w.people.TerminateWorkflow(ctx, contract.LockWorkflowID(w.plan.Servers[w.plan.Runs[i.Run].Server].ID), "", "by a person")
	case doReset:
		err = w.reset(ctx, i, id)
	}
	if err != nil {
		w.note("%s of %s came to nothing: %v", i.Do, id, err)
		return
	}
	w.mu.Lock()
	w.saw.count(string(i.Do)+" happened", "")
	w.mu.Unlock()
}

// reset goes some workflow tasks back.
func (w *world) reset(ctx context.Context, i *incidentPlan, id string) error {
	run, ok := w.temporal.Latest(id)
	if !ok || !run.Open() && !i.Closed {
		return fmt.Errorf("%s is not open", id)
	}
	if !run.Open() {
		w.mu.Lock()
		w.saw.count("reset of a closed run", "")
		w.mu.Unlock()
	}
	var ends []int64
	for _, ev := range w.temporal.History(run.RunID).GetEvents() {
		if ev.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			ends = append(ends, ev.GetEventId())
		}
	}
	if len(ends) == 0 {
		return fmt.Errorf("%s has done nothing yet", id)
	}
	_, err := w.people.ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: "default", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: run.RunID},
		Reason: "by a person", WorkflowTaskFinishEventId: ends[max(len(ends)-1-i.Back, 0)], RequestId: fmt.Sprintf("reset of %s", run.RunID),
	})
	return err
}
