package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// repo is the checkout, seen from this package.
const repo = "../.."

// block is one fenced block of the README.
type block struct{ language, text string }

var fence = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// readme returns the README's fenced blocks in order.
func readme(t *testing.T) []block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repo, "README.md"))
	require.NoError(t, err)
	var blocks []block
	for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, block{language: m[1], text: m[2]})
	}
	require.NotEmpty(t, blocks)
	return blocks
}

// reader is somebody who follows the README, with a server, a site and a deploy script of their own.
type reader struct {
	*rig
	dir string
	// also are further names of the reader's own, as pairs of what the README says and what it is here.
	also []string
}

func newReader(t *testing.T) *reader {
	t.Helper()
	r := &reader{rig: newRig(t), dir: t.TempDir()}
	r.copyExamples()
	deploy := fmt.Sprintf("#!/bin/bash\nexec curl -fsS -X POST '%shooks/deploy?version=2.0.0&healthy=true'\n", stack.SiteURL(r.server))
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "deploy.sh"), []byte(deploy), 0o755))
	return r
}

// copyExamples puts the examples where the README says they are.
func (r *reader) copyExamples() {
	r.t.Helper()
	require.NoError(r.t, os.MkdirAll(filepath.Join(r.dir, "starter/examples"), 0o755))
	files, err := filepath.Glob(filepath.Join(repo, "starter/examples/*.json"))
	require.NoError(r.t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(r.t, err)
		require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, "starter/examples", filepath.Base(file)), []byte(r.local(string(text))), 0o644))
	}
}

// local puts the reader's own names in the place of the README's examples, and makes checks and pauses short.
func (r *reader) local(text string) string {
	return strings.NewReplacer(append(slices.Clone(r.also),
		"--check https://web01.example.com/healthz", "--initial-delay 0s --interval 250ms --check "+stack.SiteURL(r.server)+"healthz",
		"--check-http https://web01.example.com/healthz", "--initial-delay 0s --interval 250ms --check-http "+stack.SiteURL(r.server)+"healthz",
		`"checks": [`, `"initial_delay": "0s", "interval": "250ms", "checks": [`,
		`"pause": "10m"`, `"pause": "1s"`,
		"https://{{.Hostname}}/", stack.FakeURL+"/sites/{{.ServerID}}/",
		"https://deploy.example.com/hooks/web?server={{.ServerID}}", stack.FakeURL+"/sites/{{.ServerID}}/hooks/deploy?version=2.0.0",
		"https://web01.example.com/", stack.SiteURL(r.server),
		"https://deploy.example.com/hooks/web", stack.SiteURL(r.server)+"hooks/deploy?version=2.0.0",
		"deploy-2.14.0", fmt.Sprintf("deploy-2.14.0-%d", r.server),
		"web01-2.14.0", fmt.Sprintf("web01-2.14.0-%d", r.server),
		"web-2.14.0", r.named("web-2.14.0"),
		"undo-web01", r.named("undo-web01"),
		"nightly-web", r.named("nightly-web"),
		`"id": "snapshot-audit"`, `"id": "`+r.named("snapshot-audit")+`"`,
		"web-*", r.named("web")+"-*",
		"--task-queue safepoint", "--task-queue "+r.queue,
		"12345", strconv.FormatInt(r.server, 10),
		"vps_...", "$VPS_API_TOKEN", // of the reader's own environment: the text below is an argument, which ps shows
		"127.0.0.1:7233", stack.TemporalAddress,
		"bin/safepoint-worker", "exec "+filepath.Join(binDir, "safepoint-worker"),
	)...).Replace(text)
}

// named is a name of the README made the reader's own.
func (r *reader) named(name string) string { return fmt.Sprintf("%s-%d", name, r.server) }

// shell is the block as a command in the reader's terminal.
func (r *reader) shell(ctx context.Context, text string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.CommandContext(ctx, "bash", "-u", "-c", r.local(text))
	cmd.Dir = r.dir
	path := binDir + ":" + filepath.Dir(temporalOnPath(r.t, r.dir)) + ":" + os.Getenv("PATH")
	cmd.Env = append(os.Environ(), stack.Env()...)
	cmd.Env = append(cmd.Env, "PATH="+path, "SAFEPOINT_TASK_QUEUE="+r.queue, "USER=reader")
	out := &bytes.Buffer{}
	said := io.MultiWriter(out, collected.file(r.t.Name()))
	cmd.Stdout, cmd.Stderr = said, said
	collected.argv(cmd.Args)
	return cmd, out
}

// temporalOnPath makes the CLI under test and, where the machine lacks it, uuidgen callable by name.
func temporalOnPath(t *testing.T, dir string) string {
	t.Helper()
	tools := filepath.Join(dir, "tools")
	require.NoError(t, os.MkdirAll(tools, 0o755))
	link := filepath.Join(tools, "temporal")
	if _, err := os.Lstat(link); err != nil {
		cli := temporalCLI()
		if cli == "" {
			cli, err = exec.LookPath("temporal")
			require.NoError(t, err)
		}
		require.NoError(t, os.Symlink(cli, link))
	}
	if _, err := exec.LookPath("uuidgen"); err != nil {
		require.NoError(t, os.WriteFile(filepath.Join(tools, "uuidgen"), []byte("#!/bin/bash\ncat /proc/sys/kernel/random/uuid\n"), 0o755))
	}
	return link
}

// follow runs the block to its end.
func (r *reader) follow(text string) (code int, out string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 2*patience)
	defer cancel()
	cmd, buffer := r.shell(ctx, text)
	err := cmd.Run()
	require.NoError(r.t, ctx.Err(), "not at its end in time:\n%s", buffer)
	if cmd.ProcessState == nil {
		require.NoError(r.t, err)
	}
	return cmd.ProcessState.ExitCode(), buffer.String()
}

// chapter says for a kind of block what following it must lead to.
type chapter struct {
	name, contains string
	read           func(r *reader, text string)
}

// changeChapters are about one change; runbookChapters, which are asked first, about everything else. A block that none of
// them knows fails the test.
var changeChapters = []chapter{
	{"run the worker", "bin/safepoint-worker\n", (*reader).runsTheWorker},
	{"a deploy job is guarded", "safepoint guard", func(r *reader, text string) {
		for range 2 { // the job is tried again
			code, out := r.follow(text)
			require.Zero(r.t, code, out)
		}
		server, _ := r.state()
		require.Equal(r.t, "2.0.0", server.Version)
		require.Len(r.t, r.requests(vpsfake.OpCreateSnapshot), 1, "one deploy id is one snapshot")
	}},
	{"somebody looks what is wrong", "safepoint doctor", func(r *reader, text string) {
		r.held(r.id())
		r.isFound(fmt.Sprintf("%s = %d AND %s = 'hold'", workflows.SearchAttributeServerID, r.server, workflows.SearchAttributePhase), r.id())
		out := r.followAll(text)
		require.Contains(r.t, out, "All ok.")
		require.Contains(r.t, out, r.id())
		require.Contains(r.t, out, "ours (update)")
	}},
	{"an input is written with help", "safepoint schema", func(r *reader, text string) {
		r.followAll(text)
		schema, err := os.ReadFile(filepath.Join(r.dir, "safepoint.schema.json"))
		require.NoError(r.t, err)
		require.Contains(r.t, string(schema), `"title": "SnapshotUpdateVerify"`)
		fleet, err := os.ReadFile(filepath.Join(r.dir, "fleet.json"))
		require.NoError(r.t, err)
		require.True(r.t, json.Valid(fleet), "%s", fleet)
	}},
	{"a deploy job makes the change", "safepoint begin", func(r *reader, text string) {
		code, out := r.follow(text)
		require.Zero(r.t, code, out)
		require.Equal(r.t, workflows.OutcomeCommitted, r.end(fmt.Sprintf("deploy-2.14.0-%d", r.server), patience).Outcome)
	}},
	{"a URL makes the change", "safepoint run", func(r *reader, text string) {
		code, out := r.follow(text)
		require.Zero(r.t, code, out)
		server, _ := r.state()
		require.Equal(r.t, "2.0.0", server.Version)
	}},
	{"an operator starts, watches and exports", "temporal workflow start", func(r *reader, text string) {
		code, out := r.follow(text)
		require.Zero(r.t, code, out)
		var report workflows.Report
		exported, err := os.ReadFile(filepath.Join(r.dir, "report.json"))
		require.NoError(r.t, err)
		require.NoError(r.t, json.Unmarshal(exported, &report), "%s", exported)
		require.Equal(r.t, workflows.OutcomeCommitted, report.Outcome)
	}},
	{"an operator decides", "safepoint rollback", func(r *reader, text string) {
		id := fmt.Sprintf("web01-2.14.0-%d", r.server)
		r.held(id)
		code, out := r.follow(text)
		require.Zero(r.t, code, out)
		r.rolledBack(r.end(id, patience))
	}},
}

// runsTheWorker starts the worker as the README says, waits until it works, and stops it as a service manager would.
func (r *reader) runsTheWorker(text string) {
	r.t.Helper()
	r.worker.Kill()
	listen := nobody(r.t)
	cmd, out := r.shell(r.t.Context(), "export SAFEPOINT_LISTEN="+listen+"\n"+text)
	require.NoError(r.t, cmd.Start())
	r.eventually(patience, "the worker to be ready", func() bool {
		resp, err := http.Get("http://" + listen + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	require.NoError(r.t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(r.t, cmd.Wait(), "%s", out)
}

func TestEveryCommandOfTheREADMEWorks(t *testing.T) {
	t.Parallel()
	for i, b := range readme(t) {
		if b.language != "sh" {
			continue
		}
		if strings.HasPrefix(b.text, "make ") {
			t.Run(fmt.Sprintf("%d make", i), func(t *testing.T) { everyTargetExists(t, b.text) })
			continue
		}
		known := false
		for _, c := range slices.Concat(runbookChapters, changeChapters) {
			if !strings.Contains(b.text, c.contains) {
				continue
			}
			known = true
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.read(newReader(t), b.text)
			})
			break
		}
		require.True(t, known, "no test follows this block of the README:\n%s", b.text)
	}
}

// everyTargetExists asks make itself. What the targets do is tested where it belongs: make test is this very run, make
// demo is TestTheDemoKeepsItsPromises, and containers need an engine that a test machine may lack.
func everyTargetExists(t *testing.T, text string) {
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		command, _, _ := strings.Cut(line, "#")
		words := strings.Fields(command)
		require.Equal(t, "make", words[0])
		out, err := exec.Command("make", append([]string{"-n", "-C", repo}, words[1:]...)...).CombinedOutput()
		require.NoError(t, err, "%s\n%s", line, out)
	}
}

// The examples are inputs that their runbooks take: the command line's tests see to that.
func TestTheREADMEsJSONIsTheExampleFiles(t *testing.T) {
	files := []string{"snapshot-update-verify.json", "options.json"} // in the README's order
	for _, b := range readme(t) {
		if b.language != "json" {
			continue
		}
		require.NotEmpty(t, files, "no example file for:\n%s", b.text)
		example, err := os.ReadFile(filepath.Join(repo, "starter/examples", files[0]))
		require.NoError(t, err)
		require.JSONEq(t, string(example), b.text)
		files = files[1:]
	}
	require.Empty(t, files, "the README does not show these")
}

// The demo checks itself: it ends with 1 when a run did not end as promised.
func TestTheDemoKeepsItsPromises(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), filepath.Join(binDir, "safepoint"), "demo")
	cmd.Env = append(os.Environ(), "SAFEPOINT_TEMPORAL_CLI="+temporalCLI())
	out, err := cmd.CombinedOutput()
	_, _ = collected.file("demo").Write(out) // for the search at the end
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "All four ended as promised")
}
