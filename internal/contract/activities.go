package contract

// Activity names, as they stand in histories.
const (
	ActivityPreflight       = "Preflight"
	ActivityReadServer      = "ReadServer"
	ActivityListSnapshots   = "ListSnapshots"
	ActivityCreateSnapshot  = "CreateSnapshot"
	ActivityFindSnapshot    = "FindSnapshot"
	ActivityAwaitSnapshot   = "AwaitSnapshot"
	ActivityDeleteSnapshot  = "DeleteSnapshot"
	ActivityRestoreSnapshot = "RestoreSnapshot"
	ActivityAwaitRestore    = "AwaitRestore"
	ActivityStopServer      = "StopServer"
	ActivityStartServer     = "StartServer"
	ActivityAwaitServer     = "AwaitServer"
	ActivityAwaitAccess     = "AwaitAccess"
	ActivitySendWebhook     = "SendWebhook"
	ActivityRunSSH          = "RunSSH"
	ActivityVerify          = "Verify"
	ActivityAwaitLock       = "AwaitLock"
	ActivityLockGrace       = "LockGrace"
	ActivitySelectServers   = "SelectServers"
	ActivityAuditSnapshots  = "AuditSnapshots"
	ActivityAwaitRun        = "AwaitRun"
	ActivityFailedTargets   = "FailedTargets"
	ActivityLastHolder      = "LastHolder"
	ActivityCreateBackup    = "CreateBackup"
	ActivityFindBackup      = "FindBackup"
	ActivityAwaitBackup     = "AwaitBackup"
	ActivityNotify          = "Notify"
	ActivityInventory       = "SnapshotInventory"
	ActivityCheckup         = "Checkup"
)

// WaitTaskQueue is the queue of the long waits beside a task queue of short work. Waits have a queue of their own
// because a few hundred of them would otherwise take the slots of the writes that they wait for.
func WaitTaskQueue(taskQueue string) string { return taskQueue + "-wait" }
