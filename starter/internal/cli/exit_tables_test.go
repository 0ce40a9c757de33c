package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// failureClasses are the values of the constants that name failure classes.
func failureClasses(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../../internal/contract/failures.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Fail") {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			values = append(values, value)
		}
		return true
	})
	require.Contains(t, values, contract.FailRolledBack)
	return values
}

// An outcome or a failure class that is added has a row, and with it a recording, or this fails.
func TestEveryOutcomeAndFailureClassHasARow(t *testing.T) {
	outcomes, classes := map[string]bool{}, map[string]bool{}
	for end := range endCodes {
		if end.outcome != "" { // a run that left a report
			outcomes[string(end.outcome)] = true
			classes[end.failure] = true
		}
	}
	delete(classes, "")
	assert.ElementsMatch(t, constants(t, "../../../workflows/names.go", "Outcome"), slices.Collect(maps.Keys(outcomes)))
	assert.ElementsMatch(t, failureClasses(t), slices.Collect(maps.Keys(classes)))
}

// tableAfter are the cells of the first table of the README after a text, without its titles.
func tableAfter(t *testing.T, after string) [][]string {
	t.Helper()
	text, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), after)
	require.True(t, found, after)
	_, rest, found = strings.Cut(rest, "---|\n")
	require.True(t, found, after)
	var rows [][]string
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		rows = append(rows, cells)
	}
	require.NotEmpty(t, rows, after)
	return rows
}

var codeWord = regexp.MustCompile("`([^`]+)`")

func codeWords(text string) (words []string) {
	for _, m := range codeWord.FindAllStringSubmatch(text, -1) {
		words = append(words, m[1])
	}
	return words
}

// Each end stands in a row of the README that closes as Temporal closed it, and the README knows no other.
func TestTheREADMEsTableOfEndsIsThatOfTheRecordedRuns(t *testing.T) {
	rows := tableAfter(t, "**How a run ends**")
	var documented, met []string
	for _, row := range rows {
		documented = append(documented, append(codeWords(row[0]), codeWords(row[1])...)...)
	}
	for end := range endCodes {
		if end.outcome == "" {
			continue // ended from outside: not an end of Safepoint's
		}
		at := slices.IndexFunc(rows, func(row []string) bool { return slices.Contains(codeWords(row[0]), string(end.outcome)) })
		require.GreaterOrEqual(t, at, 0, end.outcome)
		closes := rows[at][1]
		met = append(met, string(end.outcome))
		switch {
		case end.failure != "":
			assert.True(t, strings.HasPrefix(closes, "failed:") && slices.Contains(codeWords(closes), end.failure), "%+v: %s", end, closes)
			met = append(met, end.failure)
		case end.outcome == workflows.OutcomeCanceled:
			assert.Equal(t, "canceled", closes)
		default: // a report that is the run's result
			assert.Equal(t, "completed", closes, "%+v", end)
		}
	}
	slices.Sort(met)
	assert.ElementsMatch(t, documented, slices.Compact(met))
}

// codesIn are what a help text says of each code, on one line.
func codesIn(help string) map[int]string {
	said, last := map[int]string{}, 0
	for line := range strings.Lines(help) {
		if m := regexp.MustCompile(`^  (\d+) +(.*)`).FindStringSubmatch(line); m != nil {
			last, _ = strconv.Atoi(m[1]) // digits
			said[last] = m[2]
		} else if said[last] != "" {
			said[last] += " " + strings.TrimSpace(line)
		}
	}
	return said
}

// inWords is how the texts about exit codes tell of an end with this code.
func inWords(end runEnd, code int) string {
	switch {
	case code == codeOK:
		return "committed, restored, rotated, audited, planned (dry run) or skipped"
	case code == codeUsage:
		return "bad usage, input or credentials"
	case code == codeRolledBack:
		return "rolled back: restored and verified; of a fleet: at least one server"
	case end.failure == contract.FailNotApproved:
		return "not approved"
	case end.failure == contract.FailStale:
		return "stale servers"
	case end.failure == contract.FailRotation:
		return "a rotation that is incomplete"
	case code == codeNotChanged && (end.failure == contract.FailFleet || end.failure == contract.FailFleetStopped):
		return "a fleet in which nothing was rolled back"
	case code == codeNotChanged:
		return "the server was not changed"
	default: // 4
		return "a person must look"
	}
}

func TestTheTextsAboutExitCodesAgreeWithTheRecordedRuns(t *testing.T) {
	readme := map[int]string{}
	for _, row := range tableAfter(t, "| exit code | means |") {
		code, err := strconv.Atoi(row[0])
		require.NoError(t, err)
		readme[code] = row[1]
	}
	texts := map[string]map[int]string{"README": readme, "help": codesIn(exitHelp), "help of what follows a run": codesIn(endExits)}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(readme)), slices.Collect(maps.Keys(codesIn(exitHelp))))
	check := func(end runEnd, code int) {
		for name, said := range texts {
			for of, text := range said {
				assert.Equal(t, of == code, strings.Contains(text, inWords(end, code)), "%s: %+v is %d; of %d it says: %s", name, end, code, of, text)
			}
		}
	}
	for end, code := range endCodes {
		if code != byServer {
			check(end, code)
		}
	}
	for _, code := range worstCodes {
		check(runEnd{workflows.TypeFleetUpdate, workflows.OutcomeFleetFailed, contract.FailFleet}, code)
	}
}

func TestABeginThatIsNotGrantedIsNeverAGrantAndOnlyACommittedChangeIsDone(t *testing.T) {
	for outcome, want := range map[workflows.Outcome]int{
		workflows.OutcomeCommitted: 5, workflows.OutcomeSkipped: 1, workflows.OutcomePlanned: 1, workflows.OutcomeRestored: 1,
		workflows.OutcomeRotated: 1, workflows.OutcomeAudited: 1, "something new": 1,
	} {
		assert.Equal(t, want, ungrantedCode(codeOK, outcome), outcome)
	}
	for _, code := range []int{codeNotChanged, codeUsage, codeRolledBack, codePerson} {
		assert.Equal(t, code, ungrantedCode(code, workflows.OutcomeCommitted))
	}
}
