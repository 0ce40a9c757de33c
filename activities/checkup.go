package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

const (
	// checkupRequest bounds one question of a checkup: a person waits for the answer. There are four at most.
	checkupRequest = 10 * time.Second
	// apiClockTolerance is how far the API's clock may be off: its Date has whole seconds and takes the answer's way.
	apiClockTolerance = 30 * time.Second
	// workerClockTolerance is far less, because the deadlines of writes hang on it: Temporal says when one began, and the
	// worker's clock says when it is over.
	workerClockTolerance = 10 * time.Second
	// scaledClock is how many times as fast as the worker's a clock must run to be a stand-in's. Jitter of a slow network
	// cannot make that of a real one.
	scaledClock = 3
)

// Checkup looks at what this worker needs to do its work. What is wrong is a finding and not an error, so that one broken
// thing hides no other. It writes nothing.
func (a *Activities) Checkup(ctx context.Context, in contract.CheckupInput) (contract.CheckupResult, error) {
	defer a.keepAlive(ctx)()
	c := &checkup{a: a, in: in, now: a.pace.now(), info: activity.GetInfo(ctx)}
	c.settings()
	c.workerClock()
	c.askAPI(ctx)
	c.askLists(ctx)
	c.token()
	c.apiClock(ctx)
	c.servers()
	c.quota()
	c.egress()
	if ctx.Err() != nil {
		return contract.CheckupResult{}, ctx.Err() // cancelled, or its worker ends: what failed says nothing
	}
	return contract.CheckupResult{Findings: c.findings, Version: fit(a.facts.Version, maxAuditText)}, nil
}

// checkup is one Checkup under way.
type checkup struct {
	a        *Activities
	in       contract.CheckupInput
	now      time.Time // the worker's clock when the attempt began here
	info     activity.Info
	findings []contract.Finding

	account vpsorg.Account
	meErr   error
	// usable says that the API answered as the API does; without it nothing else of it can be looked at.
	usable       bool
	list         []contract.Server
	snapshots    []contract.Snapshot
	serversErr   error
	snapshotsErr error
	// workerOff says that this worker's clock is known to be off.
	workerOff bool
}

func (c *checkup) say(name string, state contract.FindingState, detail, mend string, commands ...string) {
	c.findings = append(c.findings, contract.Finding{Name: name, State: state, Detail: short(detail), Mend: short(mend), Commands: commands})
}

func (c *checkup) ok(name, detail string)         { c.say(name, contract.FindingOK, detail, "") }
func (c *checkup) warn(name, detail, mend string) { c.say(name, contract.FindingWarn, detail, mend) }
func (c *checkup) bad(name, detail, mend string)  { c.say(name, contract.FindingBad, detail, mend) }

// unchecked names what must be mended before anybody can know.
func (c *checkup) unchecked(name, first string) {
	c.say(name, contract.FindingUnchecked, "not checked", "mend "+first+" first")
}

// askAPI asks whose the token is, which any token may.
func (c *checkup) askAPI(ctx context.Context) {
	c.account, c.meErr = c.me(ctx)
	c.api()
}

func (c *checkup) me(ctx context.Context) (vpsorg.Account, error) {
	ctx, cancel := context.WithTimeout(ctx, checkupRequest)
	defer cancel()
	return c.a.api.Me(ctx)
}

// askLists reads what the account has; without a token that works it asks nothing.
func (c *checkup) askLists(ctx context.Context) {
	if !c.usable || c.meErr != nil {
		return
	}
	one, cancel := context.WithTimeout(ctx, checkupRequest)
	snapshots, err := c.a.api.ListSnapshots(one, vpsorg.ListSnapshotsOpts{})
	cancel()
	c.snapshots, c.snapshotsErr = snapshotsOf(snapshots), err
	one, cancel = context.WithTimeout(ctx, checkupRequest)
	defer cancel()
	servers, err := c.a.api.ListServers(one, vpsorg.ListServersOpts{})
	c.serversErr = err
	for _, s := range servers {
		c.list = append(c.list, serverOf(s))
	}
}
