package workflows

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// end is one way in which a run may end: an outcome, a failure class, or for what has no report how Temporal closed it.
type end string

// How Temporal closes what has no report; a cancel is an outcome too, by the same word.
const (
	closedCompleted end = "completed"
	closedFailed    end = "failed"
	// closedContinued is no end: the next run of a chain goes on from a history that ends so.
	closedContinued end = "continued_as_new"
)

// runbookEnds says of one workflow type which fixture shows each of its ends, and why it has no other.
type runbookEnds struct {
	recorded map[end]string
	never    map[string][]end
}

// allEnds are read from the source: an outcome or a failure class that is added is in the table, or the test fails.
func allEnds(t *testing.T) []end {
	t.Helper()
	ends := []end{closedCompleted, closedFailed, closedContinued}
	ends = append(ends, constants(t, ".", "Outcome")...)
	ends = append(ends, constants(t, filepath.Join("..", "internal", "contract"), "Fail")...)
	require.Contains(t, ends, end(OutcomeCommitted))
	require.Contains(t, ends, end(contract.FailRolledBack))
	return ends
}

// constants are the values of a package's text constants whose name starts so.
func constants(t *testing.T, folder, start string) []end {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	var values []end
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declared := range tree.Decls {
			group, ok := declared.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				values = append(values, textsOf(t, spec.(*ast.ValueSpec), start)...)
			}
		}
	}
	return values
}

// textsOf are the texts of one declaration; FailureRestore and its like are settings, not ends.
func textsOf(t *testing.T, spec *ast.ValueSpec, start string) []end {
	t.Helper()
	var values []end
	for i, name := range spec.Names {
		if rest, ok := strings.CutPrefix(name.Name, start); !ok || rest == "" || rest[0] < 'A' || rest[0] > 'Z' {
			continue
		}
		text, ok := spec.Values[i].(*ast.BasicLit)
		require.True(t, ok, "%s is a text", name.Name)
		value, err := strconv.Unquote(text.Value)
		require.NoError(t, err)
		values = append(values, end(value))
	}
	return values
}

// registered are the workflow types of a worker.
func registered() []string {
	names := &typeNames{}
	Register(names)
	return names.list
}

// typeNames is a registry that only notes names.
type typeNames struct {
	worker.WorkflowRegistry
	list []string
}

func (n *typeNames) RegisterWorkflowWithOptions(_ any, options workflow.RegisterOptions) {
	n.list = append(n.list, options.Name)
}

// endsOf are the outcome and the failure class that a history ends with.
func endsOf(t *testing.T, history *historypb.History) []end {
	t.Helper()
	events := history.GetEvents()
	last := events[len(events)-1]
	switch {
	case last.GetWorkflowExecutionCompletedEventAttributes() != nil:
		return reported(last.GetWorkflowExecutionCompletedEventAttributes().GetResult(), closedCompleted)
	case last.GetWorkflowExecutionFailedEventAttributes() != nil:
		return reported(last.GetWorkflowExecutionFailedEventAttributes().GetFailure().GetApplicationFailureInfo().GetDetails(), closedFailed)
	case last.GetWorkflowExecutionCanceledEventAttributes() != nil:
		return reported(last.GetWorkflowExecutionCanceledEventAttributes().GetDetails(), end(OutcomeCanceled))
	case last.GetWorkflowExecutionContinuedAsNewEventAttributes() != nil:
		return []end{closedContinued}
	default: // cut off: terminated, or by a time-out. No code of ours decides about that.
		require.Failf(t, "not a fixture", "it ends with %s", last.GetEventType())
		return nil
	}
}

// reported are the outcome and the failure class of a report, or how Temporal closed a run that has none.
func reported(payloads *commonpb.Payloads, otherwise end) []end {
	var report Report
	if err := converter.GetDefaultDataConverter().FromPayloads(payloads, &report); err != nil || report.Outcome == "" {
		return []end{otherwise}
	}
	ends := []end{end(report.Outcome)}
	if report.Failure != "" {
		ends = append(ends, end(report.Failure))
	}
	return ends
}

// typeOf is the workflow type of a history.
func typeOf(history *historypb.History) string {
	return history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName()
}

func TestEveryEndOfEveryRunbookIsRecordedOrImpossible(t *testing.T) {
	all, table := allEnds(t), endsTable()
	assert.ElementsMatch(t, registered(), slices.Collect(maps.Keys(table)), "one row for each registered workflow type")
	for _, runbook := range slices.Sorted(maps.Keys(table)) {
		t.Run(runbook, func(t *testing.T) {
			row := table[runbook]
			var told []end
			for _, ends := range row.never {
				told = append(told, ends...)
			}
			require.NotEmpty(t, row.recorded)
			for _, one := range slices.Sorted(maps.Keys(row.recorded)) {
				told = append(told, one)
				history := recordedHistory(t, row.recorded[one])
				assert.Equal(t, runbook, typeOf(history), row.recorded[one])
				assert.Contains(t, endsOf(t, history), one, row.recorded[one])
			}
			assert.ElementsMatch(t, all, told, "each end is recorded, or impossible for a reason, and not both")
		})
	}
}

// What is called impossible would be disproved by any fixture.
func TestNoFixtureEndsInAWayThatIsCalledImpossible(t *testing.T) {
	table, types := endsTable(), registered()
	for _, name := range recordedNames(t) {
		history := recordedHistory(t, name)
		runbook := typeOf(history)
		if !assert.Contains(t, types, runbook, "%s: a history of a type that is not registered proves nothing", name) {
			continue
		}
		for _, one := range endsOf(t, history) {
			assert.Contains(t, table[runbook].recorded, one, "%s ends so", name)
		}
	}
}

// A class that the runs of children carry in a fleet's rows is no end of a run: they are not in the contract.
func TestTheWordsOfAFleetsRowsAreNoEndsOfRuns(t *testing.T) {
	all := allEnds(t)
	for _, word := range []string{failForeign, failTerminated, failTimedOut, failPanic, failUnknown, failGone} {
		assert.NotContains(t, all, end(word))
	}
	assert.Equal(t, len(all), len(slices.Compact(slices.SortedFunc(slices.Values(all), cmp.Compare[end]))), "no word twice")
}
