package cli

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/workflows"
)

// canaried is a fleet that asks after its canaries, and what it was started with.
func canaried(t *testing.T, input any) (*frontend, string) {
	t.Helper()
	f, address := deciding(t, workflows.TypeFleetUpdate)
	f.first = firstEvent(t, input)
	f.status.Fleet = &workflows.FleetRecord{Total: 10, Counts: workflows.FleetCounts{Done: 3}}
	return f, address
}

var denials = [][]string{{"deny", "web-1", "--by=ann"}, {"decide", "web-1", "deny", "--by=ann"}}

func TestADenialOfAFleetAsksWhereItRollsBackWhatWasCommitted(t *testing.T) {
	for _, args := range denials {
		for name, input := range map[string]any{"rolled back": map[string]any{"on_stop": "rollback_committed"}, "not known": "text"} {
			t.Run(args[0]+"/"+name, func(t *testing.T) {
				f, address := canaried(t, input)
				got := safepoint(t, address, args...)
				assert.Equal(t, codeUsage, got.code, "nobody can be asked")
				assert.Contains(t, got.err, "a denial may roll back the servers that this fleet has committed")
				assert.Contains(t, got.err, "Give --yes")
				got = atTerminal(t, address, "n\n", args...)
				assert.Equal(t, codeNotChanged, got.code)
				assert.Contains(t, got.err, "3 servers that are done would be rolled back")
				assert.Contains(t, got.err, "Deny, and roll back what was committed? [y/N]")
				assert.Contains(t, got.err, "nothing was decided")
				assert.Empty(t, f.decisions(t))
				assert.Equal(t, codeOK, atTerminal(t, address, "y\n", args...).code)
				assert.Equal(t, codeOK, safepoint(t, address, append(args, "--yes")...).code)
				assert.Len(t, f.decisions(t), 2)
			})
		}
	}
}

func TestADenialThatLeavesTheServersAsTheyAreAsksNothing(t *testing.T) {
	for _, args := range denials {
		for _, input := range []any{map[string]any{"on_stop": "leave"}, map[string]any{"all": true}} {
			f, address := canaried(t, input)
			got := safepoint(t, address, args...)
			assert.Equal(t, codeOK, got.code, got.err)
			got = atTerminal(t, address, "", args...)
			assert.Equal(t, codeOK, got.code, got.err)
			assert.Len(t, f.decisions(t), 2)
		}
	}
}

func TestADenialOfAFleetOfWhichNoWorkerTellsSaysThatTheLossIsUnknown(t *testing.T) {
	f, address := canaried(t, map[string]any{"on_stop": "rollback_committed"})
	f.status = nil
	got := atTerminal(t, address, "n\n", "deny", "web-1", "--by=ann")
	assert.Equal(t, codeNotChanged, got.code)
	assert.Contains(t, got.err, "which servers would be rolled back is not known: no worker answers")
	assert.Empty(t, f.decisions(t))
}

func TestAFleetThatAsksNothingIsNotDenied(t *testing.T) {
	f, address := canaried(t, map[string]any{"on_stop": "rollback_committed"})
	f.status.Hold, f.status.Phase = nil, workflows.PhaseRollout
	got := atTerminal(t, address, "y\n", "deny", "web-1", "--by=ann")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "asks for no decision now: it is in phase rollout")
	assert.Empty(t, f.decisions(t))
}

func TestTheHelpOfADenialSaysWhatItUndoes(t *testing.T) {
	assert.Contains(t, safepoint(t, unreachable, "deny", "--help").out, "rolls back what it has committed")
	assert.Contains(t, safepoint(t, unreachable, "decide", "--help").out, "needs --yes")
}
