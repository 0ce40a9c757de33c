package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestEveryEndOfAGuardHasItsExitCode(t *testing.T) {
	t.Parallel()
	for name, tc := range guardEnds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJob(t)
			if tc.before != nil {
				tc.before(j)
			}
			deploy := aDeploy(j.change(true) + lastly)
			if tc.deploy != nil {
				deploy = tc.deploy(j)
			}
			p := j.starts(tc.edit, deploy)
			if tc.during != nil {
				tc.during(j)
			}
			j.endsWith(p, tc.code)
			require.Equal(t, tc.ran, j.ran())
			if tc.ran > 0 {
				j.deadSoon()
			}
			if tc.failure != terminated { // which leaves no report
				report := j.end(j.id(), patience)
				require.Equal(t, tc.failure, report.Failure)
				if tc.outcome != "" {
					require.Equal(t, tc.outcome, report.Outcome)
				}
			}
			j.endsWith(j.starts(tc.edit, deploy), codeOfJoined(tc)) // a job that is tried again gets the same verdict
			require.Equal(t, tc.ran, j.ran())
		})
	}
}

// elsewhere are the failure classes that a run with a change of its own runner never ends with.
var elsewhere = []string{
	contract.FailNotApproved, // RollbackByRestore
	contract.FailRotation,    // SnapshotRotation
	contract.FailStale,       // SnapshotAudit
	contract.FailFleet, contract.FailFleetStopped,
}

func TestAGuardsEndsHaveEveryFailureClass(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "../contract/failures.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var declared []string
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Fail") {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			declared = append(declared, value)
		}
		return true
	})
	met := slices.Clone(elsewhere)
	for _, end := range guardEnds() {
		if end.failure != "" && end.failure != terminated && !slices.Contains(met, end.failure) {
			met = append(met, end.failure)
		}
	}
	require.ElementsMatch(t, declared, met)
}

// codeOfJoined is the code of a guard that only joined: it had no change of its own that could have failed.
func codeOfJoined(tc guardEnd) int {
	if tc.outcome == workflows.OutcomeCommitted {
		return 0
	}
	return tc.code
}

// Each of these is found before anything is started.
func TestAGuardThatCannotWorkStartsNothing(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	require.NoError(t, os.WriteFile(filepath.Join(j.dir, "not-executable"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(j.dir, "dry.json"), []byte(`{"server_id": 12345, "dry_run": true}`), 0o600))
	good := []string{"guard", "--server", "12345", "--check", "http://127.0.0.1:1/", "--task-queue", j.queue, "--deploy-id", j.id()}
	with := func(more ...string) []string { return append(append([]string{}, good...), more...) }
	for name, tc := range map[string]struct {
		args []string
		says string
	}{
		"no command":              {good, "which command?"},
		"a command without --":    {with("./deploy.sh"), "Put it after --"},
		"a word before --":        {with("./deploy.sh", "--", "x"), "Flags come before --"},
		"an empty command":        {with("--", ""), "is a variable not set?"},
		"no such command":         {with("--", "./no-such-deploy"), "the command cannot be run"},
		"a command without a bit": {with("--", "./not-executable"), "the command cannot be run"},
		"no server":               {[]string{"guard", "--check", "http://x/", "--", "true"}, "which server?"},
		"an odd check":            {with("--check", "ftp://x", "--", "true"), "tcp://host:port"},
		"a check without a port":  {with("--check", "tcp://x", "--", "true"), "the host and the port"},
		"an empty deploy id":      {with("--deploy-id", "", "--", "true"), "--deploy-id is empty"},
		"a dry run in the input":  {[]string{"guard", "-f", "dry.json", "--", "true"}, "the input says dry_run"},
		"a file beside a check":   {[]string{"guard", "-f", "in.json", "--check", "http://x/", "--", "true"}, "cannot stand beside --check"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := j.safepoint(tc.args...)
			j.endsWith(p, 2)
			require.Contains(t, p.output.String(), tc.says)
		})
	}
}

func TestADryRunOfAGuardPlansAndRunsNothing(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	p := j.starts(nil, aDeploy(j.change(true)), "--dry-run")
	j.endsWith(p, 0)
	require.Zero(t, j.ran())
	require.Empty(t, j.requests(vpsfake.OpCreateSnapshot))
	plan, err := os.ReadFile(filepath.Join(j.dir, "stdout"))
	require.NoError(t, err)
	require.Contains(t, string(plan), "PLANNED")
	t.Log("the plan does not use up the deploy's id")
	j.endsWith(j.starts(nil, aDeploy(j.change(true)+lastly)), 0)
	require.Equal(t, 1, j.ran())
}
