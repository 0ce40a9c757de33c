package activities

import (
	"context"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/egress"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// API is what the activities use of the VPS.org client. *vpsorg.Client is one.
type API interface {
	Me(ctx context.Context) (vpsorg.Account, error)
	GetServer(ctx context.Context, serverID int64) (vpsorg.Server, error)
	ListServers(ctx context.Context, o vpsorg.ListServersOpts) ([]vpsorg.Server, error)
	StartServer(ctx context.Context, serverID int64) error
	StopServer(ctx context.Context, serverID int64) error
	ListSnapshots(ctx context.Context, o vpsorg.ListSnapshotsOpts) ([]vpsorg.Snapshot, error)
	CreateSnapshot(ctx context.Context, o vpsorg.CreateSnapshotOpts) (vpsorg.Snapshot, error)
	RestoreSnapshot(ctx context.Context, snapshotID int64) (vpsorg.Restore, error)
	DeleteSnapshot(ctx context.Context, snapshotID int64) error
	ListBackups(ctx context.Context, o vpsorg.ListBackupsOpts) ([]vpsorg.Backup, error)
	CreateBackup(ctx context.Context, o vpsorg.CreateBackupOpts) (vpsorg.Backup, error)
	// Now is the API's own clock, by which the ages of what it made are judged; not known before its first answer.
	Now() (now time.Time, known bool)
}

// Look is one answer of the API to a shared poll, or the error that came instead.
type Look[T any] struct {
	Value T
	Err   error
}

// Feed delivers looks that were all begun after the feed was opened, each of them once.
type Feed[T any] interface {
	// Next blocks until there is a look. Its error means that there will be none: the context or the poller ended.
	Next(ctx context.Context) (Look[T], error)
	Close()
}

// Watcher opens feeds on the worker's shared poller. See NewWatcher.
type Watcher interface {
	// Snapshots feeds the whole list of one server's snapshots.
	Snapshots(serverID int64) Feed[[]contract.Snapshot]
	// Server feeds one server.
	Server(serverID int64) Feed[contract.Server]
}

// Prober looks at all checks of a server once. *probe.Prober is one.
type Prober interface {
	Round(ctx context.Context, checks []contract.Check) []contract.CheckResult
}

// Options is what the activities need. API, Watch, Prober, Gate and Locks have no default.
type Options struct {
	API    API
	Watch  Watcher
	Prober Prober
	Gate   Gate
	// Locks is the Temporal client of the worker.
	Locks LockClient
	// SSH makes changes over ssh; nil means that ssh is not set up on this worker.
	SSH SSH
	// Egress is what the activities may connect to besides the API; default egress.Default.
	Egress *egress.Policy
	// Servers are the servers that the activities may be about; nil means every server of the account.
	Servers Servers
	// Settle is VPS_SETTLE: how long the API's lists and statuses may lag behind a write. Zero means that they do not.
	Settle time.Duration
	// PollInterval is VPS_POLL_INTERVAL: the pause between two questions of a wait's own; default 10s.
	PollInterval time.Duration
	// Facts are what a checkup tells of the worker's settings; they hold no secret.
	Facts contract.WorkerFacts
}

// Activities holds what the activities share. Every exported method but those of Go itself is one activity.
type Activities struct {
	api    API
	watch  Watcher
	prober Prober
	gate   Gate
	locks  LockClient
	ssh    SSH
	egress *egress.Policy
	// servers is asked by Preflight; for everything else api and watch ask it.
	servers Servers

	settle time.Duration
	poll   time.Duration
	facts  contract.WorkerFacts
	pace   pace
}

// pace is how fast the activities go; only tests change it.
type pace struct {
	// heartbeat is how often reads and waits heartbeat. The runbooks give them a heartbeat time-out of 15s; the SDK sends
	// at most one each 12s of these.
	heartbeat time.Duration
	// firstLook is how much longer than the user's time a wait goes on for the looks without which it must not end: one
	// request may take VPS_REQUEST_TIMEOUT, and a poll may just have gone out when the wait began.
	firstLook time.Duration
	// retry is the pause after an error that a wait or a look asks again after.
	retry time.Duration
	// recheck is how often a waiter looks at a lock and its holder; a lock that closes is noticed at once.
	recheck time.Duration
	// gather is how long AwaitRun goes on after the first run has closed: a long poll of a run that is closed already is
	// answered within a few milliseconds, and each one more that is found now saves a whole activity.
	gather time.Duration
	// call bounds one question to Temporal.
	call time.Duration
	// webhookStop is how long a webhook may still go on when the worker stops: most answer by then.
	webhookStop time.Duration
	// clockGap passes between two looks at the API's clock that tell how fast it runs.
	clockGap time.Duration
	// now is the clock of the fence.
	now func() time.Time
}

func defaultPace() pace {
	return pace{
		heartbeat:   3 * time.Second,
		firstLook:   time.Minute,
		retry:       time.Second,
		recheck:     5 * time.Second,
		gather:      250 * time.Millisecond,
		call:        10 * time.Second,
		webhookStop: 30 * time.Second,
		clockGap:    3 * time.Second,
		now:         time.Now,
	}
}

// New makes the activities. They do nothing before they are registered with a worker.
func New(o Options) *Activities {
	if o.PollInterval <= 0 {
		o.PollInterval = 10 * time.Second
	}
	if o.Egress == nil {
		o.Egress = egress.Default()
	}
	if o.Servers != nil {
		o.API, o.Watch = Restrict(o.API, o.Servers), restrictWatch(o.Watch, o.Servers)
	}
	return &Activities{
		api: o.API, watch: o.Watch, prober: o.Prober, gate: o.Gate, locks: o.Locks, ssh: o.SSH,
		egress: o.Egress, servers: o.Servers,
		settle: o.Settle, poll: o.PollInterval, facts: o.Facts, pace: defaultPace(),
	}
}
