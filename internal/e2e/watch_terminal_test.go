package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// terminal is a tmux of the test's own with one window, in which a program runs.
type terminal struct {
	t             *testing.T
	socket        string
	columns, rows int
	// written is the file with every byte that came to the terminal.
	written string
}

// newTerminal runs a command line of the program in a terminal of 80x24, and then shows its exit code.
func (r *rig) newTerminal(environ []string, line string) *terminal {
	r.t.Helper()
	return r.terminalIn(r.t.TempDir(), environ, filepath.Join(binDir, "safepoint")+" "+line)
}

// terminalIn runs a shell's line in a folder. The line begins once everything that it writes is kept, and its environment
// has no token: nothing that a person types may need it.
func (r *rig) terminalIn(dir string, environ []string, line string) *terminal {
	r.t.Helper()
	_, err := exec.LookPath("tmux")
	require.NoError(r.t, err, "install tmux: it is the terminal in which this test looks at the program")
	own, err := os.MkdirTemp("", "tmux-") // a socket's path must be short, and the test's own folder has a long name
	require.NoError(r.t, err)
	term := &terminal{t: r.t, socket: filepath.Join(own, "s"), columns: 80, rows: 24, written: filepath.Join(own, "written")}
	config := filepath.Join(own, "conf")
	require.NoError(r.t, os.WriteFile(config, []byte("set -g status off\nset -g escape-time 0\n"), 0o600))
	script := "tmux wait-for begin; " + line + "; echo exit=$?; exec sleep 600" // killed at the test's end
	cmd := exec.CommandContext(r.t.Context(), "tmux", "-u", "-S", term.socket, "-f", config, "new-session", "-d", "-x", "80", "-y", "24", "-c", dir, script)
	cmd.Env = append([]string{"HOME=" + r.t.TempDir(), "PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TERM=xterm-256color"}, stack.Env()...)
	cmd.Env = append(append(cmd.Env, "SAFEPOINT_TASK_QUEUE="+r.queue), environ...) // the last of a name counts
	cmd.Env = slices.DeleteFunc(cmd.Env, func(entry string) bool { return strings.HasPrefix(entry, "VPS_API_TOKEN=") })
	collected.argv(cmd.Args)
	out, err := cmd.CombinedOutput()
	require.NoError(r.t, err, "%s", out)
	r.t.Cleanup(func() {
		if r.t.Failed() {
			r.t.Logf("the terminal of %s:\n%s", line, term.pane("-S", "-"))
		}
		_, _ = collected.file(r.t.Name() + "-terminal").Write(term.bytes())
		_, _ = term.tmux("kill-server") // it may be gone
		_ = os.RemoveAll(own)
	})
	for _, args := range [][]string{{"pipe-pane", "cat >> " + term.written}, {"wait-for", "-S", "begin"}} {
		out, err := term.tmux(args...)
		require.NoError(r.t, err, "%s", out)
	}
	return term
}

// bytes is everything that came to the terminal so far.
func (term *terminal) bytes() []byte {
	text, _ := os.ReadFile(term.written) // there is none before the first
	return text
}

func (term *terminal) tmux(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "tmux", append([]string{"-u", "-S", term.socket}, args...)...).CombinedOutput()
	return string(out), err
}

// capture is what the terminal shows; with the flag -e its colours too.
func (term *terminal) capture(flag string) string {
	if flag == "" {
		return term.pane()
	}
	return term.pane(flag)
}

// pane is capture with any flags of tmux: with -S - also what was pushed out above the window, with -J each line as it
// was written, however often it was broken.
func (term *terminal) pane(flags ...string) string {
	out, err := term.tmux(append([]string{"capture-pane", "-p"}, flags...)...)
	if err != nil {
		return "no capture: " + out
	}
	return out
}

// resize makes the window larger or smaller.
func (term *terminal) resize(columns, rows int) {
	term.t.Helper()
	out, err := term.tmux("resize-window", "-x", strconv.Itoa(columns), "-y", strconv.Itoa(rows))
	require.NoError(term.t, err, "%s", out)
	term.columns, term.rows = columns, rows
}

// foot ends each frame of watch; colour is a code that changes it.
const foot = "Ctrl-C stops watching"

var colour = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// whole says whether a capture is one frame and nothing else: the head on the first line, the foot on the last one.
func whole(text, id string) bool {
	lines := strings.Split(strings.TrimRight(text, "\n "), "\n")
	if strings.Count(text, foot) != 1 || !strings.Contains(lines[len(lines)-1], "UTC  "+foot[:min(len(foot), 10)]) {
		return false
	}
	return strings.Contains(lines[0], id) && strings.Count(text, "\n  waiting for ") == 1
}

// fits asserts that a capture is inside the window.
func (term *terminal) fits(text string) {
	term.t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	require.LessOrEqual(term.t, len(lines), term.rows, "%s", text)
	for _, line := range lines {
		require.LessOrEqual(term.t, utf8.RuneCountInString(colour.ReplaceAllString(line, "")), term.columns, "%q", line)
	}
}

// fewTorn is how many captures in a row may see half a frame: one in the middle of a write, or of a window that changes
// its size. The next frame, a quarter of a second later, must be whole; a busy machine may take longer to draw it.
const fewTorn = 40

// shows looks at frame after frame until one has the text, and asserts of each that it fits and is whole.
func (term *terminal) shows(id, want string, coloured bool) {
	term.t.Helper()
	deadline := time.Now().Add(patience)
	for torn := 0; ; {
		text := term.capture("-e")
		plain := colour.ReplaceAllString(text, "")
		term.fits(text)
		switch {
		case !strings.Contains(plain, foot) && torn == 0: // not begun yet
		case !whole(plain, id):
			torn++
			require.Less(term.t, torn, fewTorn, "a torn frame stays:\n%s", plain)
		default:
			torn = 0
			require.Equal(term.t, coloured, colour.MatchString(text), "colours: %q", text)
			if strings.Contains(plain, want) {
				return
			}
		}
		require.True(term.t, time.Now().Before(deadline), "never %q:\n%s", want, plain)
		time.Sleep(50 * time.Millisecond) // the pause of a bounded poll
	}
}

// ends waits for the program's exit code and returns what the terminal shows then.
func (term *terminal) ends(code int) string {
	term.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		text := term.capture("")
		term.fits(text)
		if strings.Contains(text, "exit=") {
			require.Contains(term.t, text, "exit="+strconv.Itoa(code), "%s", text)
			return text
		}
		require.True(term.t, time.Now().Before(deadline), "it goes on:\n%s", text)
		time.Sleep(50 * time.Millisecond) // the pause of a bounded poll
	}
}

// asBefore asserts that the cursor, the screen and the wrapping are as they were before the program began.
func (term *terminal) asBefore() {
	term.t.Helper()
	modes, err := term.tmux("display-message", "-p", "#{cursor_flag}#{alternate_on}#{wrap_flag}")
	require.NoError(term.t, err)
	require.Equal(term.t, "101", strings.TrimSpace(modes), "the cursor shows, this is the first screen, and lines wrap")
}
