package workflows

import (
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// Register adds every runbook to a worker under its contract name.
func Register(r worker.WorkflowRegistry) {
	r.RegisterWorkflowWithOptions(SnapshotUpdateVerify, workflow.RegisterOptions{Name: TypeSnapshotUpdateVerify})
	r.RegisterWorkflowWithOptions(RollbackByRestore, workflow.RegisterOptions{Name: TypeRollbackByRestore})
	r.RegisterWorkflowWithOptions(SnapshotRotation, workflow.RegisterOptions{Name: TypeSnapshotRotation})
	r.RegisterWorkflowWithOptions(SnapshotAudit, workflow.RegisterOptions{Name: TypeSnapshotAudit})
	r.RegisterWorkflowWithOptions(SnapshotInventory, workflow.RegisterOptions{Name: TypeSnapshotInventory})
	r.RegisterWorkflowWithOptions(Checkup, workflow.RegisterOptions{Name: TypeCheckup})
	r.RegisterWorkflowWithOptions(FleetUpdate, workflow.RegisterOptions{Name: TypeFleetUpdate})
	r.RegisterWorkflowWithOptions(FleetPage, workflow.RegisterOptions{Name: TypeFleetPage})
	r.RegisterWorkflowWithOptions(Notification, workflow.RegisterOptions{Name: TypeNotification})
	r.RegisterWorkflowWithOptions(ServerLock, workflow.RegisterOptions{Name: TypeServerLock})
}
