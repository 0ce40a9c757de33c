package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// theBracket is the README's block for a deploy job that makes the change itself.
func theBracket(t *testing.T) string {
	t.Helper()
	for _, b := range readme(t) {
		if b.language == "sh" && strings.Contains(b.text, "safepoint begin") {
			return b.text
		}
	}
	t.Fatal("the README shows no deploy job")
	return ""
}

func TestTheHelpTextsShowTheREADMEsDeployJob(t *testing.T) {
	for _, command := range []string{"begin", "heartbeat"} {
		out, err := exec.Command(filepath.Join(binDir, "safepoint"), command, "--help").Output()
		require.NoError(t, err)
		for line := range strings.SplitSeq(strings.TrimSpace(theBracket(t)), "\n") {
			require.Contains(t, string(out), "  "+line+"\n", command)
		}
	}
}

// The run is cancelled while the deploy is at work, and the deploy and its child need seconds to die: nothing may be
// reported, and so nothing rolled back, while they can still write.
func TestADeployThatDiesSlowlyIsReportedOnlyWhenItIsDead(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	deploy := `#!/bin/bash
(trap 'sleep 2; date +%s%N > child-died; exit 0' TERM; touch child-hears; while :; do sleep 0.1; done) &
trap 'sleep 3; date +%s%N > deploy-died; exit 0' TERM
while [ ! -e child-hears ]; do sleep 0.05; done
touch deploying
while :; do sleep 0.1; done
`
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "deploy.sh"), []byte(deploy), 0o755))
	text := strings.Replace(theBracket(t), "safepoint report", "date +%s%N > reported\nsafepoint report", 1)
	text = strings.Replace(text, "(safepoint heartbeat deploy-2.14.0 ", "(safepoint heartbeat deploy-2.14.0 --every 500ms ", 1)
	id := fmt.Sprintf("deploy-2.14.0-%d", r.server)
	type ending struct {
		code int
		out  string
	}
	ended := make(chan ending, 1)
	go func() {
		cmd, out := r.shell(t.Context(), text)
		_ = cmd.Run() // its exit code is looked at
		ended <- ending{cmd.ProcessState.ExitCode(), out.String()}
	}()
	r.eventually(patience, "the deploy to be at work", func() bool {
		_, err := os.Stat(filepath.Join(r.dir, "deploying"))
		return err == nil
	})
	require.NoError(t, r.temp.CancelWorkflow(t.Context(), id, ""))
	var end ending
	select {
	case end = <-ended:
	case <-time.After(patience):
		t.Fatal("the deploy job did not end")
	}
	require.NotZero(t, end.code, "a cancelled deploy is never green:\n%s", end.out)
	report := r.end(id, patience)
	require.NotEqual(t, workflows.OutcomeCommitted, report.Outcome, end.out)
	require.NotEqual(t, contract.ChangeSucceeded, report.Change.Result, end.out)
	reported := r.stamp("reported")
	require.Greater(t, reported, r.stamp("deploy-died"), end.out)
	require.Greater(t, reported, r.stamp("child-died"), end.out)
}

// stamp is a time that a script wrote, in nanoseconds; all have the same number of digits.
func (r *reader) stamp(name string) string {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, name))
	require.NoError(r.t, err)
	return strings.TrimSpace(string(text))
}
