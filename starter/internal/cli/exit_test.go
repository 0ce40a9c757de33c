package cli

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestExitCodesOfEveryEnd(t *testing.T) {
	for _, tc := range []struct {
		outcome workflows.Outcome
		failure string
		want    int
	}{
		{workflows.OutcomeCommitted, "", 0},
		{workflows.OutcomePlanned, "", 0},
		{workflows.OutcomeSkipped, "", 0},
		{workflows.OutcomeCanceled, "", 1},
		{workflows.OutcomeNotChanged, "", 1},
		{workflows.OutcomeNotChanged, contract.FailInvalidInput, 2},
		{workflows.OutcomeNotChanged, contract.FailPreflight, 1},
		{workflows.OutcomeNotChanged, contract.FailBaseline, 1},
		{workflows.OutcomeNotChanged, contract.FailSnapshotLimit, 1},
		{workflows.OutcomeNotChanged, contract.FailSnapshot, 1},
		{workflows.OutcomeNotChanged, contract.FailServerBusy, 1},
		{workflows.OutcomeNotChanged, contract.FailChangeNotStarted, 1},
		{workflows.OutcomeNotChanged, contract.FailLockLost, 1},
		{workflows.OutcomeRolledBack, contract.FailRolledBack, 3},
		{workflows.OutcomeRolledBack, "", 3},
		{workflows.OutcomeRolledBackUnverified, contract.FailRolledBackUnverified, 4},
		{workflows.OutcomeRollbackFailed, contract.FailRollback, 4},
		{workflows.OutcomeChangeFailed, contract.FailChange, 4},
		{workflows.OutcomeChangeUnknown, contract.FailChangeUnknown, 4},
		{workflows.OutcomeRolledBackUnverified, "", 4},
		{workflows.OutcomeRollbackFailed, "", 4},
		{workflows.OutcomeChangeFailed, "", 4},
		{workflows.OutcomeChangeUnknown, "", 4},
		{workflows.OutcomeRestored, "", 0},
		{workflows.OutcomeRotated, "", 0},
		{workflows.OutcomeAudited, "", 0},
		{workflows.OutcomeStale, contract.FailStale, 1},
		{workflows.OutcomeStale, "", 1},
		{workflows.OutcomeNotChanged, contract.FailNotApproved, 1},
		{workflows.OutcomeIncomplete, contract.FailRotation, 4},
		{workflows.OutcomeIncomplete, "", 4},
		// Of a fleet without a record of its servers nobody knows how bad it is.
		{workflows.OutcomeFleetFailed, contract.FailFleet, 4},
		{workflows.OutcomeFleetStopped, contract.FailFleetStopped, 4},
		{"", "", 4},
		{"something new", "", 4},
		// A failed run is never green, whatever its report says.
		{workflows.OutcomeCommitted, "SomethingNew", 4},
		{workflows.OutcomeCommitted, contract.FailRolledBack, 3},
	} {
		assert.Equal(t, tc.want, exitCode(tc.outcome, tc.failure), "%s %s", tc.outcome, tc.failure)
	}
}

func TestTheHelpTextNamesEveryExitCode(t *testing.T) {
	for _, code := range []string{"  0 ", "  1 ", "  2 ", "  3 ", "  4 ", "  5 ", "  130 "} {
		assert.Contains(t, exitHelp, code)
	}
	commands := [][]string{{"begin"}, {"report"}, {"heartbeat"}}
	for _, one := range runbooks {
		commands = append(commands, []string{"run", one.command})
	}
	for _, command := range commands {
		got := safepoint(t, unreachable, append(command, "--help")...)
		assert.Equal(t, 0, got.code)
		assert.Contains(t, got.out, exitHelp, command)
	}
}

// shortExits are the texts that leave out what a command cannot end with, and the codes that they must name.
var shortExits = map[string][]int{
	endExits:      {codeOK, codeNotChanged, codeUsage, codeRolledBack, codePerson, codeDetached},
	decisionExits: {codeOK, codeNotChanged, codeUsage, codeRolledBack, codePerson, codeDetached},
	scheduleExits: {codeOK, codeNotChanged, codeUsage, codePerson, codeDetached},
}

func TestAHelpTextLeavesOutTheExitCodesThatItsCommandCannotEndWith(t *testing.T) {
	for text, codes := range shortExits {
		assert.ElementsMatch(t, codes, slices.Collect(maps.Keys(codesIn(text))), text)
	}
	for short, words := range map[string][]string{
		endExits:      {"status", "watch"},
		decisionExits: {"decide", "approve", "deny", "commit", "rollback", "extend", "pause", "resume", "abort"},
	} {
		for _, word := range words {
			help := safepoint(t, unreachable, word, "--help").out
			assert.Contains(t, help, short, "%s has no exit codes", word)
		}
	}
	for _, word := range []string{"apply", "list", "describe", "pause", "resume", "trigger", "delete"} {
		got := safepoint(t, unreachable, "schedule", word, "--help")
		assert.Contains(t, got.out, scheduleExits, word)
		assert.NotContains(t, got.out, "rolled back", word)
	}
	for _, args := range [][]string{{"doctor"}, {"snapshots"}, {"list"}} {
		help := safepoint(t, unreachable, append(args, "--help")...).out
		assert.NotContains(t, help, "begin only", args)
		code := safepoint(t, unreachable, args...).code
		assert.Contains(t, help, fmt.Sprintf("; %d ", code), "%s: its end without Temporal is in its help", args)
	}
}
