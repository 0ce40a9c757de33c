package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
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

// TestMain lets this program be the keeper and the gate of its own guards.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == keeperWord || os.Args[1] == gateWord) {
		os.Exit(Run(context.Background(), os.Args[1:], System("v1")))
	}
	os.Exit(m.Run())
}

// shared is what a command and its guard write to at the same time.
type shared struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// guardJob is a guard against a frontend, with a folder for its command.
type guardJob struct {
	*frontend
	address, dir string
	outage       time.Duration
	// ends and refuses are what comesBetween lets the run answer.
	ends    *historypb.HistoryEvent
	refuses bool
}

func newGuardJob(t *testing.T) *guardJob {
	t.Helper()
	f, address := newFrontend(t)
	f.answers[workflows.UpdateReport] = workflows.ReportAnswer{Accepted: true, Detail: "reported"}
	f.fails = f.grantsWhoeverAsks
	return &guardJob{frontend: f, address: address, dir: t.TempDir(), outage: longOutage}
}

// grantsWhoeverAsks makes the run wait for the runner of the first begin. It is called with the frontend locked.
func (f *frontend) grantsWhoeverAsks(string) error {
	for _, u := range f.updates {
		var request workflows.BeginRequest
		if u.GetInput().GetName() == workflows.UpdateBegin && json.Unmarshal(u.GetInput().GetArgs().GetPayloads()[0].GetData(), &request) == nil {
			f.answers[workflows.UpdateBegin], f.status = grant(), changing(request.Runner)
			return nil
		}
	}
	f.answers[workflows.UpdateBegin] = grant()
	return nil
}

// away makes Temporal unreachable for calls whose name ends so, beside what the frontend does anyway.
func (j *guardJob) away(when func(method string) bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	before := j.fails
	j.fails = func(method string) error {
		if when(method) {
			return serviceerror.NewUnavailable("no route")
		}
		return before(method)
	}
}

func (j *guardJob) guard(script string, more ...string) outcome {
	j.t.Helper()
	config := filepath.Join(j.dir, "temporal.toml")
	require.NoError(j.t, os.WriteFile(config, nil, 0o600))
	var out, errs shared
	args := append([]string{"guard", "--server=7", "--check=http://127.0.0.1:1/", "--deploy-id=deploy-1"}, more...)
	code := Run(j.t.Context(), append(args, "--", "/bin/sh", "-c", "cd "+j.dir+"; "+script), World{
		In: strings.NewReader(""), Out: &out, Err: &errs, Dial: client.DialContext, Version: "v1", Outage: j.outage,
		Environ: []string{"TEMPORAL_ADDRESS=" + j.address, "TEMPORAL_CONFIG_FILE=" + config, "PATH=" + os.Getenv("PATH"), "SAFEPOINT_RUNNER=x"},
	})
	return outcome{code, out.text.String(), errs.text.String()}
}

func (j *guardJob) exists(name string) bool {
	_, err := os.Stat(filepath.Join(j.dir, name))
	return err == nil
}

// closesAfterReport ends the run once the report was taken.
func (j *guardJob) closesAfterReport(o workflows.Outcome, failure string) {
	go func() {
		for j.t.Context().Err() == nil {
			time.Sleep(tick) // polls: the test's own bound ends it
			if j.reported() == "" {
				continue
			}
			if failure == "" {
				j.end(completed(j.t, aReport(o, "")))
			} else {
				j.end(failed(j.t, failure, "m", aReport(o, failure)))
			}
			return
		}
	}()
}

// reported is the word that the run got of its change.
func (j *guardJob) reported() contract.ChangeResult {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, u := range j.updates {
		var request workflows.ReportRequest
		if u.GetInput().GetName() == workflows.UpdateReport && json.Unmarshal(u.GetInput().GetArgs().GetPayloads()[0].GetData(), &request) == nil {
			return request.Result
		}
	}
	return ""
}

func TestAGuardEndsByTheVerdictAndNotByItsCommand(t *testing.T) {
	for _, tc := range []struct {
		script   string
		reported contract.ChangeResult
		outcome  workflows.Outcome
		failure  string
		code     int
	}{
		{"exit 0", contract.ChangeSucceeded, workflows.OutcomeCommitted, "", codeOK},
		{"exit 0", contract.ChangeSucceeded, workflows.OutcomeRolledBack, contract.FailRolledBack, codeRolledBack},
		{"exit 2", contract.ChangeFailed, workflows.OutcomeRolledBack, contract.FailRolledBack, codeRolledBack},
		{"exit 2", contract.ChangeFailed, workflows.OutcomeCommitted, "", codePerson},
	} {
		j := newGuardJob(t)
		j.closesAfterReport(tc.outcome, tc.failure)
		got := j.guard("echo ran; " + tc.script)
		assert.Equal(t, tc.code, got.code, got.err)
		assert.Equal(t, tc.reported, j.reported())
		assert.Equal(t, "ran\n", got.out, "standard output is the command's")
		assert.Contains(t, got.err, "deploy-1")
	}
}

func TestAReportThatCannotBeDeliveredIsHandedToAPerson(t *testing.T) {
	j := newGuardJob(t)
	j.outage = testOutage
	j.away(func(string) bool { return j.exists("done") })
	got := j.guard("touch done")
	assert.Equal(t, codePerson, got.code, got.err)
	assert.Contains(t, got.err, "the report was not delivered")
	assert.Regexp(t, `safepoint report deploy-1 --runner [a-z0-9]{26} --result succeeded --detail 'the command ended with exit code 0' --wait`, got.err)
}

func TestAReportIsSentAgainUntilTemporalIsBackAndIsOneRequest(t *testing.T) {
	j := newGuardJob(t)
	refusals := 0
	j.away(func(method string) bool {
		if !strings.HasSuffix(method, "/UpdateWorkflowExecution") || refusals == 3 {
			return false
		}
		refusals++
		return true
	})
	j.closesAfterReport(workflows.OutcomeCommitted, "")
	got := j.guard("exit 0")
	assert.Equal(t, codeOK, got.code, got.err)
	assert.Equal(t, 3, refusals)
	assert.Equal(t, contract.ChangeSucceeded, j.reported())
}

func TestAReportThatTheRunRefusesLeavesItsVerdict(t *testing.T) {
	j := newGuardJob(t)
	j.mu.Lock()
	before := j.fails
	j.fails = func(method string) error {
		if strings.HasSuffix(method, "/UpdateWorkflowExecution") {
			j.refusal = "too late: the restore of the server has begun"
		}
		return before(method)
	}
	j.mu.Unlock()
	j.closesAfterReport(workflows.OutcomeRolledBack, contract.FailRolledBack)
	got := j.guard("exit 0")
	assert.Equal(t, codeRolledBack, got.code, got.err)
	assert.Contains(t, got.err, "too late: the restore of the server has begun")
}

func TestAGuardThatIsNotGrantedRunsNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		outcome workflows.Outcome
		failure string
		code    int
	}{
		"committed before":   {workflows.OutcomeCommitted, "", codeOK},
		"rolled back before": {workflows.OutcomeRolledBack, contract.FailRolledBack, codeRolledBack},
	} {
		t.Run(name, func(t *testing.T) {
			j := newGuardJob(t)
			if tc.failure == "" {
				j.end(completed(t, aReport(tc.outcome, "")))
			} else {
				j.end(failed(t, tc.failure, "m", aReport(tc.outcome, tc.failure)))
			}
			got := j.guard("touch ran")
			assert.Equal(t, tc.code, got.code, got.err)
			assert.False(t, j.exists("ran"))
		})
	}
}

func TestAGuardWithoutTemporalRunsNothing(t *testing.T) {
	j := newGuardJob(t)
	j.address, j.outage = unreachable, testOutage
	got := j.guard("touch ran")
	assert.Equal(t, codeNotChanged, got.code, got.err)
	assert.Contains(t, got.err, "Nothing was started")
	assert.False(t, j.exists("ran"))
}
