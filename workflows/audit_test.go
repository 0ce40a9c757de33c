package workflows

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// newAudit is a harness for an audit of everything that must not be older than 26 hours.
func newAudit(t *testing.T, found contract.AuditResult) *harness {
	t.Helper()
	h := newHarness(t)
	h.runbook = TypeSnapshotAudit
	h.input = SnapshotAuditInput{All: true, MaxAge: Duration(26 * time.Hour), StuckAfter: Duration(time.Hour)}
	double(h, contract.ActivityAuditSnapshots, func(contract.AuditInput) contract.AuditResult { return found })
	return h
}

// staleServers are so many servers of 50, each an hour older than the one after it; the first has no snapshot at all.
func staleServers(n int) contract.AuditResult {
	found := contract.AuditResult{Now: testStart, ClockOf: contract.ClockAPI, Servers: 50, Counts: contract.AuditCounts{Stale: n}}
	for i := range min(n, contract.MaxAuditRows) {
		row := contract.AuditRow{ServerID: int64(100 + i), ServerName: fmt.Sprintf("web-%d", i)}
		if i > 0 {
			row.Age = Duration(time.Duration(200-i)*time.Hour + 90*time.Second)
			row.Newest = testStart.Add(-row.Age.Std())
		}
		found.Stale = append(found.Stale, row)
	}
	return found
}

func TestAnAuditThatFindsNothingStaleCompletes(t *testing.T) {
	h := newAudit(t, staleServers(0))
	e := h.run()
	assert.NoError(t, e.err)
	assert.Equal(t, OutcomeAudited, e.report.Outcome)
	assert.Equal(t, "50 servers audited, each with a completed snapshot younger than 26h.", e.report.Summary)
	require.NotNil(t, e.report.Audit)
	assert.Equal(t, 50, e.report.Audit.Servers)
	assert.Equal(t, contract.AuditInput{Selector: contract.Selector{All: true}, MaxAge: Duration(26 * time.Hour), StuckAfter: Duration(time.Hour)},
		inputs[contract.AuditInput](h, contract.ActivityAuditSnapshots)[0])
}

func TestAStaleServerFailsTheAuditWithATable(t *testing.T) {
	e := newAudit(t, staleServers(3)).run()
	assert.Equal(t, contract.FailStale, e.failure)
	assert.Equal(t, OutcomeStale, e.report.Outcome)
	assert.Equal(t, `3 of 50 servers without a completed snapshot younger than 26h:
SERVER     NEWEST COMPLETED      AGE
100 web-0  none                  -
101 web-1  2026-02-21 04:58 UTC  8d7h
102 web-2  2026-02-21 05:58 UTC  8d6h`, e.report.Summary)
	assert.Len(t, e.report.Audit.Stale, 3, "the report has them all")
}

func TestTheTableOfAnAuditIsBounded(t *testing.T) {
	found := staleServers(137)
	found.Stale[0].ServerName = strings.Repeat("é", 200)
	e := newAudit(t, found).run()
	lines := strings.Split(e.report.Summary, "\n")
	assert.Len(t, lines, 2+maxTableRows+1)
	assert.Equal(t, "and 117 more", lines[len(lines)-1])
	assert.Less(t, len(e.report.Summary), 3000)
}

func TestAnAuditNamesWhatElseItFound(t *testing.T) {
	found := staleServers(0)
	found.ClockOf = contract.ClockWorker
	found.Counts = contract.AuditCounts{Missing: 1, Orphans: 2, Full: 1, StoppedByRun: 3}
	e := newAudit(t, found).run()
	assert.Equal(t, OutcomeAudited, e.report.Outcome)
	assert.Contains(t, e.report.Summary, "Also found: 1 asked-for server is not in the account, 2 orphaned snapshots, 1 server with a full quota, 3 servers that dead runs may have left stopped.")
	assert.Contains(t, e.report.Summary, "by the worker's clock")
}

// A watch over nothing would be green for ever.
func TestAnAuditOfNoServerFails(t *testing.T) {
	e := newAudit(t, contract.AuditResult{Now: testStart, ClockOf: contract.ClockAPI}).run()
	assert.Equal(t, contract.FailPreflight, e.failure)
}

func TestAnAuditThatCannotBeMadeSaysWhy(t *testing.T) {
	for class, advice := range map[string]string{contract.ErrUnauthorized: "VPS_API_TOKEN", contract.ErrNotFound: "VPS_API_URL", contract.ErrUnavailable: "API's state"} {
		e := newAudit(t, contract.AuditResult{}).on(contract.ActivityAuditSnapshots, apiError(class)).run()
		assert.Equal(t, contract.FailPreflight, e.failure)
		assert.Contains(t, e.report.Next, advice)
	}
}

func TestACanceledAuditIsCanceled(t *testing.T) {
	h := newAudit(t, staleServers(1))
	h.on(contract.ActivityAuditSnapshots, step{during: h.env.CancelWorkflow, never: true})
	e := h.run()
	var canceled *temporal.CanceledError
	assert.ErrorAs(t, e.err, &canceled)
	assert.Equal(t, OutcomeCanceled, e.report.Outcome)
}

// An audit is scheduled every few minutes, so its events are counted: the start and the end (2), two workflow tasks (6),
// one activity (3) and two upserts (2) are 13. Neither a lock nor a timer nor a child is among them.
func TestAnAuditCostsOneActivityAndTwoUpserts(t *testing.T) {
	h := newAudit(t, staleServers(1))
	timers := 0
	h.env.SetOnTimerScheduledListener(func(string, time.Duration) { timers++ })
	e := h.run()
	assert.Equal(t, []string{contract.ActivityAuditSnapshots}, e.names())
	assert.Len(t, h.upserts, 2)
	assert.Zero(t, timers)
	assert.Empty(t, h.locks)
}

func TestEveryProblemOfABadAuditIsReportedAtItsPath(t *testing.T) {
	for json, paths := range map[string]string{
		`{}`:                               "servers max_age",
		`{"all": true, "max_age": "0s"}`:   "max_age",
		`{"all": true, "max_age": "59s"}`:  "max_age",
		`{"all": true, "max_age": "366d"}`: "max_age",
		`{"all": true, "max_age": 26}`:     "max_age",
		`{"all": true, "max_age": "26h", "stuck_after": "8d"}`:   "stuck_after",
		`{"all": true, "max_age": "26h", "stuck_after": "0s"}`:   "stuck_after",
		`{"all": true, "servers": [1], "max_age": "26h"}`:        "all",
		`{"selector": {"name": "a["}, "max_age": "26h", "x": 1}`: "x selector.name",
	} {
		_, err := decodeSnapshotAudit(jsonInput(json))
		assert.Equal(t, strings.Fields(paths), problemPaths(problemsIn(t, err)), "%s: %v", json, err)
	}
	in, err := decodeSnapshotAudit(jsonInput(exampleAudit))
	require.NoError(t, err)
	assert.Equal(t, SnapshotAuditInput{All: true, MaxAge: Duration(26 * time.Hour), StuckAfter: Duration(time.Hour)}, in)
}
