package workflows

import (
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// Register adds every runbook to a worker under its contract name.
func Register(r worker.WorkflowRegistry) {
	r.RegisterWorkflowWithOptions(SnapshotUpdateVerify, workflow.RegisterOptions{Name: TypeSnapshotUpdateVerify})
	r.RegisterWorkflowWithOptions(ServerLock, workflow.RegisterOptions{Name: TypeServerLock})
}
