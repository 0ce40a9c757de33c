package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// silenceInChaos is how long a runner may be silent: longer than Temporal is ever away.
const silenceInChaos = "30s"

// runner is a deploy job that makes its change itself, exactly as the README says, with the real command line.
func (c *crowd) runner(m *member) {
	dir, err := os.MkdirTemp(filepath.Dir(c.database), "deploy-")
	if err == nil {
		deploy := fmt.Sprintf("#!/bin/bash\nexec curl -fsS -m 6 -X POST '%shooks/deploy?version=%s&healthy=true&delay=%dms'\n",
			c.siteOf(m.servers[0]), versionOf(m.id), c.dice.below(1000))
		err = os.WriteFile(filepath.Join(dir, "deploy.sh"), []byte(deploy), 0o755)
	}
	if err != nil {
		c.problem(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.size.bound())
	defer cancel()
	go func() {
		select {
		case <-c.quit:
			cancel()
		case <-ctx.Done():
		}
	}()
	job := strings.NewReplacer(
		"safepoint begin", fmt.Sprintf("safepoint begin --heartbeat-timeout %s --begin-timeout 5m --lock-timeout 5m --hold-timeout 15m", silenceInChaos),
		"safepoint heartbeat deploy-2.14.0", fmt.Sprintf("safepoint heartbeat %s --heartbeat-timeout %s", m.id, silenceInChaos),
		"deploy-2.14.0", m.id, "$(uuidgen)", "runner-of-"+m.id, "12345", fmt.Sprint(m.servers[0]),
		"--check-http https://web01.example.com/healthz", fmt.Sprintf("--initial-delay 0s --interval 300ms --verify-timeout 30s --successes 2 --failures 2 --check-http %shealthz", c.siteOf(m.servers[0])),
	).Replace(c.bracket)
	cmd := exec.CommandContext(ctx, "bash", "-u", "-c", job)
	cmd.Dir, cmd.WaitDelay = dir, 5*time.Second
	out := collected.file(c.t.Name() + "-" + m.id)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = []string{"HOME=" + dir, "PATH=" + binDir + ":" + os.Getenv("PATH"), "TEMPORAL_ADDRESS=" + c.address, "SAFEPOINT_TASK_QUEUE=" + c.queue, "USER=chaos"}
	_ = cmd.Run() // red or green: the run's own end is looked at
	c.mu.Lock()
	defer c.mu.Unlock()
	m.left = true
}

func (c *crowd) problem(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems = append(c.problems, err)
}

// decideForAll is the person who is asked: for every held run, those of fleets too.
func (c *crowd) decideForAll() {
	held, err := c.list("ExecutionStatus = 'Running' AND SafepointPhase = 'hold'")
	if err != nil {
		return // Temporal is down, the next look is in a second
	}
	for _, info := range held {
		id := info.GetExecution().GetWorkflowId()
		s, err := c.look(id)
		if err != nil || s.Hold == nil || c.dice.oneIn(3) { // a person takes a while
			continue
		}
		decision := c.choose(s.Hold.Decisions)
		ctx, cancel := context.WithTimeout(context.Background(), callWithin)
		handle, err := c.temp.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
			WorkflowID: id, UpdateName: workflows.UpdateDecide, WaitForStage: client.WorkflowUpdateStageCompleted,
			Args: []any{workflows.DecideRequest{Decision: decision, By: "the crowd"}},
		})
		if err == nil {
			err = handle.Get(ctx, nil)
		}
		cancel()
		if err == nil { // else: decided meanwhile, or Temporal or the workers are down; the hold is still there then
			c.mu.Lock()
			c.decided[decision]++
			c.mu.Unlock()
		}
	}
}

// choose prefers what leaves the server healthy: a red server is of no use to the runs that come.
func (c *crowd) choose(offered []workflows.Decision) workflows.Decision {
	for _, d := range []workflows.Decision{workflows.DecideRollback, workflows.DecideApprove} {
		if slices.Contains(offered, d) && !c.dice.oneIn(3) {
			return d
		}
	}
	return pick(c.dice, offered...)
}

// lookAtSnapshots notes what each snapshot holds. Pruned ones are no longer there when the runs are judged.
func (c *crowd) lookAtSnapshots() {
	ask := &http.Client{Timeout: 2 * freezeMost}
	resp, err := ask.Get(c.api + "/fake/state")
	if err != nil {
		return // frozen; the next look is in a second
	}
	defer func() { _ = resp.Body.Close() }()
	var state vpsfake.State
	if json.NewDecoder(resp.Body).Decode(&state) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range state.Snapshots {
		c.versions[s.ID] = s.Version
	}
}

// versionOf is what a snapshot holds, or held.
func (c *crowd) versionOf(id int64) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.versions[id]
}

// list asks Temporal for workflows; an empty query means all.
func (w *world) list(query string) ([]*workflowpb.WorkflowExecutionInfo, error) {
	var all []*workflowpb.WorkflowExecutionInfo
	var next []byte
	for {
		ctx, cancel := context.WithTimeout(context.Background(), callWithin)
		page, err := w.temp.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, NextPageToken: next})
		cancel()
		if err != nil {
			return nil, err
		}
		all = append(all, page.GetExecutions()...)
		if next = page.GetNextPageToken(); len(next) == 0 {
			return all, nil
		}
	}
}
