package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// output keeps what a program says and may be read while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// program is one process that a test signals and whose exit code it reads.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	listen string // of a worker: its health checks
	output *output
	done   chan struct{}
}

// launch runs a program with exactly this environment and kills it when the test ends.
func launch(t *testing.T, path string, environ []string, args ...string) *program {
	t.Helper()
	p := &program{t: t, output: &output{}, done: make(chan struct{})}
	p.cmd = exec.Command(path, args...)
	p.cmd.Env = append([]string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, environ...)
	said := io.MultiWriter(p.output, collected.file(t.Name()+"-"+filepath.Base(path)))
	p.cmd.Stdout, p.cmd.Stderr = said, said
	collected.argv(p.cmd.Args)
	require.NoError(t, startTied(p.cmd, p.done))
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended; a stopped process dies of this too
		<-p.done
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(path), p.output)
		}
	})
	return p
}

// startTied starts a program that dies with this process, and closes done at its end. How it ended is in the command.
func startTied(cmd *exec.Cmd, done chan<- struct{}) error {
	tie(cmd)
	started := make(chan error, 1)
	go func() {
		// The kernel watches the thread that started the program, not the process: this thread lives as long as it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(done)
		}
	}()
	return <-started
}

// launchWorker runs a worker on the rig's queue beside or instead of the stack's own, with further settings.
func (r *rig) launchWorker(more ...string) *program {
	r.t.Helper()
	listen := nobody(r.t)
	environ := append(stack.Env(), "SAFEPOINT_TASK_QUEUE="+r.queue, "SAFEPOINT_LISTEN="+listen,
		"VPS_SETTLE="+settle.String(), "VPS_POLL_INTERVAL="+pollPeriod.String(), "VPS_RATE_LIMIT=100")
	p := launch(r.t, filepath.Join(binDir, "safepoint-worker"), append(environ, more...)) // the last of a name counts
	p.listen = listen
	return p
}

// readyWorker is launchWorker and the wait until it serves.
func (r *rig) readyWorker(more ...string) *program {
	r.t.Helper()
	p := r.launchWorker(more...)
	p.becomes("/readyz", http.StatusOK, patience)
	return p
}

// signal sends one.
func (p *program) signal(s os.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(s))
}

// exit waits for the program's end and returns its exit code.
func (p *program) exit(within time.Duration) int {
	p.t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(within):
		p.t.Fatalf("still running after %s", within)
		return -1
	}
}

// probe asks one of a worker's health checks; zero means no answer.
func (p *program) probe(path string) (status int, text string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.listen+path, nil)
	require.NoError(p.t, err)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body) // a cut answer is told by the missing text
	return resp.StatusCode, string(body)
}

// becomes waits until a health check gives an answer.
func (p *program) becomes(path string, status int, within time.Duration) {
	p.t.Helper()
	deadline := time.Now().Add(within)
	for {
		got, text := p.probe(path)
		if got == status {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("not within %s: %s answers %d; it answers %d %s", within, path, status, got, text)
		}
		time.Sleep(50 * time.Millisecond) // the pause of a bounded poll
	}
}

// says waits until the program's output holds the text.
func (p *program) says(text string, within time.Duration) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return strings.Contains(p.output.String(), text) }, within, 50*time.Millisecond, "it never said %q", text)
}

// nobody is an address that nobody listens on.
func nobody(t *testing.T) string {
	t.Helper()
	// Below the ports that the system gives away by itself: those of a test's own programs and of every connection.
	for range 50 {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000)))
		if err == nil {
			require.NoError(t, listener.Close())
			return listener.Addr().String()
		}
	}
	require.FailNow(t, "no free port")
	return ""
}

// devServer runs a Temporal dev server of the test's own at an address.
func devServer(t *testing.T, address string, args ...string) *program {
	t.Helper()
	cli := temporalCLI()
	if cli == "" {
		cli = "temporal"
	}
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	args = append([]string{"server", "start-dev", "--headless", "--ip", host, "--port", port, "--log-level", "error"}, args...)
	return launch(t, cli, nil, args...)
}
