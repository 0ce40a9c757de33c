package cli

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// realProgram is the safepoint program, built from this checkout, and its way to a Temporal server.
type realProgram struct {
	path, dir, address string
}

// builtProgram builds it for one test.
func builtProgram(t *testing.T, address string) realProgram {
	t.Helper()
	p := realProgram{dir: t.TempDir(), address: address}
	p.path = filepath.Join(p.dir, "safepoint")
	said, err := exec.Command("go", "build", "-o", p.path, "github.com/safepoint-dev/safepoint/starter").CombinedOutput()
	require.NoError(t, err, "%s", said)
	for name, text := range map[string]string{"empty.json": "{}", "temporal.toml": ""} {
		require.NoError(t, os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600))
	}
	return p
}

// runs runs a command line to its end. Nothing of this environment is the program's but the way to programs.
func (p realProgram) runs(t *testing.T, args ...string) outcome {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.path, args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, &out, &errs
	cmd.Env = []string{"HOME=" + p.dir, "PATH=" + os.Getenv("PATH"), "TEMPORAL_ADDRESS=" + p.address, "TEMPORAL_CONFIG_FILE=temporal.toml"}
	var ended *exec.ExitError
	if err := cmd.Run(); err != nil {
		require.ErrorAs(t, err, &ended, "%v", args)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// ends runs a command line and wants a code.
func (p realProgram) ends(t *testing.T, code int, args ...string) outcome {
	t.Helper()
	got := p.runs(t, args...)
	assert.Equal(t, code, got.code, "safepoint %v\n%s%s", args, got.out, got.err)
	return got
}

// reports wants the report that is meant on standard output, and nothing else there.
func (p realProgram) reports(t *testing.T, want workflows.Report, code int, args ...string) {
	t.Helper()
	got := p.ends(t, code, append(args, "-o", "json")...)
	var report workflows.Report
	require.NoError(t, json.Unmarshal([]byte(got.out), &report), "%v: %s", args, got.out)
	assert.Equal(t, []string{string(want.Outcome), want.Failure}, []string{string(report.Outcome), report.Failure}, args)
}

// codeOf is what the table says of a run.
func codeOf(t *testing.T, run recordedRun, report workflows.Report) int {
	t.Helper()
	code, ok := endCodes[runEnd{run.kind(), report.Outcome, report.Failure}]
	require.True(t, ok, "%s ends as %q %q, which has no row in endCodes", run.name, report.Outcome, report.Failure)
	if code == byServer {
		code, ok = worstCodes[run.name]
		require.True(t, ok, "%s has no row in worstCodes", run.name)
	}
	return code
}

func TestTheExitCodesOfTheRealProgram(t *testing.T) {
	a, address := newArchive(t, endedRuns(t))
	p := builtProgram(t, address)
	t.Run("every recorded end", func(t *testing.T) { everyRecordedEnd(t, p, a) })
	t.Run("too late, or no run of a runbook", func(t *testing.T) { whatEndsInNoVerdict(t, p) })
}

// Each recording is watched. Of each end one is given to every other command that ends by a run's verdict as well.
func everyRecordedEnd(t *testing.T, p realProgram, a *archive) {
	runs := a.byName
	met, worst := map[runEnd]int{}, map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(runs)) {
		run, ok := a.newest(name)
		if !ok {
			continue
		}
		runbook, known := runbookOf(run.kind())
		if !known {
			continue // nobody starts one, and nobody watches it
		}
		report := reportOf(t, run)
		end, code := runEnd{run.kind(), report.Outcome, report.Failure}, codeOf(t, run, report)
		_, again := met[end]
		if met[end] = endCodes[end]; met[end] == byServer {
			worst[run.name] = code
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p.reports(t, report, code, "watch", name)
			if waitsForARunner(run) {
				p.begunAgain(t, name, run, report, code)
				p.joinedByAGuard(t, name, run, report, code)
			}
			if !again || endCodes[end] == byServer {
				p.everyCommand(t, name, runbook, report, code)
			}
		})
	}
	assert.Equal(t, endCodes, met, "every row has a recording")
	assert.Equal(t, worstCodes, worst)
}

// everyCommand gives a closed run to each command that ends by its verdict.
func (p realProgram) everyCommand(t *testing.T, name string, of runbook, report workflows.Report, code int) {
	t.Helper()
	p.reports(t, report, code, "status", name)
	p.reports(t, report, code, "status", name, "--wait")
	start := []string{"run", of.command, "-f", "empty.json", "--id", name}
	if of.overwrites {
		start = append(start, "--yes")
	}
	p.reports(t, report, code, append(start, "--wait")...)

	exported := 0
	if report.Outcome == "" {
		exported = 4 // it left none, and this must not look like one
	}
	p.reports(t, report, exported, "report", name)

	told := []string{"report", name, "--runner", "r1", "--wait", "--result"}
	p.reports(t, report, code, append(told, string(contract.ChangeSucceeded))...)
	p.reports(t, report, orElse(code, 4), append(told, string(contract.ChangeFailed))...) // a failed change that was kept

	p.ends(t, codeUsage, "begin", name, "--server", "987654321", "--skip-verify") // another server's deploy, or none at all
}

// waitsForARunner says whether a recorded run is one that a guard starts.
func waitsForARunner(run recordedRun) bool {
	input := inputOf(run)
	return run.kind() == workflows.TypeSnapshotUpdateVerify && kindOf(input) == workflows.UpdateExternal && !dryInput(input)
}

func inputOf(run recordedRun) json.RawMessage {
	return run.started().GetInput().GetPayloads()[0].GetData()
}

// begunAgain is a deploy that asks to begin after its run has ended.
func (p realProgram) begunAgain(t *testing.T, name string, run recordedRun, report workflows.Report, code int) {
	t.Helper()
	begun := 1 // nothing was made: this is neither a grant nor a change that is done
	if report.Outcome == workflows.OutcomeCommitted {
		begun = 5
	}
	p.reports(t, report, orElse(code, begun), "begin", name, "--server", strconv.FormatInt(serverOf(inputOf(run)), 10), "--skip-verify")
}

// joinedByAGuard is a job that is tried again after its run has ended. Only a change that is kept is a success.
func (p realProgram) joinedByAGuard(t *testing.T, name string, run recordedRun, report workflows.Report, code int) {
	t.Helper()
	if report.Outcome != workflows.OutcomeCommitted {
		code = orElse(code, 1)
	}
	server := strconv.FormatInt(serverOf(inputOf(run)), 10)
	got := p.ends(t, code, "guard", "--server", server, "--check", "tcp://127.0.0.1:1", "--deploy-id", name, "--", "touch", "ran")
	assert.Empty(t, got.out, "standard output is the command's")
	assert.NoFileExists(t, filepath.Join(p.dir, "ran"))
}

// What comes too late for a run says so, and is no verdict.
func whatEndsInNoVerdict(t *testing.T, p realProgram) {
	const name = "committed-external"
	p.ends(t, 4, "heartbeat", name, "--runner", "r1") // stop your work
	for _, late := range [][]string{{"decide", name, "commit"}, {"rollback", name, "--yes"}, {"approve", name, "--yes"}, {"abort", name, "--yes"}, {"pause", name}, {"resume", name}} {
		p.ends(t, 2, late...)
	}
	for _, other := range []string{"rolled-back-lock", "checkup", "inventory", "notification", "fleet-page", "no-such-run"} { // no runs of a runbook
		p.ends(t, 2, "watch", other)
		p.ends(t, 2, "report", other)
	}
	p.ends(t, 2, "guard", "--server", "1", "--check", "tcp://127.0.0.1:1", "--deploy-id", "rolled-back", "--", "touch", "ran") // another deploy
	assert.NoFileExists(t, filepath.Join(p.dir, "ran"))
	p.ends(t, 2, "run", "snapshot-update-verify", "-f", "no-such-file.json")
	p.ends(t, 0, "watch", "--help")
	p.address = unreachable
	p.ends(t, 1, "run", "snapshot-audit", "--all", "--max-age", "26h") // nothing was started
}

// orElse is a code, or another one in the place of success.
func orElse(code, instead int) int {
	if code == codeOK {
		return instead
	}
	return code
}
