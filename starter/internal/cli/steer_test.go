package cli

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Bounds of polling in tests.
const (
	waitFor = time.Minute // a slow machine passes too
	tick    = 10 * time.Millisecond
)

func TestTheSameReportTwiceIsTheSameRequestAndAnotherResultIsNot(t *testing.T) {
	f, address := newFrontend(t)
	f.status = changing("r1")
	f.answers[workflows.UpdateReport] = workflows.ReportAnswer{Accepted: true, Detail: "reported"}
	for _, result := range []string{"succeeded", "succeeded", "failed"} {
		got := safepoint(t, address, "report", "deploy-1", "--runner=r1", "--result="+result, "--detail=fine")
		require.Equal(t, codeOK, got.code, got.err)
	}
	require.Len(t, f.updates, 3)
	id := func(i int) string { return f.updates[i].GetMeta().GetUpdateId() }
	assert.Equal(t, id(0), id(1))
	assert.NotEqual(t, id(0), id(2))
	assert.Contains(t, id(0), "r1")
	assert.JSONEq(t, `{"runner": "r1", "result": "succeeded", "detail": "fine"}`, string(f.updates[0].GetInput().GetArgs().GetPayloads()[0].GetData()))
}

func TestAReportThatIsRefusedOrComesTooLateIsNotSuccess(t *testing.T) {
	f, address := newFrontend(t)
	f.status, f.refusal = changing("r1"), "too late: the restore of the server has begun"
	got := safepoint(t, address, "report", "deploy-1", "--runner=r1", "--result=succeeded")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "too late")

	f.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
	got = safepoint(t, address, "report", "deploy-1", "--runner=r1", "--result=succeeded")
	assert.Equal(t, codeOK, got.code)
	got = safepoint(t, address, "report", "deploy-1", "--runner=r1", "--result=failed")
	assert.Equal(t, codePerson, got.code, "a failed change was committed")
	f.end(failed(t, contract.FailRolledBack, "m", aReport(workflows.OutcomeRolledBack, contract.FailRolledBack)))
	got = safepoint(t, address, "report", "deploy-1", "--runner=r1", "--result=succeeded")
	assert.Equal(t, codeRolledBack, got.code)
	assert.Contains(t, got.err, "the report was not taken")
}

func TestAReportNeedsARunnerAndAClearResult(t *testing.T) {
	for _, args := range [][]string{{"--result=succeeded"}, {"--runner=r", "--result=unknown"}, {"--runner=r", "--result="}, {"--runner=r"}, {"--wait"}, {"--detail=x"}} {
		got := safepoint(t, unreachable, append([]string{"report", "deploy-1"}, args...)...)
		assert.Equal(t, codeUsage, got.code, args)
	}
}

func TestADecisionIsSentWithWhoAndWhy(t *testing.T) {
	f, address := newFrontend(t)
	f.answers[workflows.UpdateDecide] = workflows.DecideAnswer{Accepted: true, Detail: "the change is kept"}
	got := safepoint(t, address, "decide", "deploy-1", "commit", "--by=ann", "--note=fine")
	require.Equal(t, codeOK, got.code, got.err)
	assert.Contains(t, got.out, "the change is kept")
	assert.JSONEq(t, `{"decision": "commit", "by": "ann", "note": "fine", "run_id": "run-1"}`, string(f.updates[0].GetInput().GetArgs().GetPayloads()[0].GetData()))

	f.refusal = "nothing is to be decided"
	got = safepoint(t, address, "decide", "deploy-1", "rollback", "--by=ann")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "nothing is to be decided")

	f.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
	got = safepoint(t, address, "decide", "deploy-1", "rollback", "--by=ann")
	assert.Equal(t, codeUsage, got.code, "a decision that came too late is no success, even where the run is")
	assert.Contains(t, got.out, "COMMITTED")

	assert.Equal(t, codeUsage, safepoint(t, unreachable, "decide", "deploy-1", "maybe").code)
	assert.Equal(t, codeUsage, safepoint(t, unreachable, "decide", "deploy-1", "commit", "--by=").code)
}
