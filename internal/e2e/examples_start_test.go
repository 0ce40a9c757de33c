package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// changedOnce wants what an id that is started twice must do once.
func (r *reader) changedOnce(version string) {
	r.t.Helper()
	server, _ := r.state()
	require.Equal(r.t, version, server.Version)
	require.Len(r.t, r.requests(vpsfake.OpCreateSnapshot), 1)
	r.lawful()
}

func TestTheExampleForTheTemporalCLIEndsByTheVerdictHoweverOftenItIsStarted(t *testing.T) {
	t.Parallel()
	for _, healthy := range []bool{true, false} {
		t.Run(fmt.Sprintf("healthy %t", healthy), func(t *testing.T) {
			t.Parallel()
			r := newReader(t)
			script := r.local(example(t, "ci/temporal-start.sh"))
			require.NoError(t, os.WriteFile(filepath.Join(r.dir, "temporal-start.sh"), []byte(script), 0o755))
			input := filepath.Join(r.dir, "starter/examples/snapshot-update-verify.json")
			text, err := os.ReadFile(input)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(input, []byte(strings.ReplaceAll(string(text), "version=2.0.0", fmt.Sprintf("version=2.0.0&healthy=%t", healthy))), 0o600))
			for range 2 {
				code, out := r.follow("./temporal-start.sh web-2.14.0 starter/examples/snapshot-update-verify.json")
				require.Equal(t, healthy, code == 0, out)
			}
			r.changedOnce(map[bool]string{true: "2.0.0", false: "1.0.0"}[healthy])

			code, out := r.follow("./temporal-start.sh")
			require.NotZero(t, code)
			require.Contains(t, out, "which deploy?")
		})
	}
}

// A run that completes without a change must not look like a deploy, whatever words stand in its report.
func TestTheExampleForTheTemporalCLIIsRedForADeployThatChangedNothing(t *testing.T) {
	t.Parallel()
	deploys := func(t *testing.T, r *reader, id string, edit func(in map[string]any)) string {
		t.Helper()
		script := r.local(example(t, "ci/temporal-start.sh"))
		require.NoError(t, os.WriteFile(filepath.Join(r.dir, "temporal-start.sh"), []byte(script), 0o755))
		text, err := json.Marshal(r.input(true, edit))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(r.dir, "input.json"), text, 0o600))
		code, out := r.follow("./temporal-start.sh " + id + " input.json")
		require.Equal(t, 1, code, out)
		require.Contains(t, out, id+" changed nothing: its outcome is not committed")
		return out
	}
	t.Run("planned", func(t *testing.T) {
		t.Parallel()
		r := newReader(t)
		out := deploys(t, r, r.id(), func(in map[string]any) {
			in["dry_run"], in["reason"] = true, `"outcome": "committed", \"outcome\":"committed"`
		})
		require.Contains(t, out, `"outcome": "planned"`)
		require.Empty(t, r.requests(vpsfake.OpCreateSnapshot))
	})
	t.Run("skipped", func(t *testing.T) {
		t.Parallel()
		r := newReader(t)
		r.granted(nil) // holds the server
		out := deploys(t, r, r.named("second"), field("lock", "on_busy", "skip"))
		require.Contains(t, out, `"outcome": "skipped"`)
		r.report(r.id(), workflows.ReportRequest{Runner: "runner-a", Result: "succeeded"})
		require.Equal(t, workflows.OutcomeCommitted, r.end(r.id(), patience).Outcome)
		r.changedOnce("1.0.0") // the runner that held the server changed nothing either
	})
}

func TestTheExampleInGoEndsByTheVerdictHoweverOftenItIsStarted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, err := exec.Command("go", "build", "-o", dir, "../../starter/examples/go-program").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for healthy, code := range map[bool]int{true: 0, false: 3} {
		t.Run(fmt.Sprintf("healthy %t", healthy), func(t *testing.T) {
			t.Parallel()
			r := newReader(t)
			site := stack.SiteURL(r.server)
			start := fmt.Sprintf("%s/go-program -server 12345 -id %s -task-queue %s -initial-delay 0s -interval 250ms -hook '%shooks/deploy?version=2.0.0&healthy=%t' -check %shealthz",
				dir, r.named("go"), r.queue, site, healthy, site)
			for range 2 {
				got, out := r.follow(start)
				require.Equal(t, code, got, out)
				require.Contains(t, out, map[bool]string{true: "committed: ", false: "rolled_back: "}[healthy])
				require.Contains(t, out, "restore point #")
			}
			r.changedOnce(map[bool]string{true: "2.0.0", false: "1.0.0"}[healthy])

			got, out := r.follow(strings.Replace(start, "-server 12345", "-server 0", 1) + " -id " + r.named("bad-input"))
			require.Equal(t, 1, got, out)
			require.Contains(t, out, "not_changed: 1 problem in the input:\n- server_id: is required")
		})
	}
}

// pasted are what a shell shows to whoever pastes everything that `safepoint example` prints.
func (r *reader) pasted(word string) string {
	r.t.Helper()
	text, err := exec.Command(filepath.Join(binDir, "safepoint"), "example", word).Output()
	require.NoError(r.t, err)
	_, out := r.follow(string(text))
	return out
}

// All of its commands give the run one id: the first one starts it, the others find it.
func TestAPastedExampleStartsOneRun(t *testing.T) {
	t.Parallel()
	t.Run("snapshot-update-verify", func(t *testing.T) {
		t.Parallel()
		r := newReader(t)
		r.also = []string{"deploy-web-2.14.0", r.named("deploy-web")}
		out := r.pasted("snapshot-update-verify")
		require.Equal(t, workflows.OutcomeCommitted, r.end(r.named("deploy-web"), patience).Outcome, out)
		require.FileExists(t, filepath.Join(r.dir, "report.json"))
		require.Contains(t, out, "exists already, so nothing was started")
		r.changedOnce("1.0.0") // its change is none
	})
	t.Run("snapshot-rotation", func(t *testing.T) {
		t.Parallel()
		r := newReader(t)
		r.also = []string{"rotation-2026-11-02", r.named("rotation")}
		out := r.pasted("snapshot-rotation")
		require.Equal(t, workflows.OutcomeRotated, r.end(r.named("rotation"), patience).Outcome, out)
		r.changedOnce("1.0.0")
	})
	t.Run("schedule", func(t *testing.T) {
		t.Parallel()
		r := newReader(t)
		r.also = []string{"nightly-rotation", r.named("nightly-rotation")}
		out := r.pasted("schedule")
		code, ended := r.follow("safepoint schedule delete nightly-web --yes && temporal schedule delete --schedule-id nightly-rotation")
		require.Zero(t, code, "%s\n%s", out, ended)
	})
}
