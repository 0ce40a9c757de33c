package activities

import (
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Register adds the short activities under their contract names to the worker of the main task queue.
func Register(r worker.ActivityRegistry, a *Activities) {
	register(r, map[string]any{
		contract.ActivityPreflight:       a.Preflight,
		contract.ActivityReadServer:      a.ReadServer,
		contract.ActivityListSnapshots:   a.ListSnapshots,
		contract.ActivityCreateSnapshot:  a.CreateSnapshot,
		contract.ActivityDeleteSnapshot:  a.DeleteSnapshot,
		contract.ActivityRestoreSnapshot: a.RestoreSnapshot,
		contract.ActivityStopServer:      a.StopServer,
		contract.ActivityStartServer:     a.StartServer,
		contract.ActivitySendWebhook:     a.SendWebhook,
		contract.ActivityRunSSH:          a.RunSSH,
		contract.ActivityLockGrace:       a.LockGrace,
		contract.ActivityCreateBackup:    a.CreateBackup,
		contract.ActivityNotify:          a.Notify,
		contract.ActivitySelectServers:   a.SelectServers,
		contract.ActivityAuditSnapshots:  a.AuditSnapshots,
		contract.ActivityFailedTargets:   a.FailedTargets,
		contract.ActivityLastHolder:      a.LastHolder,
		contract.ActivityInventory:       a.SnapshotInventory,
		contract.ActivityCheckup:         a.Checkup,
	})
}

// RegisterWaits adds the long waits to the worker of contract.WaitTaskQueue, where they cannot take the slots of the
// writes that they wait for.
func RegisterWaits(r worker.ActivityRegistry, a *Activities) {
	register(r, map[string]any{
		contract.ActivityFindSnapshot:  a.FindSnapshot,
		contract.ActivityAwaitSnapshot: a.AwaitSnapshot,
		contract.ActivityAwaitRestore:  a.AwaitRestore,
		contract.ActivityAwaitServer:   a.AwaitServer,
		contract.ActivityAwaitAccess:   a.AwaitAccess,
		contract.ActivityVerify:        a.Verify,
		contract.ActivityAwaitLock:     a.AwaitLock,
		contract.ActivityFindBackup:    a.FindBackup,
		contract.ActivityAwaitBackup:   a.AwaitBackup,
		contract.ActivityAwaitRun:      a.AwaitRun,
	})
}

func register(r worker.ActivityRegistry, named map[string]any) {
	for name, fn := range named {
		r.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
}
