package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// job is a CI job that makes its change with safepoint guard. Its files tell what its command did.
type job struct {
	*rig
	dir string
	// environ is what the job's programs see beside the stack's own way to Temporal.
	environ []string
}

func newJob(t *testing.T) *job {
	t.Helper()
	j := &job{rig: newRig(t), dir: t.TempDir()}
	t.Cleanup(func() { // a test that fails leaves nothing behind
		text, _ := os.ReadFile(filepath.Join(j.dir, "runs")) // without it nothing ran
		for _, pid := range strings.Fields(string(text)) {
			if group, err := strconv.Atoi(pid); err == nil && group > 1 {
				_ = syscall.Kill(-group, syscall.SIGKILL) // mostly it is gone
			}
		}
	})
	return j
}

// change posts to the deploy hook, once for each call.
func (j *job) change(healthy bool) string {
	return fmt.Sprintf("curl -fsS -o /dev/null -X POST '%shooks/deploy?version=2.0.0&healthy=%t'\n", stack.SiteURL(j.server), healthy)
}

// mark makes a script leave a file, and await makes it wait for one.
func mark(name string) string  { return "touch " + name + "\n" }
func await(name string) string { return "while [ ! -e " + name + " ]; do sleep 0.05; done\n" }

// aDeploy notes that it runs, and its own number and that of a child that hears no signal; then it does what it is told to.
func aDeploy(then string) string {
	return "#!/bin/bash\necho $$ >> runs\n(trap '' TERM INT HUP; while :; do sleep 0.1; done) &\necho $! >> children\n" + then
}

// guards starts a guard. Nothing of the token is in its environment: it must not need it.
func (j *job) guards(in map[string]any, script string, flags ...string) *program {
	j.t.Helper()
	input, err := json.Marshal(in)
	require.NoError(j.t, err)
	for name, text := range map[string]string{"input.json": string(input), "deploy.sh": script} {
		// Always a new file: a shell reads its script while it runs.
		file := filepath.Join(j.dir, name)
		require.NoError(j.t, os.WriteFile(file+".new", []byte(text), 0o700))
		require.NoError(j.t, os.Rename(file+".new", file))
	}
	args := append([]string{"guard", "-f", "input.json", "--task-queue", j.queue}, flags...)
	return j.safepoint(append(args, "--", "./deploy.sh")...)
}

// starts is guards under the rig's own id.
func (j *job) starts(edit func(in map[string]any), script string, flags ...string) *program {
	j.t.Helper()
	return j.guards(j.externalInput(edit), script, append(flags, "--deploy-id", j.id())...)
}

// safepoint runs the real program in the job's folder.
func (j *job) safepoint(args ...string) *program {
	j.t.Helper()
	return j.runs(filepath.Join(binDir, "safepoint"), args...)
}

// runs runs a program with the job's environment, without the token.
func (j *job) runs(path string, args ...string) *program {
	j.t.Helper()
	environ := slices.DeleteFunc(stack.Env(), func(entry string) bool { return strings.HasPrefix(entry, "VPS_API_TOKEN=") })
	return launchIn(j.t, j.dir, path, append(environ, j.environ...), args...)
}

// wrote waits for a file of the job's command and returns its lines.
func (j *job) wrote(name string) []string {
	j.t.Helper()
	var text []byte
	j.eventually(patience, "the file "+name, func() bool {
		var err error
		text, err = os.ReadFile(filepath.Join(j.dir, name))
		return err == nil
	})
	return strings.Fields(string(text))
}

// touch lets a script go on that waits for a file.
func (j *job) touch(name string) {
	j.t.Helper()
	require.NoError(j.t, os.WriteFile(filepath.Join(j.dir, name), nil, 0o600))
}

// ran is how often the command ran.
func (j *job) ran() int {
	text, err := os.ReadFile(filepath.Join(j.dir, "runs"))
	if err != nil {
		return 0
	}
	return strings.Count(string(text), "\n")
}

// allDead says whether nothing that the command was or started runs any more.
func (j *job) allDead() bool {
	j.t.Helper()
	for _, pid := range append(j.wrote("runs"), j.wrote("children")...) {
		state, err := exec.Command("ps", "-o", "stat=", "-p", pid).Output()
		if err == nil && !strings.HasPrefix(strings.TrimSpace(string(state)), "Z") {
			return false
		}
	}
	return true
}

// deadSoon waits until it is so.
func (j *job) deadSoon() {
	j.t.Helper()
	j.eventually(patience, "the command and its child to be dead", j.allDead)
}

// isGranted waits until the change was granted.
func (j *job) isGranted() {
	j.t.Helper()
	j.eventually(patience, "the grant", func() bool {
		s := j.status(j.id())
		return s.Change != nil && s.Change.Runner != ""
	})
}

// endsWith waits for a guard's end and wants a code.
func (j *job) endsWith(p *program, code int) {
	j.t.Helper()
	require.Equal(j.t, code, p.exit(patience), "%s", p.output)
}

// triedAgain is a later try of the same job: it joins the run, runs nothing, and ends by the verdict.
func (j *job) triedAgain(code int) {
	j.t.Helper()
	before := j.ran()
	j.endsWith(j.starts(nil, aDeploy(j.change(true))), code)
	require.Equal(j.t, before, j.ran(), "never a second change")
	j.oneSnapshotOfOurs()
}

// heldUnknown waits until the run holds a change of which nobody knows the result.
func (j *job) heldUnknown() {
	j.t.Helper()
	j.inPhase(j.id(), workflows.PhaseHold, patience)
	require.Equal(j.t, contract.ChangeUnknown, j.changeOf(j.id()).Result)
}

// wire is one job's way to Temporal. It may swallow everything, as a network does that lost its route, or be cut.
type wire struct {
	address string
	mu      sync.Mutex
	swallow chan struct{} // nil while everything goes through; closed when it does again
	refuse  bool
	ends    []net.Conn
}

// newWire gives the job a wire of its own.
func (j *job) newWire() *wire {
	j.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(j.t, err)
	w := &wire{address: listener.Addr().String()}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			w.connect(near)
		}
	}()
	j.t.Cleanup(func() {
		_ = listener.Close()
		w.heal()
		w.cut()
	})
	j.environ = append(j.environ, "TEMPORAL_ADDRESS="+w.address)
	return w
}

func (w *wire) connect(near net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse {
		_ = near.Close()
		return
	}
	far, err := net.Dial("tcp", stack.TemporalAddress)
	if err != nil {
		_ = near.Close()
		return
	}
	w.ends = append(w.ends, near, far)
	go w.copy(far, near)
	go w.copy(near, far)
}

func (w *wire) copy(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		w.mu.Lock()
		swallow := w.swallow
		w.mu.Unlock()
		if swallow != nil {
			<-swallow
		}
		if _, failed := to.Write(buffer[:n]); failed != nil || err != nil {
			return
		}
	}
}

// swallows keeps everything back that either side sends.
func (w *wire) swallows() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.swallow = make(chan struct{})
}

// cut ends every connection and refuses new ones.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuse = true
	for _, end := range w.ends {
		_ = end.Close()
	}
	w.ends = nil
}

// heal lets everything through again.
func (w *wire) heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse = false; w.swallow != nil {
		close(w.swallow)
		w.swallow = nil
	}
}

// launchIn is launch in a folder, with the two outputs apart: what the guard says is in output, what its command writes
// to standard output is in the file stdout there.
func launchIn(t *testing.T, dir, path string, environ []string, args ...string) *program {
	t.Helper()
	p := &program{t: t, output: &output{}, done: make(chan struct{})}
	stdout, err := os.OpenFile(filepath.Join(dir, "stdout"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	p.cmd = exec.Command(path, args...)
	p.cmd.Dir, p.cmd.Env = dir, append([]string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}, environ...)
	p.cmd.Stdout, p.cmd.Stderr = stdout, io.MultiWriter(p.output, collected.file(t.Name()+"-guard"))
	p.cmd.WaitDelay = 5 * time.Second // what its command left running may hold its standard error open
	collected.argv(p.cmd.Args)
	require.NoError(t, startTied(p.cmd, p.done))
	t.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGKILL) // it may have ended
		<-p.done
		_ = stdout.Close()
		if t.Failed() {
			t.Logf("%s said:\n%s", strings.Join(args, " "), p.output)
		}
	})
	return p
}
