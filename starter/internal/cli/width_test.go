package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// inWidth runs a command line whose two outputs are terminals of so many columns, or none for 0.
func inWidth(t *testing.T, address string, width int, args ...string) outcome {
	t.Helper()
	config := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(config, nil, 0o600))
	var out, errs bytes.Buffer
	code := Run(context.Background(), args, World{
		In: strings.NewReader(""), Out: &out, Err: &errs, OutWidth: width, ErrWidth: width, Dial: client.DialContext, Outage: testOutage,
		Environ: []string{"TEMPORAL_ADDRESS=" + address, "TEMPORAL_CONFIG_FILE=" + config, "NO_COLOR=1"},
	})
	return outcome{code, out.String(), errs.String()}
}

func assertFits(t *testing.T, text string, width int) {
	t.Helper()
	require.NotEmpty(t, text)
	for line := range strings.SplitSeq(text, "\n") {
		assert.LessOrEqual(t, utf8.RuneCountInString(line), width, "%q", line)
	}
}

func wordyReport() *workflows.Report {
	r := aReport(workflows.OutcomeRolledBack, contract.FailRolledBack)
	r.Summary = "Rolled back: " + strings.Repeat("many words of a check ", 12)
	r.Next = "look at the server, and then at the history of this run: temporal workflow show -w deploy-1"
	return r
}

func TestReportsAndStatusesFitTheTerminalAndStayAsTheyAreInAFile(t *testing.T) {
	f, address := newFrontend(t)
	f.status = changing("runner")
	f.status.WaitingFor = strings.Repeat("a report of the runner ", 8)
	assertFits(t, inWidth(t, address, 80, "status", "deploy-1").out, 80)
	inFile := inWidth(t, address, 0, "status", "deploy-1").out
	assertFits(t, inFile, render.Width)
	assert.NotEqual(t, inFile, inWidth(t, address, 80, "status", "deploy-1").out)

	f, address = newFrontend(t)
	r := wordyReport()
	f.end(failed(t, r.Failure, r.Summary, r))
	for _, command := range []string{"status", "watch", "report"} {
		at := inWidth(t, address, 80, command, "deploy-1", "-o", "text")
		assertFits(t, at.out, 80)
		assert.Contains(t, at.out, "  Next: look at the server, and then at the history of this run:\n        temporal workflow show -w deploy-1\n", "a command is copied")
		assert.Contains(t, inWidth(t, address, 0, command, "deploy-1", "-o", "text").out, "  Next: "+r.Next+"\n")
	}
}

func TestDoctorFitsTheTerminal(t *testing.T) {
	at := inWidth(t, unreachable, 80, "doctor")
	assert.Equal(t, codeNotChanged, at.code)
	assertFits(t, at.out, 80)
}

func TestWhatAGuardSaysFitsItsTerminalAndIsSaidOnce(t *testing.T) {
	guard := []string{"guard", "--server", "7", "--deploy-id", "deploy-1", "--check", "http://127.0.0.1/", "--", "true"}
	f, address := newFrontend(t)
	f.missing = true
	f.fails = func(method string) error {
		if strings.HasSuffix(method, "/ExecuteMultiOperation") {
			return serviceerror.NewInvalidArgument("a reason of " + strings.Repeat("many words ", 10))
		}
		return nil
	}
	at := inWidth(t, address, 50, guard...)
	assert.Equal(t, codeUsage, at.code)
	assertFits(t, at.err, 50)
	assert.Equal(t, 1, strings.Count(at.err, "safepoint: Temporal refuses the start"), "%s", at.err)
	assert.Contains(t, at.err, "\n  ", "what is too long goes on a little to the right")
	log := inWidth(t, address, 0, guard...)
	assert.Equal(t, codeUsage, log.code)
	assert.Equal(t, 1, strings.Count(log.err, "safepoint: Temporal refuses the start"), "%s", log.err)
	assert.Equal(t, strings.Join(strings.Fields(at.err), " "), strings.Join(strings.Fields(log.err), " "), "the same words")
}
