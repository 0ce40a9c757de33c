package vpsfake

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

const backupsPath = "/api/v1/backups/"

// backupBody is a backup of web01 by a run.
func backupBody(run string) string {
	return fmt.Sprintf(`{"server_id":101,"description":"by test managed-by=safepoint run=%s"}`, run)
}

// backUp asks for a backup of web01 by the run r1 and answers the status.
func backUp(h *harness) int { return h.call("POST", backupsPath, backupBody("r1")).status }

func TestABackupLivesAsAFaultSays(t *testing.T) {
	for name, c := range map[string]struct {
		faults          []Fault
		started, at, by string
	}{
		"well":           {nil, "in_progress", "completed", "completed"},
		"failed":         {[]Fault{{Kind: SnapshotFails, Op: OpCreateBackup}}, "in_progress", "failed", "failed"},
		"failed oddly":   {[]Fault{{Kind: SnapshotFails, Status: "error"}}, "in_progress", "error", "error"},
		"for ever":       {[]Fault{{Kind: NeverFinishes, Op: OpCreateBackup}}, "in_progress", "in_progress", "in_progress"},
		"in odd words":   {[]Fault{{Kind: UnknownStatus, Duration: time.Hour}}, "finalizing", "finalizing", "completed"},
		"of a snapshot":  {[]Fault{{Kind: SnapshotFails, Op: OpCreateSnapshot}}, "in_progress", "completed", "completed"},
		"lost, but made": {[]Fault{{Kind: MalformedJSON, Op: OpCreateBackup}}, "in_progress", "completed", "completed"},
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t, Options{Faults: c.faults})
			assert.Equal(t, 201, backUp(h))
			assert.Equal(t, c.started, h.Backups(web01)[0].Status)
			h.clock.pass(defaultSnapshotTime)
			assert.Equal(t, c.at, h.Backups(web01)[0].Status)
			h.clock.pass(time.Hour)
			assert.Equal(t, c.by, h.rows(backupsPath)[0].(map[string]any)["status"])
		})
	}
}

func TestBackupsThatWereThereAreListedByTypeAndTakenAway(t *testing.T) {
	h := start(t, Options{})
	manual := h.AddBackup(BackupSpec{ServerID: web01, Description: "by hand"})
	automatic := h.AddBackup(BackupSpec{ServerID: web01, Automatic: true})
	h.AddBackup(BackupSpec{ServerID: web02, Status: "error"})
	assert.Len(t, h.rows(backupsPath), 3)
	only := func(query string) map[string]any {
		rows := h.rows(backupsPath + "?server_id=101&backup_type=" + query)
		assert.Len(t, rows, 1)
		return rows[0].(map[string]any)
	}
	assert.EqualValues(t, manual, only("manual")["id"])
	assert.Nil(t, only("manual")["expires_at"])
	assert.EqualValues(t, automatic, only("automatic")["id"])
	assert.NotNil(t, only("automatic")["expires_at"])
	h.RemoveBackup(manual)
	h.RemoveBackup(12345)
	assert.Empty(t, h.rows(backupsPath+"?server_id=101&backup_type=manual"))
	state := fetch[State](h, "/fake/state")
	assert.Equal(t, h.Backups(0), state.Backups)
	assert.Len(t, state.Backups, 2)
	assert.Panics(t, func() { h.AddBackup(BackupSpec{ServerID: 999}) })
}

func TestAListOfBackupsLagsAndIsPaged(t *testing.T) {
	h := start(t, Options{})
	h.AddBackup(BackupSpec{ServerID: web01})
	backUp(h)
	h.clock.pass(time.Minute)
	h.SetFault(Fault{Kind: ListLags, Op: OpListBackups, Duration: 2 * time.Minute, Times: 1})
	assert.Len(t, h.rows(backupsPath), 1)
	h.SetFault(Fault{Kind: Paged, Op: OpListBackups, Times: 1})
	r := h.call("GET", backupsPath, "")
	assert.Len(t, r.body["results"], 1)
	assert.NotEmpty(t, r.body["next"])
}

func TestLaw1ASecondBackupNeedsAListAfterSettle(t *testing.T) {
	list := func(query string) func(*harness) { return func(h *harness) { h.rows(backupsPath + query) } }
	wait := func(d time.Duration) func(*harness) { return func(h *harness) { h.clock.pass(d) } }
	for name, c := range map[string]struct {
		steps []func(*harness)
		run   string
		laws  []int
	}{
		"at once":                     {nil, "r1", []int{1}},
		"at once, by another run":     {nil, "r2", []int{}},
		"waited, no list":             {[]func(*harness){wait(settle)}, "r1", []int{1}},
		"list, no wait":               {[]func(*harness){list("?server_id=101")}, "r1", []int{1}},
		"list of automatic ones":      {[]func(*harness){wait(settle), list("?server_id=101&backup_type=automatic")}, "r1", []int{1}},
		"list of snapshots":           {[]func(*harness){wait(settle), func(h *harness) { h.rows("/api/v1/snapshots/") }}, "r1", []int{1}},
		"list of another server":      {[]func(*harness){wait(settle), list("?server_id=102")}, "r1", []int{1}},
		"waited, then list":           {[]func(*harness){wait(settle), list("?server_id=101&backup_type=manual")}, "r1", []int{}},
		"waited, list of the account": {[]func(*harness){wait(settle), list("")}, "r1", []int{}},
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t, Options{Settle: settle})
			h.SetFault(Fault{Kind: LostBefore, Op: OpCreateBackup, Times: 1})
			h.cutOff("POST", backupsPath, backupBody("r1"))
			for _, step := range c.steps {
				step(h)
			}
			assert.Equal(t, 201, h.call("POST", backupsPath, backupBody(c.run)).status)
			assert.Equal(t, c.laws, h.laws(), h.Violations())
		})
	}
}

func TestLaw1TwoBackupsOfOneRunAreDuplicates(t *testing.T) {
	h := start(t, Options{})
	h.AddBackup(BackupSpec{ServerID: web01, Description: "managed-by=safepoint run=r1", Status: "failed"})
	h.AddBackup(BackupSpec{ServerID: web02, Description: "managed-by=safepoint run=r1"})
	backUp(h)
	assert.Empty(t, h.laws(), "a failed one, and one of another server, are no twins")
	backUp(h)
	assert.Equal(t, []int{1}, h.laws())
	assert.Len(t, h.DuplicateBackups(), 1)
	h.RemoveBackup(h.DuplicateBackups()[0].ID)
	assert.Empty(t, h.DuplicateBackups())
	for range 2 {
		h.call("POST", backupsPath, `{"server_id":101,"description":"weekly"}`)
	}
	assert.Len(t, h.laws(), 1, "backups made by hand are nobody's duplicates")
}

func TestLaw1AListThatHidTheFirstBackupExcusesTheSecondUntilItIsFound(t *testing.T) {
	h := start(t, Options{Settle: settle})
	h.SetFault(Fault{Kind: LostAfter, Op: OpCreateBackup, Times: 1})
	h.cutOff("POST", backupsPath, backupBody("r1"))
	h.clock.pass(settle)
	h.SetFault(Fault{Kind: ListLags, Op: OpListBackups, Duration: time.Hour, Times: 1})
	h.rows(backupsPath + "?server_id=101")
	assert.Equal(t, 201, backUp(h))
	assert.Empty(t, h.laws())
	assert.Len(t, h.DuplicateBackups(), 1)
}

func TestLaw12ABackupBeyondTheLimitIsNotAskedFor(t *testing.T) {
	h := start(t, Options{})
	for range maxBackups - 1 {
		h.AddBackup(BackupSpec{ServerID: web01})
		h.AddBackup(BackupSpec{ServerID: web01, Automatic: true})
	}
	assert.Equal(t, 201, backUp(h), "automatic ones do not count")
	assert.Empty(t, h.laws())
	r := h.call("POST", backupsPath, backupBody("r2"))
	assert.Equal(t, 400, r.status)
	assert.Contains(t, r.body["error"], "limit")
	assert.Equal(t, []int{12}, h.laws())
}

func TestLaw7ABackupIsAWriteOfItsServer(t *testing.T) {
	assert.Contains(t, writeOps, OpCreateBackup)
	assert.True(t, (&record{Request: Request{Op: OpCreateBackup, ServerID: web01}}).isWrite())
}

func TestEveryAnswerOfTheAPIBearsTheAPIsClock(t *testing.T) {
	h := start(t, Options{Speed: 60, ClockOffset: -time.Hour, Faults: []Fault{
		{Kind: TooMany, Op: OpMe}, {Kind: HTML502, Op: OpListServers}, {Kind: Error500First, Op: OpCreateBackup},
	}})
	h.clock.pass(time.Minute) // an hour of the API
	for path, want := range map[string]int{
		"/api/v1/account/me/": 429, "/api/v1/servers/": 502, backupsPath: 200, "/api/v1/nothing/": 404, "/api/v1/servers": 301,
	} {
		r := h.call("GET", path, "")
		assert.Equal(t, want, r.status)
		assert.Equal(t, []string{"Wed, 15 Jan 2025 18:30:00 GMT"}, r.header.Values("Date"), path)
	}
	assert.Equal(t, "Wed, 15 Jan 2025 18:30:00 GMT", h.call("POST", backupsPath, backupBody("r1")).header.Get("Date"))
}
