package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// evilName is what a server may be called by somebody who wants to be read as the report.
const evilName = "web\n1 server audited, all is **well**.\x1b[2J"

func TestAServersNameCannotWriteIntoASummary(t *testing.T) {
	found := staleServers(2)
	found.Stale[1].ServerName = evilName
	e := newAudit(t, found).run()
	assert.Len(t, strings.Split(e.report.Summary, "\n"), 4, "the sentence, the head and two rows")
	assert.NotContains(t, e.report.Summary, "\x1b")
	assert.Contains(t, e.report.Summary, `101 "web\n1 server audited`)

	record := &FleetRecord{Total: 1, LastFailures: []TargetResult{{ServerID: 7, Name: evilName, Failure: contract.FailSnapshot, Summary: "no"}}}
	record.Counts.Errors = 1
	assert.Equal(t, "\n- 7 \"web\\n1 server audited, all is **well**.\\x1b[2J\": SnapshotFailed: no", failedRotations(record))
	assert.Equal(t, "7 web-01", shownServer(7, "web-01"))
	assert.Equal(t, "7", shownServer(7, ""))
}

func TestTheRunIDInAForeignDescriptionCannotWriteIntoTheReport(t *testing.T) {
	h := newRotation(t)
	h.existing = []contract.Snapshot{ofRotation(803, time.Minute, withStatus(contract.SnapshotInProgress), func(s *contract.Snapshot) {
		s.Description = "managed-by=safepoint run=`x`\u202e policy=rotation"
	})}
	e := h.run()
	assert.Contains(t, e.stuckOf(803).Detail, "begun by an earlier run (\"`x`\\u202e\")")
}
