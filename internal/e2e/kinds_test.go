package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/sshrun/sshtest"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// sshSettings are what a worker needs to reach a test's sshd.
func sshSettings(s *sshtest.Server) map[string]string {
	return map[string]string{
		"SAFEPOINT_ALLOW_SSH": s.Address, "SAFEPOINT_SSH_USER": s.User,
		"SAFEPOINT_SSH_KEY_FILE": s.KeyFile, "SAFEPOINT_SSH_KNOWN_HOSTS": s.KnownHosts,
	}
}

// rigWith is newRig with settings of the worker's own.
func rigWith(t *testing.T, env map[string]string) *rig {
	t.Helper()
	r := rigWithoutWorker(t)
	var err error
	r.worker, err = stack.AddWorkerWith(t.Context(), r.queue, env)
	require.NoError(t, err)
	t.Cleanup(r.worker.Kill)
	return r
}

// sshInput changes the stand-in's site by a script that runs on a real sshd and then ends with the exit code.
func (r *rig) sshInput(address string, exit int) map[string]any {
	script := fmt.Sprintf(`exec 3<>/dev/tcp/%s
printf 'POST /sites/%d/hooks/deploy?version=2.0.0&healthy=true HTTP/1.0\r\nContent-Length: 0\r\n\r\n' >&3
head -n 1 <&3
echo deployed
exit %d
`, strings.Replace(strings.TrimPrefix(stack.FakeURL, "http://"), ":", "/", 1), r.server, exit)
	path := filepath.Join(r.t.TempDir(), "deploy.sh")
	require.NoError(r.t, os.WriteFile(path, []byte(script), 0o600))
	return r.input(true, func(in map[string]any) {
		in["update"] = map[string]any{"kind": "ssh", "address": address, "command": "bash " + path, "timeout": "20s"}
		checks := part(in, "verify")["checks"].([]any)
		part(in, "verify")["checks"] = append(checks, map[string]any{"name": "login", "kind": "ssh", "address": address, "command": "true"})
	})
}

func TestAChangeOverSSHIsCommittedOrRolledBackByItsExitCode(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t, sshtest.Options{})
	for exit, check := range map[int]func(*rig, workflows.Report){0: (*rig).committed, 7: (*rig).rolledBack} {
		t.Run(fmt.Sprint("exit ", exit), func(t *testing.T) {
			t.Parallel()
			r := rigWith(t, sshSettings(server))
			r.start(r.id(), r.sshInput(server.Address, exit))
			report := r.end(r.id(), runBar)
			check(r, report)
			require.NotNil(t, report.Change.ExitCode, "%+v", report.Change)
			assert.Equal(t, exit, *report.Change.ExitCode)
			assert.Contains(t, report.Change.Output, "200 OK")
			assert.Contains(t, report.Change.Output, "deployed")
		})
	}
}

func TestCrashWhileTheCommandOverSSHMakesTheChangeNeverMakesItTwice(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t, sshtest.Options{})
	r := rigWith(t, sshSettings(server))
	in := r.sshInput(server.Address, 0)
	u := part(in, "update")
	// The exit code comes to a worker that is dead by then: the script waits for its answer.
	u["timeout"], u["on_unknown"] = "10s", "commit"
	r.gate(vpsfake.OpDeployHook, vpsfake.EffectBefore)
	r.start(r.id(), in)
	r.whenSent(vpsfake.OpDeployHook)
	r.worker.Kill()
	r.open()
	require.NoError(t, r.worker.Start(t.Context()))
	report := r.end(r.id(), runBar)
	r.committed(report)
	require.Equal(t, contract.ChangeUnknown, report.Change.Result, "%+v", report.Change)
	state, _ := r.state()
	require.Equal(t, 1, state.Deploys, "the command ran once")
}

func TestAWrongHostKeyIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	server, other := sshtest.Start(t, sshtest.Options{}), sshtest.Start(t, sshtest.Options{})
	settings := sshSettings(server)
	settings["SAFEPOINT_SSH_KNOWN_HOSTS"] = sshtest.WriteKnownHosts(t, server.Line(other.HostKeys[0]))
	r := rigWith(t, settings)
	r.start(r.id(), r.input(true, func(in map[string]any) {
		in["update"] = map[string]any{"kind": "ssh", "address": server.Address, "command": "touch /tmp/never", "timeout": "20s"}
	}))
	report := r.end(r.id(), runBar)
	assert.Equal(t, contract.FailChangeNotStarted, report.Failure, "%+v", report)
	assert.Contains(t, report.Summary, "host key")
	assert.Contains(t, report.Summary, "The server was not changed")
	r.lawful()
}

// migrate is a user's own workflow: it makes the change in an activity of its own.
func migrate(ctx workflow.Context, in struct {
	URL  string `json:"url"`
	Fail bool   `json:"fail"`
}) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: patience, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	})
	if err := workflow.ExecuteActivity(ctx, "Call", in.URL).Get(ctx, nil); err != nil {
		return err
	}
	if in.Fail {
		return temporal.NewNonRetryableApplicationError("step 3 went wrong", "Migration", nil)
	}
	return nil
}

// usersWorker serves the user's own workflow on a queue of its own; gate is called before the change is made.
func (r *rig) usersWorker(gate func()) {
	users := worker.New(r.temp, r.queue+"-users", worker.Options{})
	users.RegisterWorkflowWithOptions(migrate, workflow.RegisterOptions{Name: "MigrateDatabase"})
	users.RegisterActivityWithOptions(func(ctx context.Context, url string) error {
		gate()
		resp, err := http.Post(url, "application/json", nil)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	}, activity.RegisterOptions{Name: "Call"})
	require.NoError(r.t, users.Start())
	r.t.Cleanup(users.Stop)
}

// migrating is an input whose change is the user's own workflow.
func (r *rig) migrating(fail bool) map[string]any {
	return r.input(true, func(in map[string]any) {
		url := part(in, "update")["url"]
		in["update"] = map[string]any{"kind": "workflow", "type": "MigrateDatabase", "task_queue": r.queue + "-users",
			"timeout": "5m", "input": map[string]any{"url": url, "fail": fail}}
	})
}

func TestAChangeByTheUsersOwnWorkflowDecidesByItsEnd(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]bool{"completed": false, "failed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.usersWorker(func() {})
			r.start(r.id(), r.migrating(fail))
			report := r.end(r.id(), runBar)
			if fail {
				r.rolledBack(report)
				assert.Contains(t, report.Change.Detail, "step 3 went wrong")
				return
			}
			r.committed(report)
			assert.Contains(t, report.Change.WorkflowID, r.id()+"/change-")
		})
	}
}

func TestCrashWhileTheUsersOwnWorkflowMakesTheChange(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	begun, goOn := make(chan struct{}), make(chan struct{})
	r.usersWorker(func() { close(begun); <-goOn }) // a second change would close it twice, and panic
	r.start(r.id(), r.migrating(false))
	<-begun
	r.restart()
	close(goOn)
	r.committed(r.end(r.id(), runBar))
	state, _ := r.state()
	require.Equal(t, 1, state.Deploys)
}

func TestABackupIsMadeBesideTheSnapshot(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(r.id(), r.input(true, func(in map[string]any) {
		in["backup"] = map[string]any{"create": true, "wait": true, "required": true, "timeout": "1m"}
	}))
	report := r.end(r.id(), runBar)
	r.committed(report)
	require.NotNil(t, report.Backup)
	assert.Equal(t, "completed", report.Backup.Status)
	assert.Len(t, r.requests(vpsfake.OpCreateBackup), 1)
}

// chat is a chat tool's endpoint that keeps what it was told.
type chat struct {
	*httptest.Server
	mu  sync.Mutex
	got []contract.NotifyMessage
}

func newChat(t *testing.T, status int) *chat {
	c := &chat{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var m contract.NotifyMessage
		_ = json.NewDecoder(req.Body).Decode(&m)
		c.mu.Lock()
		c.got = append(c.got, m)
		c.mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *chat) events() []contract.NotifyEvent {
	c.mu.Lock()
	defer c.mu.Unlock()
	var events []contract.NotifyEvent
	for _, m := range c.got {
		events = append(events, m.Event)
	}
	return events
}

func TestAChatToolIsToldHowARunGoesAndNeverHoldsItUp(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"well": http.StatusOK, "down": http.StatusBadGateway} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			c := newChat(t, status)
			r.start(r.id(), r.input(false, func(in map[string]any) {
				in["notify"] = []any{map[string]any{"url": c.URL + "/hooks/1"}}
			}))
			r.rolledBack(r.end(r.id(), runBar))
			r.eventually(patience, "both messages have arrived", func() bool {
				events := c.events()
				return slices.Contains(events, contract.NotifyStarted) && slices.Contains(events, contract.NotifyRolledBack)
			})
		})
	}
}
