package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

// What the command writes: over its own line, and with codes of its own. Shown is what a terminal makes of it.
const (
	commandWrites  = `printf 'step 1\rstep 2\n\033[7mloud\033[0m\n'` + "\n"
	commandWritten = "step 1\rstep 2\r\n\x1b[7mloud\x1b[0m\r\n" // a terminal adds the carriage return
	commandShown   = "step 2\nloud\n"
)

// deploy notes that it runs.
const deploy = "#!/bin/sh\necho $$ >> runs\n"

// guardTerminal is a terminal in which a job runs its guard.
type guardTerminal struct {
	*terminal
	j *job
	// head is the first line of a frame.
	head *regexp.Regexp
}

// guardIn runs the job's guard in a terminal.
func (j *job) guardIn(environ []string, script string) guardTerminal {
	j.t.Helper()
	input, err := json.Marshal(j.externalInput(silentAfter(time.Minute)))
	require.NoError(j.t, err)
	require.NoError(j.t, os.WriteFile(filepath.Join(j.dir, "input.json"), input, 0o600))
	require.NoError(j.t, os.WriteFile(filepath.Join(j.dir, "deploy.sh"), []byte(script), 0o700))
	line := filepath.Join(binDir, "safepoint") + " guard -f input.json --deploy-id " + j.id() + " -- ./deploy.sh"
	return guardTerminal{j.terminalIn(j.dir, environ, line), j, j.frameHead()}
}

// frameHead matches the first line of a frame of the job's run.
func (j *job) frameHead() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^(NO STATUS|[A-Z]+  [0-9.hms]+  server \d+)  ` + regexp.QuoteMeta(j.id()) + `$`)
}

// look is everything that came to the terminal and still stands there, above the window too. It asserts that all of it
// is inside the window.
func (g guardTerminal) look() string {
	g.t.Helper()
	text := g.pane("-S", "-")
	for line := range strings.SplitSeq(text, "\n") {
		require.LessOrEqual(g.t, utf8.RuneCountInString(line), g.columns, "%q", line)
	}
	return strings.TrimRight(text, "\n ") + "\n"
}

// torn says what is not right about a frame: there is one, whole, at the end of what stands there, and nothing of another.
func (g guardTerminal) torn(text string) string {
	heads := g.head.FindAllStringIndex(text, -1)
	if len(heads) != 1 {
		return fmt.Sprintf("%d heads", len(heads))
	}
	above, frame := text[:heads[0][0]], text[heads[0][1]+1:]
	for line := range strings.Lines(frame) {
		if !strings.HasPrefix(line, "  ") {
			return "below the frame: " + line
		}
	}
	switch {
	case strings.Contains(above, "waiting for ") || strings.ContainsAny(above, "█░"):
		return "part of a frame above it"
	case strings.Count(frame, "waiting for ") > 1 || strings.Count(frame, " of 3m to 10m") > 1:
		return "two frames in one"
	default:
		return ""
	}
}

// draws waits for a frame with the texts, and returns what stands above it and the frame. Every look on the way sees a
// whole frame, or none: one in the middle of a write may see half of it.
func (g guardTerminal) draws(texts ...string) (above, frame string) {
	g.t.Helper()
	deadline := time.Now().Add(patience)
	for torn := 0; ; time.Sleep(50 * time.Millisecond) { // the pause of a bounded poll
		text := g.look()
		require.True(g.t, time.Now().Before(deadline), "never a frame with %q:\n%s", texts, text)
		if !strings.Contains(text, "waiting for ") && !g.head.MatchString(text) {
			continue // none yet, or none any more
		}
		if why := g.torn(text); why != "" {
			torn++
			require.Less(g.t, torn, fewTorn, "a torn frame stays: %s:\n%s", why, text)
			continue
		}
		torn = 0
		at := g.head.FindStringIndex(text)[0]
		above, frame = text[:at], text[at:]
		all := true
		for _, want := range texts {
			all = all && strings.Contains(frame, want)
		}
		if all {
			return above, frame
		}
	}
}

// redraws waits until the frame with the texts was drawn a few times more.
func (g guardTerminal) redraws(texts ...string) {
	g.t.Helper()
	seen := map[string]bool{}
	for deadline := time.Now().Add(patience); len(seen) < 4; {
		_, frame := g.draws(texts...)
		seen[frame] = true
		require.True(g.t, time.Now().Before(deadline), "the frame stands still:\n%s", frame)
	}
}

// unwrapped asserts that no line was longer than the window when it was written: the terminal had to break none.
func (g guardTerminal) unwrapped() {
	g.t.Helper()
	for line := range strings.SplitSeq(g.pane("-S", "-", "-J"), "\n") {
		require.LessOrEqual(g.t, utf8.RuneCountInString(strings.TrimRight(line, " ")), g.columns, "written longer than the window: %q", line)
	}
}

// said is what the guard itself has said before its command runs.
func (g guardTerminal) said() (before, granted string) {
	_, snapshots := g.j.state()
	before = fmt.Sprintf("%s asks for a safe point of server %d: safepoint status %s\n", g.j.id(), g.j.server, g.j.id())
	return before, fmt.Sprintf("%s granted: snapshot #%d is completed, running ./deploy.sh\n", g.j.id(), snapshots[0].ID)
}

// snapshotFrame is the first stage: the progress of the snapshot, drawn over itself below what was said.
func (g guardTerminal) snapshotFrame() {
	g.t.Helper()
	texts := []string{"SNAPSHOT  ", "\n  waiting for snapshot ", " of 3m to 10m"}
	g.redraws(texts...)
	above, frame := g.draws(texts...)
	before, _ := g.said()
	require.Equal(g.t, before, above)
	require.Equal(g.t, 3, strings.Count(frame, "\n"), "%s", frame)
	g.unwrapped()
}

// commandsScreen is the second stage: the screen is the command's, also while heartbeats are sent.
func (g guardTerminal) commandsScreen() {
	g.t.Helper()
	g.j.wrote("began")
	before, granted := g.said()
	want := before + granted + commandShown
	g.j.eventually(patience, "the command's output", func() bool { return g.look() == want })
	g.j.eventually(patience, "a heartbeat", func() bool { return !g.j.lastBeatTaken().IsZero() })
	first := g.j.lastBeatTaken()
	g.j.eventually(patience, "one more heartbeat", func() bool { return g.j.lastBeatTaken().After(first) })
	require.Equal(g.t, want, g.look())
}

// verifyFrame is the third stage: the verification is shown below what the command wrote.
func (g guardTerminal) verifyFrame() {
	g.t.Helper()
	g.redraws("VERIFY  ", "\n  waiting for ")
	above, _ := g.draws("VERIFY  ")
	before, granted := g.said()
	want := before + granted + commandShown + g.j.id() + " the command ended with exit code 0: reporting that the change"
	require.Equal(g.t, want, above[:min(len(want), len(above))])
	g.unwrapped()
}

// report is the last stage: the frames are gone without a trace, and the report stands below everything.
func (g guardTerminal) report(code int, title string, coloured bool) {
	g.t.Helper()
	g.ends(code)
	text := g.look()
	require.Equal(g.t, 1, strings.Count(text, title+"  "+g.j.id()+"  server "), "%s", text)
	require.NotRegexp(g.t, g.head, text, "no frame is left")
	require.NotContains(g.t, text, "waiting for")
	require.False(g.t, strings.ContainsAny(text, "█░┊"), "%s", text)
	g.unwrapped()
	g.asBefore()

	g.j.eventually(patience, "the last byte", func() bool { return strings.Contains(string(g.bytes()), "exit=") })
	all := string(g.bytes())
	_, granted := g.said()
	end := g.j.id() + " the command ended"
	if coloured {
		end = "\x1b[1m" + g.j.id() + "\x1b[22m the command ended"
	}
	_, rest, found := strings.Cut(all, strings.TrimSpace(granted[len(g.j.id()):])+"\r\n")
	require.True(g.t, found, "%q", all)
	written, _, _ := strings.Cut(rest, end)
	require.Equal(g.t, commandWritten, written, "not a byte more or less")
	own := strings.Replace(all, commandWritten, "", 1)
	require.Equal(g.t, coloured, colour.MatchString(own), "colours: %q", own)
	for _, code := range []string{"\x1b[2J", "\x1b[H", "\x1b[?1049h", "\x1b[?25l", "\x1b[?7l", "\x1b[3J"} {
		require.NotContains(g.t, own, code, "nothing is cleared before it is drawn again, and the terminal's modes stay")
	}
	g.narrow(own)
}

// narrow asserts of every line that the guard wrote, of each frame too, that it fitted.
func (g guardTerminal) narrow(written string) {
	g.t.Helper()
	codes := regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)
	for line := range strings.FieldsFuncSeq(codes.ReplaceAllString(written, ""), func(r rune) bool { return r == '\r' || r == '\n' }) {
		require.LessOrEqual(g.t, utf8.RuneCountInString(line), g.columns, "%q", line)
	}
}

// The bar: 80x24, in colour and plain, from the snapshot's progress to the report, with a change that is kept and one
// that is rolled back.
func TestGuardFitsATerminalOf80x24InColourAndPlain(t *testing.T) {
	t.Parallel()
	for name, environ := range map[string][]string{"in colour": nil, "plain": {"NO_COLOR=1"}} {
		for _, healthy := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, healthy %t", name, healthy), func(t *testing.T) {
				t.Parallel()
				j := newJob(t)
				var g guardTerminal
				j.inWaitAfter(vpsfake.OpCreateSnapshot, func() {
					g = j.guardIn(environ, deploy+commandWrites+mark("began")+await("go")+j.change(healthy))
				})
				g.snapshotFrame()
				j.open()
				g.commandsScreen()

				checks := j.gate(vpsfake.OpSite, "") // the baseline is over
				j.touch("go")
				g.verifyFrame()
				if healthy {
					j.open()
					g.report(0, "COMMITTED", environ == nil)
					j.committed(j.end(j.id(), patience))
					return
				}
				j.inWaitAfter(vpsfake.OpRestoreSnapshot, checks)
				g.redraws("ROLLBACK  ", "\n  waiting for the restore of snapshot ", " of 5m to 15m")
				g.unwrapped()
				j.open()
				g.report(3, "ROLLED BACK", environ == nil)
				j.rolledBack(j.end(j.id(), patience))
			})
		}
	}
}
