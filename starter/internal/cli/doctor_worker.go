package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// maxPollersShown is how many workers a line names.
const maxPollersShown = 3

// workers looks who polls the two task queues.
func (e *examination) workers(ctx context.Context, c client.Client) (first string) {
	wait := contract.WaitTaskQueue(e.o.queue)
	short := e.pollers(ctx, c, findingWorker, e.o.queue, enumspb.TASK_QUEUE_TYPE_WORKFLOW, enumspb.TASK_QUEUE_TYPE_ACTIVITY)
	long := e.pollers(ctx, c, findingWaitWorker, wait, enumspb.TASK_QUEUE_TYPE_ACTIVITY)
	if !short {
		return findingWorker
	}
	if !long {
		e.findings[len(e.findings)-1].Detail += ": runbooks start and then wait for ever"
	}
	return ""
}

// pollers says who polls a task queue in all the given ways.
func (e *examination) pollers(ctx context.Context, c client.Client, name, queue string, kinds ...enumspb.TaskQueueType) bool {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var found []*taskqueuepb.PollerInfo
	for _, kind := range kinds {
		answer, err := c.DescribeTaskQueue(ctx, queue, kind)
		if err != nil {
			e.bad(name, fmt.Sprintf("Temporal did not say who polls the task queue %s: %v", queue, err), "run this again")
			return false
		}
		found = answer.GetPollers()
		if len(found) == 0 {
			e.bad(name, fmt.Sprintf("no worker polls the task queue %s of namespace %s", queue, e.options.Namespace), e.startWorker())
			return false
		}
	}
	e.ok(name, fmt.Sprintf("task queue %s is polled by %s", queue, e.pollersText(found)))
	return true
}

func (e *examination) startWorker() string {
	return fmt.Sprintf("start safepoint-worker with TEMPORAL_ADDRESS=%s TEMPORAL_NAMESPACE=%s SAFEPOINT_TASK_QUEUE=%s; if it runs, look at its log",
		quote(e.options.HostPort), quote(e.options.Namespace), quote(e.o.queue))
}

// pollersText names the workers and their builds.
func (e *examination) pollersText(found []*taskqueuepb.PollerInfo) string {
	var texts []string
	for _, p := range found {
		text := p.GetIdentity()
		if o := p.GetDeploymentOptions(); o.GetWorkerVersioningMode() == enumspb.WORKER_VERSIONING_MODE_VERSIONED {
			build := o.GetDeploymentName() + "/" + o.GetBuildId()
			text += " (build " + build + ")"
			if !slices.Contains(e.versioned, build) {
				e.versioned = append(e.versioned, build)
			}
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	shown := strings.Join(texts[:min(len(texts), maxPollersShown)], ", ")
	if more := len(texts) - maxPollersShown; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	return shown
}

// checkup asks a worker.
func (e *examination) checkup(ctx context.Context, c client.Client) {
	id := newID("doctor", int64(e.o.server), time.Now())
	var found contract.CheckupResult
	err := e.app.lookOnce(ctx, c, lookRequest{id, workflows.TypeCheckup, e.o.queue, e.o.timeout, e.o.format}, workflows.CheckupInput{ServerID: int64(e.o.server)}, &found)
	var app *temporal.ApplicationError
	var late *lateLook
	switch {
	case err == nil && len(found.Findings) > 0:
		e.ok(findingCheckup, fmt.Sprintf("safepoint-worker %s answers this safepoint %s", found.Version, e.app.Version))
		e.findings = append(e.findings, found.Findings...)
		return
	case err == nil:
		e.bad(findingCheckup, "a worker answered with nothing", "look at what serves the task queue "+e.o.queue)
	case errors.As(err, &late):
		e.noAnswer(late)
	case errors.As(err, &app):
		e.bad(findingCheckup, "the worker refuses the checkup: "+app.Message(), "use a safepoint-worker as new as this program")
	default: // Temporal refused the start, or somebody ended the look
		e.bad(findingCheckup, fmt.Sprintf("the worker could not be asked: %v", err), "check TEMPORAL_NAMESPACE and TEMPORAL_API_KEY, and run this again")
	}
	e.unchecked(findingCheckup, contract.WorkerFindings()...)
}

// noAnswer tells a worker that fails at the checkup from one that is not there any more, and both from a Temporal that has
// stopped answering.
func (e *examination) noAnswer(late *lateLook) {
	switch {
	case late.gone != nil:
		e.bad(findingCheckup, late.Error()+"; what a worker would say is not known", "run this again when Temporal answers")
		return
	case late.progress.fails:
		e.bad(findingCheckup, fmt.Sprintf("a worker takes the checkup and fails at it, again and again for %s", contract.Duration(e.o.timeout)),
			"use a safepoint-worker as new as this program; its log says why it fails")
		return
	case late.progress.begun:
		e.bad(findingCheckup, late.Error(), "look at the worker's log, and run this again, with a longer --timeout")
		return
	}
	var current []string
	for _, build := range e.versioned {
		deployment, id, _ := strings.Cut(build, "/")
		current = append(current, fmt.Sprintf("temporal worker deployment set-current-version --namespace %s --deployment-name %s --build-id %s",
			quote(e.options.Namespace), quote(deployment), quote(id)))
	}
	mend := e.startWorker()
	if len(current) > 0 {
		mend += "; if it runs, its build is not the current one: make it so"
	}
	e.bad(findingCheckup, fmt.Sprintf("no worker has answered in %s, though one was seen polling: Temporal shows it for up to five minutes after its end",
		contract.Duration(e.o.timeout)), mend, current...)
}
