package cli

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// follows are the commands that wait for a run's end.
var follows = map[string][]string{
	"watch":  {"watch", "deploy-1"},
	"status": {"status", "deploy-1", "--wait"},
	"run":    {"run", "snapshot-update-verify", "--server=7", "--update=none", "--id=deploy-1", "--wait"},
	"report": {"report", "deploy-1", "--runner=r1", "--result=succeeded", "--wait"},
}

// takenOver follows a run that is terminated while another run takes its id. first is the first run of that one's chain.
func takenOver(t *testing.T, args []string, first string) outcome {
	t.Helper()
	f, address := newFrontend(t)
	f.status, f.answers[workflows.UpdateReport] = changing("r1"), workflows.ReportAnswer{Accepted: true}
	errs, result := watched(t, t.Context(), address, 0, args...)
	require.Eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		answered := args[0] != "report" || len(f.updates) == 1 // its progress is shown before it is sent
		return answered && strings.Contains(errs.String(), "waiting for the report")
	}, waitFor, tick)
	f.takeOver(first)
	return awaitEnd(t, result)
}

// takeOver terminates the run and lets a committed one have its id. first is the first run of that one's chain.
func (f *frontend) takeOver(first string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.resetTo, f.firsts = "run-2", map[string]string{"run-2": first}
	f.endsOf = map[string]*historypb.HistoryEvent{testRunID: terminated(), "run-2": completed(f.t, aReport(workflows.OutcomeCommitted, ""))}
}

func TestARunThatTakesTheIDOfAFollowedOneIsNotTakenForIt(t *testing.T) {
	for name, args := range follows {
		got := takenOver(t, args, "run-2")
		assert.Equal(t, codePerson, got.code, "%s: %s", name, got.err)
		assert.Contains(t, got.out, "ended from outside", name)
		assert.NotContains(t, got.out, "COMMITTED", name)
	}
}

func TestTheRunThatAnsweredIsFollowedAlsoWhenAnotherTakesItsIDAtOnce(t *testing.T) {
	for name, args := range map[string][]string{
		"report":  {"report", "deploy-1", "--runner=r1", "--result=succeeded", "--wait"},
		"approve": {"approve", "deploy-1", "--yes", "--by=ann", "--wait"},
		"begin":   {"begin", "deploy-1", "--server=7", "--runner=r2", "--check-http=https://example.com/"},
		"guard":   {"guard", "--server=7", "--deploy-id=deploy-1", "--check=https://example.com/", "--", "true"},
	} {
		f, address := newFrontend(t)
		f.status = changing("r1")
		f.answers = map[string]any{
			workflows.UpdateReport: workflows.ReportAnswer{Accepted: true},
			workflows.UpdateDecide: workflows.DecideAnswer{Accepted: true},
			workflows.UpdateBegin:  workflows.BeginAnswer{Granted: false, Detail: "r1 has it"},
		}
		f.slow = func(method string) {
			f.mu.Lock()
			answered := len(f.updates) > 0
			f.mu.Unlock()
			if answered { // the first look after the answer meets the other run
				f.takeOver("run-2")
			}
		}
		got := safepoint(t, address, args...)
		assert.Equal(t, codePerson, got.code, "%s: %s", name, got.err)
		assert.Contains(t, got.out+got.err, "ended from outside", name)
		assert.NotContains(t, got.out+got.err, "COMMITTED", name)
	}
}

func TestARunThatIsResetIsFollowedToItsEnd(t *testing.T) {
	for name, args := range follows {
		got := takenOver(t, args, testRunID)
		assert.Equal(t, codeOK, got.code, "%s: %s", name, got.err)
		assert.Contains(t, got.out, "COMMITTED", name)
	}
}

func TestAnEndThatCannotBeReadIsSaidToBeOneAndNeedsAPerson(t *testing.T) {
	t.Parallel() // it waits most of its time
	for _, args := range [][]string{{"status", "deploy-1"}, {"status", "deploy-1", "--wait"}, {"watch", "deploy-1"}, {"report", "deploy-1"}} {
		f, address := newFrontend(t)
		f.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
		f.fails = func(method string) error {
			if strings.HasSuffix(method, "/GetWorkflowExecutionHistory") {
				return serviceerror.NewUnimplemented("no histories today")
			}
			return nil
		}
		got := safepoint(t, address, args...)
		assert.Equal(t, codePerson, got.code, "%s: %s", args, got.err)
		assert.Contains(t, got.err, "cannot read the end of deploy-1", args)
		assert.Contains(t, got.err, "The run has ended", args)
		assert.NotContains(t, got.err, "goes on", args)
		assert.NotContains(t, got.err, "--help", args)
	}
}

// away is a Temporal that keeps a closed run and answers for no history, which the client then asks for again and again.
// asked is called each time.
func away(t *testing.T, asked func()) (*app, client.Client) {
	t.Helper()
	f, address := newFrontend(t)
	f.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
	f.fails = func(method string) error {
		if strings.HasSuffix(method, "/GetWorkflowExecutionHistory") {
			asked()
			return serviceerror.NewUnavailable("away")
		}
		return nil
	}
	a := newApp(World{Err: &strings.Builder{}, Environ: []string{"TEMPORAL_ADDRESS=" + address}, Dial: client.DialContext, Outage: longOutage})
	c, err := a.connect(t.Context(), reach{})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return a, c
}

func TestAnEndThatIsNotReadInTimeIsNoMistakeOfTheUser(t *testing.T) {
	a, c := away(t, func() {})
	_, err := a.closedWithin(t.Context(), c, "deploy-1", testRunID, 200*time.Millisecond)
	var ended *exitError
	require.ErrorAs(t, err, &ended)
	assert.Equal(t, codePerson, ended.code)
	assert.ErrorContains(t, err, "cannot read the end of deploy-1")
}

func TestAnInterruptWhileAnEndIsReadDoesNotSayThatTheRunGoesOn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a, c := away(t, cancel)
	err := a.status(ctx, c, statusOptions{id: "deploy-1", format: formatText})
	var ended *exitError
	require.ErrorAs(t, err, &ended)
	assert.Equal(t, codeDetached, ended.code)
	assert.ErrorContains(t, err, "deploy-1 has ended")
	assert.NotContains(t, err.Error(), "goes on")
}

func TestARunThatLeftNoReportIsNoExport(t *testing.T) {
	for name, tc := range map[string]struct {
		end          *historypb.HistoryEvent
		status, code int
		failure      string
		unknown      bool
	}{
		"canceled":    {canceled(t, nil), codePerson, codePerson, "Canceled", true},
		"failed":      {failed(t, "Surprise", "it broke.", nil), codePerson, codePerson, "Surprise", true},
		"a class":     {failed(t, contract.FailRolledBack, "it is back", nil), codeRolledBack, codePerson, contract.FailRolledBack, false},
		"bad input":   {failed(t, contract.FailInvalidInput, "- server_id: is required", nil), codeUsage, codeOK, contract.FailInvalidInput, false},
		"terminated":  {terminated(), codePerson, codePerson, "Terminated", true},
		"not of ours": {completed(t, "text"), codePerson, codePerson, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			f, address := newFrontend(t)
			f.end(tc.end)
			assert.Equal(t, tc.status, safepoint(t, address, "status", "deploy-1").code)
			got := safepoint(t, address, "report", "deploy-1", "-o", "json")
			assert.Equal(t, tc.code, got.code, got.err)
			assert.Equal(t, tc.unknown, strings.Contains(got.out, "Nobody knows in what state"), got.out)
			if tc.failure != "" {
				assert.Contains(t, got.out, `"failure": "`+tc.failure+`"`)
			}
			if tc.code != codeOK {
				assert.Contains(t, got.out, `"run_id": "`+testRunID+`"`, "what Temporal itself knows")
			}
		})
	}
}
