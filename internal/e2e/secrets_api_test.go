package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// telling are answers of an API, or of a proxy before it, that repeat the token to whoever asked.
var telling = map[string]func(w http.ResponseWriter, authorization string){
	"400 that repeats the header": tell(http.StatusBadRequest, "application/json", func(a string) string { return quoteJSON("detail", "you sent Authorization: "+a) }),
	"401 that repeats the header": tell(http.StatusUnauthorized, "application/json", func(a string) string { return quoteJSON("error", "no such token: "+a) }),
	"403 as text":                 tell(http.StatusForbidden, "text/plain", func(a string) string { return "forbidden for " + a }),
	"500 with the request": tell(http.StatusInternalServerError, "application/json", func(a string) string {
		return `{"message": "failed", "request": {"headers": [` + quoteJSON("Authorization", a) + `]}}`
	}),
	"502 of a proxy": tell(http.StatusBadGateway, "text/html", func(a string) string {
		return "<html><body><h1>502</h1><pre>authorization: " + html.EscapeString(a) + "</pre><a href='?t=" + url.QueryEscape(a) + "'>retry</a></body></html>"
	}),
	"a wrong type in JSON":     tell(http.StatusOK, "application/json", func(a string) string { return `{"count": ` + strconv.Quote(a) + `, "id": ` + strconv.Quote(a) + `}` }),
	"JSON that is none":        tell(http.StatusOK, "application/json", func(a string) string { return a }),
	"a broken first line":      raw(func(a string) string { return "HTTP/1.1 " + a + "\r\n\r\n" }),
	"no HTTP at all":           raw(func(a string) string { return a + "\r\n" }),
	"a broken header":          raw(func(a string) string { return "HTTP/1.1 200 OK\r\n" + a + "\r\n\r\n" }),
	"a length that is none":    raw(func(a string) string { return "HTTP/1.1 200 OK\r\nContent-Length: " + a + "\r\n\r\n" }),
	"an encoding that is none": raw(func(a string) string { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + a + "\r\n\r\n" }),
	"429 until the token": func(w http.ResponseWriter, a string) {
		w.Header().Set("Retry-After", a)
		http.Error(w, "slow down, "+a, http.StatusTooManyRequests)
	},
}

func tell(status int, contentType string, body func(authorization string) string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, authorization string) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body(authorization)) // the client may have left
	}
}

// raw answers with bytes that need not be HTTP.
func raw(text func(authorization string) string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, authorization string) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(conn, text(authorization)) // the client may have left
		_ = conn.Close()
	}
}

func quoteJSON(name, text string) string {
	b, err := json.Marshal(map[string]string{name: text})
	if err != nil {
		panic(err) // texts always can be
	}
	return string(b)
}

// teller is an API that tells, each time that a run first makes a request of one kind.
type teller struct {
	*rig
	fake  *vpsfake.Fake
	proxy http.Handler
	token string

	mu    sync.Mutex
	plans map[int64]*tellingPlan // by server
}

type tellingPlan struct {
	op     vpsfake.Op
	answer func(http.ResponseWriter, string)
	told   int
}

func newTeller(t *testing.T) *teller {
	t.Helper()
	r := rigWithoutWorker(t)
	// As a token may look that was made to slip through an escape.
	v := &teller{rig: r, token: secrets.newToken("the teller's token") + `+/="<&>'%`, plans: map[int64]*tellingPlan{}}
	secrets.token("the teller's whole token", v.token)
	v.fake = vpsfake.New(vpsfake.Options{Token: v.token, Speed: 5 * fakeSpeed, Settle: lawSettle})
	t.Cleanup(v.fake.Close)
	inner := httptest.NewServer(v.fake)
	t.Cleanup(inner.Close)
	target, err := url.Parse(inner.URL)
	require.NoError(t, err)
	v.api, v.proxy = inner.URL, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, ErrorLog: log.New(io.Discard, "", 0),
	}
	return v
}

// ServeHTTP tells, or is the stand-in.
func (v *teller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if answer := v.answerTo(r, body); answer != nil {
		answer(w, r.Header.Get("Authorization"))
		return
	}
	v.proxy.ServeHTTP(w, r)
}

// answerTo is nil for a request that the stand-in answers.
func (v *teller) answerTo(r *http.Request, body []byte) func(http.ResponseWriter, string) {
	words := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/api/v1/"), "/"), "/")
	var op vpsfake.Op
	var server int64
	switch {
	case r.Method == http.MethodGet && len(words) == 2 && words[0] == "servers":
		op = vpsfake.OpGetServer
		server, _ = strconv.ParseInt(words[1], 10, 64) // zero has no plan
	case r.Method == http.MethodPost && len(words) == 1 && words[0] == "snapshots":
		op = vpsfake.OpCreateSnapshot
		var create struct {
			ServerID int64 `json:"server_id"`
		}
		_ = json.Unmarshal(body, &create) // zero has no plan
		server = create.ServerID
	case r.Method == http.MethodPost && len(words) == 3 && words[2] == "restore":
		op = vpsfake.OpRestoreSnapshot
		for _, s := range v.fake.Snapshots(0) {
			if strconv.FormatInt(s.ID, 10) == words[1] {
				server = s.ServerID
			}
		}
	default: // no plan is for another one
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	plan := v.plans[server]
	if plan == nil || plan.op != op || plan.told >= 2 {
		return nil
	}
	plan.told++
	return plan.answer
}

// run starts a bad update of a new server on which the API tells.
func (v *teller) run(op vpsfake.Op, answer func(http.ResponseWriter, string)) (id string, server int64) {
	v.t.Helper()
	server = v.neighbours(1)[0]
	v.mu.Lock()
	v.plans[server] = &tellingPlan{op: op, answer: answer}
	v.mu.Unlock()
	id = fmt.Sprintf("%s-%d", v.id(), server)
	site := fmt.Sprintf("%s/sites/%d/", v.api, server)
	v.start(id, map[string]any{
		"server_id": server, "update": map[string]any{"kind": "webhook", "url": site + "hooks/deploy?version=2.0.0&healthy=false", "timeout": "1m"},
		"verify": map[string]any{"initial_delay": "0s", "interval": "200ms", "timeout": "3m", "successes": 2, "failures": 2,
			"checks": []any{map[string]any{"kind": "http", "url": site + "healthz", "timeout": "1m"}}},
		"rollback": map[string]any{"restore_timeout": "20s", "hold_timeout": "2s"},
	})
	return id, server
}

func (v *teller) told(server int64) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.plans[server].told
}

// The token is in what the API itself says, so every error of the client could carry it: into the history, the worker's log
// at its loudest, the command line.
func TestAnAPIThatRepeatsTheTokenIsNeverQuotedWithIt(t *testing.T) {
	t.Parallel()
	crowded(t)
	v := newTeller(t)
	api := httptest.NewServer(v)
	t.Cleanup(api.Close)
	worker := v.readyWorker("VPS_API_URL="+api.URL+"/api/v1", "VPS_API_TOKEN="+v.token, "SAFEPOINT_LOG_LEVEL=debug")
	ids := map[string]int64{}
	for _, answer := range telling {
		for _, op := range []vpsfake.Op{vpsfake.OpGetServer, vpsfake.OpCreateSnapshot, vpsfake.OpRestoreSnapshot} {
			id, server := v.run(op, answer)
			ids[id] = server
		}
	}
	s := newSearch()
	for id, server := range ids {
		report := v.end(id, runBar+patience)
		assert.NotEmpty(t, report.Summary)
		assert.Positive(t, v.told(server), "the API told nothing about %s: %+v", id, report)
		require.NoError(t, s.history(v.temp, id, ""))
		for _, command := range []string{"status", "report"} {
			p := launch(t, programPath("safepoint"), append(stack.Env(), "VPS_API_TOKEN="+v.token), command, id)
			p.exit(patience)
			assert.NotEmpty(t, p.output.String())
			s.look(inLog, command+" "+id, []byte(p.output.String()))
		}
	}
	s.look(inLog, "the worker", []byte(worker.output.String()))
	t.Log(s)
	assert.Empty(t, s.hits)
}

// A redirect to somewhere else must not take the token there, nor the address into an error, which may hold it too.
func TestARedirectOfTheAPITakesTheTokenNowhere(t *testing.T) {
	t.Parallel()
	v := newTeller(t)
	var mu sync.Mutex
	var visits []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		visits = append(visits, r.Method+" "+r.URL.String()+" "+r.Header.Get("Authorization"))
	}))
	t.Cleanup(elsewhere.Close)
	api := httptest.NewServer(v)
	t.Cleanup(api.Close)
	worker := v.readyWorker("VPS_API_URL="+api.URL+"/api/v1", "VPS_API_TOKEN="+v.token, "SAFEPOINT_LOG_LEVEL=debug")
	ids := map[string]int64{}
	for _, status := range []int{http.StatusMovedPermanently, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		for _, op := range []vpsfake.Op{vpsfake.OpGetServer, vpsfake.OpCreateSnapshot, vpsfake.OpRestoreSnapshot} {
			id, server := v.run(op, func(w http.ResponseWriter, authorization string) {
				w.Header().Set("Location", elsewhere.URL+"/?t="+url.QueryEscape(authorization))
				w.WriteHeader(status)
			})
			ids[id] = server
		}
	}
	s := newSearch()
	for id, server := range ids {
		report := v.end(id, runBar+patience)
		assert.NotEqual(t, workflows.OutcomeCommitted, report.Outcome)
		assert.Positive(t, v.told(server), "%s was not redirected", id)
		require.NoError(t, s.history(v.temp, id, ""))
	}
	s.look(inLog, "the worker", []byte(worker.output.String()))
	assert.Empty(t, s.hits)
	mu.Lock()
	defer mu.Unlock()
	assert.Empty(t, visits, "the redirect was followed")
}
