package cli

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestAListAsksOnlyForRunbooksAndForWhatIsWanted(t *testing.T) {
	query := filter{server: 12345, phase: "hold", open: openRun}.query()
	for _, name := range workflows.Runbooks() {
		assert.Contains(t, query, "'"+name+"'")
	}
	for _, name := range []string{workflows.TypeServerLock, workflows.TypeFleetPage, workflows.TypeNotification} {
		assert.NotContains(t, query, name)
	}
	terms := strings.SplitN(query, ")", 2)[1]
	assert.Equal(t, " AND ExecutionStatus = 'Running' AND SafepointServerId = 12345 AND SafepointPhase = 'hold'", terms)
	terms = strings.SplitN(filter{outcome: "rolled_back", open: closedRun}.query(), ")", 2)[1]
	assert.Equal(t, " AND ExecutionStatus != 'Running' AND ExecutionStatus != 'ContinuedAsNew' AND SafepointOutcome = 'rolled_back'", terms)
}

func TestAWordInAQueryCannotEndItsQuotes(t *testing.T) {
	assert.Equal(t, `'it''s \\'' OR 1 = 1'`, quoteVisibility(`it's \' OR 1 = 1`))
}

func TestAListIsNewestFirstOverEveryPageAndShowsEachRunOnce(t *testing.T) {
	f, address := newFrontend(t)
	l := &f.listing
	l.open = append(l.open, aRun(t, "held", 30, map[string]any{"SafepointServerId": 7, "SafepointPhase": "hold"}))
	l.closed = append(l.closed,
		ended(aRun(t, "long", 0, map[string]any{"SafepointServerId": 7, "SafepointPhase": "done", "SafepointOutcome": "committed"}), time.Hour, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED),
		ended(aRun(t, "short", 20, map[string]any{"SafepointServerId": "seven", "SafepointOutcome": "rolled_back"}), time.Minute, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED),
		ended(aRun(t, "held", 10, nil), time.Minute, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED)) // before it was reset
	got := safepoint(t, address, "list", "-o", "json")
	require.Equal(t, codeOK, got.code, got.err)
	var runs []render.ListedRun
	require.NoError(t, json.Unmarshal([]byte(got.out), &runs))
	require.Len(t, runs, 3)
	assert.Equal(t, []string{"held", "short", "long"}, []string{runs[0].WorkflowID, runs[1].WorkflowID, runs[2].WorkflowID})
	assert.Equal(t, render.ListedRun{WorkflowID: "held", RunID: "run-of-held", Runbook: workflows.TypeSnapshotUpdateVerify, ServerID: 7, Status: "Running", Phase: "hold",
		StartedAt: listBegan.Add(30 * time.Minute)}, runs[0])
	assert.Zero(t, runs[1].ServerID, "an attribute of another type is not ours")
	assert.Equal(t, listBegan.Add(time.Hour), runs[2].EndedAt)

	got = safepoint(t, address, "list", "--limit", "1")
	assert.Equal(t, 2, strings.Count(got.out, "\n"), "titles and one run: %s", got.out)
	assert.Contains(t, got.out, "held")
	got = safepoint(t, address, "list", "--closed", "--outcome", "rolled_back", "--server", "7")
	assert.NotContains(t, got.out, "hold")
	assert.Contains(t, strings.Join(l.queries, "\n"), "SafepointServerId = 7")
	assert.Equal(t, "WorkflowId IN ('short', 'held', 'long')", l.queries[len(l.queries)-1], "what the newest run of each id is")
}

func TestAnEmptyListIsSaidAndIsAnEmptyListAsJSON(t *testing.T) {
	_, address := newFrontend(t)
	got := safepoint(t, address, "list")
	assert.Equal(t, codeOK, got.code)
	assert.Contains(t, got.err, "no such run in namespace default")
	got = safepoint(t, address, "list", "-o", "json")
	assert.Equal(t, "[]\n", got.out)
}

func TestAListThatCannotBeAskedForIsRefusedBeforeAnythingIsContacted(t *testing.T) {
	for _, args := range [][]string{{"--open", "--closed"}, {"--server", "0"}, {"--server", "-1"}, {"--phase", "holding"}, {"--phase", ""}, {"--outcome", "done' OR"}, {"--limit", "0"}, {"--limit", "1001"}, {"x"}} {
		got := safepoint(t, unreachable, append([]string{"list"}, args...)...)
		assert.Equal(t, codeUsage, got.code, args)
	}
	assert.Contains(t, safepoint(t, unreachable, "list", "--outcome", "good").err, "committed, skipped")
}

func TestANamespaceWithoutTheSearchAttributesIsToldWithItsMend(t *testing.T) {
	f, address := newFrontend(t)
	f.listing.refuses = "invalid query: unable to convert filter expression: unable to convert left part of comparison expression: column name 'SafepointServerId' is not a valid search attribute"
	got := safepoint(t, address, "list", "--server", "7")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "Start safepoint-worker once")
}

// constants are the values of a type's constants in the file that declares them.
func constants(t *testing.T, path, of string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	require.NoError(t, err)
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == of {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			values = append(values, value)
		}
		return true
	})
	return values
}

func TestAListCanBeAskedForEveryPhaseAndOutcomeThereIs(t *testing.T) {
	const names = "../../../workflows/names.go"
	assert.ElementsMatch(t, constants(t, names, "Phase"), strings.Split(list(phases), ", "))
	assert.ElementsMatch(t, constants(t, names, "Outcome"), strings.Split(list(outcomes), ", "))
}
