package cli

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"github.com/safepoint-dev/safepoint/workflows"
)

// hostile are texts that a terminal would act on, or that look like something else than they are.
const hostile = "a\x1b]0;title\x07b\u009b31mc\x7fd\u202ee\u200bf\U000e0041g"

func assertCalm(t *testing.T, text string) {
	t.Helper()
	assert.False(t, strings.ContainsAny(text, "\x1b\x07\x7f\u009b\u202e\u200b\U000e0041"), "%q", text)
}

func TestNoErrorBringsAnythingToTheTerminalThatItActsOn(t *testing.T) {
	f, address := newFrontend(t)
	f.workflowType, f.status = hostile, changing("r1")
	got := safepoint(t, address, "status", "x")
	assert.Contains(t, got.err, "is a a]0;titleb31mcdefg")
	assertCalm(t, got.err)

	f.workflowType, f.refusal = workflows.TypeSnapshotUpdateVerify, "no\n"+hostile
	got = safepoint(t, address, "decide", "x", "commit", "--by=ann")
	assert.Contains(t, got.err, "\na]0;title", "the line breaks stay")
	assertCalm(t, got.err)

	f.mu.Lock() // a last look of the command before may still be answered
	f.fails = func(method string) error {
		if strings.HasSuffix(method, "/DescribeWorkflowExecution") {
			return serviceerror.NewInvalidArgument(hostile) // which no client tries again
		}
		return nil
	}
	f.mu.Unlock()
	for _, args := range [][]string{{"status", "x"}, {"decide", "x", "commit", "--by=ann"}, {"bogus" + hostile}, {"status", "--bogus" + hostile}} {
		got = safepoint(t, address, args...)
		assert.NotZero(t, got.code)
		assertCalm(t, got.err)
	}
}

func TestAnAnswerAsJSONIsTheSameValueWithNothingThatATerminalActsOn(t *testing.T) {
	f, address := newFrontend(t)
	report := aReport(workflows.OutcomeCommitted, "")
	report.Summary = hostile + "é \u2028"
	f.end(completed(t, report))
	got := safepoint(t, address, "report", "deploy-1")
	require.Equal(t, codeOK, got.code, got.err)
	assertCalm(t, got.out)
	assert.Contains(t, got.out, `\u009b31mc\u007fd\u202ee\u200bf\udb40\udc41gé`)
	var back workflows.Report
	require.NoError(t, json.Unmarshal([]byte(got.out), &back))
	assert.Equal(t, report.Summary, back.Summary)

	var out strings.Builder
	raw := json.RawMessage("{\"a\":\"\u202e\x9b\"}") // copied as it is, so that not even UTF-8 is sure
	require.NoError(t, newApp(World{Out: &out}).printJSON(raw))
	assert.Equal(t, "{\n  \"a\": \"\\u202e\\ufffd\"\n}\n", out.String())
}

func TestAnErrorIsSaidWithoutItsControlCharacters(t *testing.T) {
	var errs strings.Builder
	newApp(World{Err: &errs}).say("it failed: %v", errors.New(hostile))
	assertCalm(t, errs.String())
}
