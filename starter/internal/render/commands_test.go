package render

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/workflows"
)

// codeBlocks takes the fenced blocks out of a text by the rules of CommonMark: a line of at least three backquotes opens
// one, and one of at least as many, with nothing else on it, ends it.
func codeBlocks(t *testing.T, text string) (rest string, blocks []string) {
	t.Helper()
	var outside, inside []string
	fence := ""
	for line := range strings.SplitSeq(text, "\n") {
		marks := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence == "" && len(marks) >= 3 && !strings.Contains(line[len(marks):], "`"):
			fence = marks
		case fence == "":
			outside = append(outside, line)
		case len(marks) >= len(fence) && strings.TrimSpace(line) == marks:
			blocks = append(blocks, strings.Join(inside, "\n"))
			fence, inside = "", nil
		default: // in a block
			inside = append(inside, line)
		}
	}
	require.Empty(t, fence, "every block ends")
	return strings.Join(outside, "\n"), blocks
}

func TestTheCommandsOfACommentCanBeCopiedAsTheyAre(t *testing.T) {
	const curl = `curl -X POST -H "Authorization: Bearer $VPS_API_TOKEN" "${VPS_API_URL:-https://admin.vps.org/api/v1}/snapshots/801/restore/"`
	for next, want := range map[string]struct {
		prose    string
		commands []string
	}{
		"look at server 12345 at VPS.org, then restore it by hand if it is not restoring: " + curl: {
			"look at server 12345 at VPS.org, then restore it by hand if it is not restoring: the command below", []string{curl}},
		"look at it with: safepoint status deploy-1 (or: temporal workflow describe -w deploy-1), and start this run again when it has ended.": {
			"look at it with: command 1 below (or: command 2 below), and start this run again when it has ended.",
			[]string{"safepoint status deploy-1", "temporal workflow describe -w deploy-1"}},
		"look at the run before (temporal workflow show -w 'a, b') and at the server": {
			"look at the run before (the command below) and at the server", []string{"temporal workflow show -w 'a, b'"}},
		"safepoint list --phase hold | grep -F 'it'\\''s  two' && echo a,b": {"the command below", []string{`safepoint list --phase hold | grep -F 'it'\''s  two' && echo a,b`}},
		"see `safepoint report a -o json | jq '.x|.y'` first":               {"see the command below first", []string{"safepoint report a -o json | jq '.x|.y'"}},
		"type: safepoint report 'an open quote, and more":                   {"type: `safepoint report 'an` open `quote,` and more", nil},
		"look at the safepoint report of the run.":                          {"look at the safepoint report of the run.", nil},
		"look with: temporal workflow describe -w web.":                     {"look with: the command below", []string{"temporal workflow describe -w web."}},
		"type: safepoint status '```'":                                      {"type: the command below", []string{"safepoint status '```'"}},
		"type: safepoint status " + strings.Repeat("x", maxCommand):         {"type: safepoint status " + strings.Repeat("x", maxProse-len("type: safepoint status ")-1) + "…", nil},
	} {
		r := workflows.Report{Outcome: workflows.OutcomeRollbackFailed, Next: next}
		rest, blocks := codeBlocks(t, Markdown(r))
		assert.Equal(t, want.commands, blocks, next)
		line := rest[strings.Index(rest, "**Next:** ")+len("**Next:** "):]
		line, _, _ = strings.Cut(line, "\n")
		if len(want.commands) > 0 || want.prose == next {
			assert.Equal(t, want.prose, line, next)
		}
	}
}

func TestNoCommandOfACommentEndsItsBlock(t *testing.T) {
	for _, trap := range append(traps, strings.Repeat("`", 9), "a ``` b", "~~~") {
		for _, next := range []string{"type: safepoint status " + trap, "type: safepoint status '" + trap + "'", "a (safepoint status " + trap + ") b", strings.Repeat("x: safepoint status "+trap+", ", 9)} {
			r := workflows.Report{Outcome: workflows.OutcomeCommitted, Next: next}
			text := Markdown(r)
			assertHarmless(t, text)
			_, blocks := codeBlocks(t, text)
			assert.LessOrEqual(t, len(blocks), maxCommands)
			for _, block := range blocks {
				assert.NotContains(t, block, "\n", "%q", trap)
				assert.True(t, strings.HasPrefix(block, "safepoint status "), "%q", block)
			}
			assert.NotRegexp(t, `[<>@~$&]|://|\*\*bold`, strings.NewReplacer("**Next:**", "").Replace(outside(t, text)), "%q", next)
		}
	}
}

func TestAFenceIsLongerThanWhatStandsInItsBlock(t *testing.T) {
	assert.Equal(t, "```\nsafepoint list\n```", fence("safepoint list"))
	assert.Equal(t, "`````\nsafepoint status '````'\n`````", fence("safepoint status '````'"))
}
