package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

// innerTargets are the ways to the worker's own network that whoever may start workflows could try.
var innerTargets = map[string]string{
	"loopback":              "http://127.0.0.1:9464/healthz",
	"the whole of loopback": "http://127.8.8.8/",
	"localhost":             "http://localhost:7233/",
	"localhost with a dot":  "http://LOCALHOST./",
	"IPv6 loopback":         "http://[::1]:9464/",
	"mapped loopback":       "http://[::ffff:127.0.0.1]/",
	"decimal":               "http://2130706433/",
	"octal":                 "http://0177.0.0.1/",
	"hexadecimal":           "http://0x7f000001/",
	"unspecified":           "http://0.0.0.0:9464/",
	"private":               "http://10.0.0.5/",
	"a home network":        "http://192.168.1.1/",
	"carrier-grade NAT":     "http://100.64.0.1/",
	"unique local":          "http://[fd00::1]/",
	"metadata":              "http://169.254.169.254/latest/meta-data/",
	"metadata by IPv6":      "http://[fd00:ec2::254]/",
	"metadata by name":      "http://metadata.google.internal/",
	"link-local":            "http://[fe80::1]/",
	"NAT64 to metadata":     "http://[64:ff9b::a9fe:a9fe]/",
	"6to4 to loopback":      "http://[2002:7f00:1::]/",
}

// refusedRun starts a run and wants it refused by the worker's policy, with nothing written and nobody reached.
func (r *rig) refusedRun(id, path string, in map[string]any) {
	r.t.Helper()
	r.start(id, in)
	report := r.end(id, runBar)
	assert.Contains(r.t, []string{contract.FailPreflight, contract.FailInvalidInput}, report.Failure, "%+v", report)
	assert.Contains(r.t, report.Summary, path)
	assert.Empty(r.t, r.requests(vpsfake.OpCreateSnapshot), "nothing was written")
	assert.Zero(r.t, r.lockStatusRunning(), "the server is free again")
}

func (r *rig) lockStatusRunning() int {
	if r.lockStatus().String() == "Running" {
		return 1
	}
	return 0
}

func TestAStartThatAimsAtTheWorkersOwnNetworkIsRefused(t *testing.T) {
	t.Parallel()
	r := rigWith(t, map[string]string{"SAFEPOINT_ALLOW_URLS": "*,203.0.113.7"}) // any public address, and one for tests
	n := 0
	for name, target := range innerTargets {
		for path, edit := range map[string]func(in map[string]any){
			"update.url":           func(in map[string]any) { part(in, "update")["url"] = target },
			"verify.checks[0].url": func(in map[string]any) { part(in, "verify")["checks"].([]any)[0].(map[string]any)["url"] = target },
			"notify[0].url":        func(in map[string]any) { in["notify"] = []any{map[string]any{"url": target}} },
		} {
			n++
			id := fmt.Sprintf("%s-%d", r.id(), n)
			t.Run(name+" by "+path, func(t *testing.T) {
				r := *r
				r.t = t
				in := r.input(true, nil)
				part(in, "update")["url"] = "https://203.0.113.7/hook"
				part(in, "verify")["checks"] = []any{map[string]any{"kind": "http", "url": "https://203.0.113.7/"}}
				edit(in)
				r.refusedRun(id, path, in)
			})
		}
	}
}

func TestAStartThatAimsAtFilesAddressesOrSSHIsRefused(t *testing.T) {
	t.Parallel()
	r := rigWith(t, map[string]string{"SAFEPOINT_ALLOW_URLS": "203.0.113.0/24"})
	check := func(check map[string]any) func(map[string]any) {
		return func(in map[string]any) { part(in, "verify")["checks"] = []any{check} }
	}
	update := func(update map[string]any) func(map[string]any) {
		return func(in map[string]any) { in["update"] = update }
	}
	n := 0
	for name, c := range map[string]struct {
		path string
		edit func(map[string]any)
	}{
		"a file as a check":          {"verify.checks[0].url", check(map[string]any{"kind": "http", "url": "file:///etc/passwd"})},
		"a file as a webhook":        {"update.url", update(map[string]any{"kind": "webhook", "url": "file:///proc/self/environ"})},
		"another scheme":             {"verify.checks[0].url", check(map[string]any{"kind": "http", "url": "gopher://203.0.113.7:11211/_stats"})},
		"a tcp check of loopback":    {"verify.checks[0].address", check(map[string]any{"kind": "tcp", "address": "127.0.0.1:7233"})},
		"a tcp check of metadata":    {"verify.checks[0].address", check(map[string]any{"kind": "tcp", "address": "169.254.169.254:80"})},
		"a host that is not listed":  {"verify.checks[0].url", check(map[string]any{"kind": "http", "url": "https://198.51.100.7/"})},
		"an ssh check":               {"verify.checks[0].address", check(map[string]any{"kind": "ssh", "address": "203.0.113.7:22", "command": "cat /etc/shadow"})},
		"an ssh change":              {"update.address", update(map[string]any{"kind": "ssh", "address": "127.0.0.1:22", "command": "cat ~/.ssh/id_ed25519"})},
		"a runbook as a workflow":    {"update.type", update(map[string]any{"kind": "workflow", "type": "ServerLock", "task_queue": "safepoint"})},
		"user info in a URL":         {"update.url", update(map[string]any{"kind": "webhook", "url": "https://203.0.113.7@169.254.169.254/"})},
		"a template where none goes": {"update.url", update(map[string]any{"kind": "webhook", "url": "https://{{.Hostname}}/"})},
	} {
		n++
		id := fmt.Sprintf("%s-%d", r.id(), n)
		t.Run(name, func(t *testing.T) {
			r := *r
			r.t = t
			in := r.input(true, nil)
			part(in, "update")["url"] = "https://203.0.113.7/hook"
			part(in, "verify")["checks"] = []any{map[string]any{"kind": "http", "url": "https://203.0.113.7/"}}
			c.edit(in)
			r.refusedRun(id, c.path, in)
		})
	}
}

func TestARedirectIsNeverFollowedIntoTheWorkersNetwork(t *testing.T) {
	t.Parallel()
	inner := newChat(t, http.StatusOK) // stands for something on the worker's network
	outer := httptest.NewServer(http.RedirectHandler(inner.URL, http.StatusTemporaryRedirect))
	t.Cleanup(outer.Close)
	outerPort := outer.URL[strings.LastIndex(outer.URL, ":")+1:]
	r := rigWith(t, map[string]string{"SAFEPOINT_ALLOW_URLS": "127.0.0.1:" + outerPort + "," + strings.TrimPrefix(stack.FakeURL, "http://")})
	r.start(r.id(), r.input(true, func(in map[string]any) {
		part(in, "update")["url"] = outer.URL
		part(in, "rollback")["hold_timeout"] = "1s"
		in["notify"] = []any{map[string]any{"url": outer.URL}}
	}))
	report := r.end(r.id(), runBar)
	assert.Equal(t, contract.FailChangeUnknown, report.Failure, "a redirect is no answer about the change: %+v", report)
	assert.Never(t, func() bool { return len(inner.events()) > 0 }, 2*time.Second, 100*time.Millisecond)
}

func TestAServerOutsideTheWorkersListIsNotTouched(t *testing.T) {
	t.Parallel()
	r := rigWith(t, map[string]string{"SAFEPOINT_ALLOW_SERVERS": "1-3"})
	r.start(r.id(), r.input(true, nil))
	report := r.end(r.id(), runBar)
	require.Equal(t, contract.FailPreflight, report.Failure, "%+v", report)
	assert.Contains(t, report.Summary, "SAFEPOINT_ALLOW_SERVERS")
	assert.Empty(t, r.requests(vpsfake.OpCreateSnapshot))
}
