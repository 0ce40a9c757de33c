package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root is the module's root from this folder.
const root = "../.."

// leastMutants is how many there must be, whatever becomes of the list.
const leastMutants = 25

// neverWithout are guards whose loss was named as the worst: each has its mutants for ever.
var neverWithout = map[string][]string{
	"a list before the first POST":                   {"no-list-before-post", "second-create-without-a-look"},
	"the settle time":                                {"no-settle-before-the-look", "settle-not-waited-for"},
	"the server's id on a restore":                   {"no-server-check-on-restore"},
	"the count of a list":                            {"no-count-check"},
	"an unknown status is not completed":             {"unknown-status-is-completed"},
	"the marker on a delete":                         {"delete-without-marker"},
	"the lock":                                       {"no-lock", "no-lock-for-a-rollback", "no-lock-for-a-rotation", "lock-not-asked-for"},
	"the take-over of a stale lock":                  {"no-stale-lock-take-over"},
	"clean-up on a context of its own":               {"clean-up-on-the-cancelled-context"},
	"one restore after an ambiguous answer":          {"restore-twice-on-an-ambiguous-answer"},
	"inconclusive is not red":                        {"inconclusive-is-red", "inconclusive-restores-again"},
	"a second attempt is ambiguous":                  {"second-attempt-not-ambiguous"},
	"a 400 on a restore is seldom a yes":             {"refused-restore-taken-for-accepted", "restore-of-somebody-else-taken-for-ours"},
	"stopped before restoring is no end":             {"stopped-before-restoring-is-finished"},
	"the lock outlives a cancel of its runbook":      {"lock-cancelled-with-its-runbook"},
	"the take-over names the run":                    {"take-over-without-run-id"},
	"begin is granted once":                          {"begin-granted-twice", "begin-granted-again-after-a-reset"},
	"the snapshots of another policy are not pruned": {"other-policys-snapshots-pruned", "delete-of-another-policy"},
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	return string(data)
}

func TestEveryMutantFitsTheCodeAsItIs(t *testing.T) {
	require.GreaterOrEqual(t, len(all()), leastMutants)
	for _, m := range all() {
		t.Run(m.Name, func(t *testing.T) {
			mutated, err := m.apply(read(t, m.File))
			require.NoError(t, err)
			_, err = parser.ParseFile(token.NewFileSet(), m.File, mutated, parser.SkipObjectResolution)
			assert.NoError(t, err, "the mutated file is not Go")
		})
	}
}

func TestEveryMutantHasItsOwnNameAndSaysWhatItDoes(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, m := range all() {
		assert.Regexp(t, kebab, m.Name)
		assert.False(t, seen[m.Name], "%s is there twice", m.Name)
		seen[m.Name] = true
		assert.NotEmpty(t, m.Law, m.Name)
		assert.True(t, strings.HasSuffix(m.Does, "."), "%s: what it does is a sentence", m.Name)
		assert.False(t, strings.HasSuffix(m.File, "_test.go"), "%s: tests are not mutated", m.Name)
	}
}

func TestEveryKillerExists(t *testing.T) {
	for _, m := range all() {
		name, _, _ := strings.Cut(m.Kill.Test, "/")
		files, err := filepath.Glob(filepath.Join(root, m.Kill.Package, "*_test.go"))
		require.NoError(t, err)
		found := false
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			found = found || strings.Contains(string(source), "\nfunc "+name+"(t *testing.T) {")
		}
		assert.True(t, found, "%s: there is no test %s in %s", m.Name, name, m.Kill.Package)
	}
}

func TestTheWorstMistakesAlwaysHaveAMutant(t *testing.T) {
	names := map[string]bool{}
	for _, m := range all() {
		names[m.Name] = true
	}
	for guard, mutants := range neverWithout {
		require.NotEmpty(t, mutants, guard)
		for _, name := range mutants {
			assert.True(t, names[name], "%s: the mutant %s is gone", guard, name)
		}
	}
}

func TestTheTableListsEveryMutantAsCaught(t *testing.T) {
	table := read(t, "internal/mutants/README.md")
	for _, m := range all() {
		row := regexp.MustCompile("(?m)^\\| `" + m.Name + "` \\|.*$").FindString(table)
		require.NotEmpty(t, row, "%s is not in the table: run make mutants", m.Name)
		assert.NotContains(t, row, "not caught")
		assert.Contains(t, row, m.Kill.Test, "the table is older than the list: run make mutants")
	}
}
