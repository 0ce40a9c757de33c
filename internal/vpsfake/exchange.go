package vpsfake

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// call is one request after its path and body were read.
type call struct {
	op                   Op
	serverID, snapshotID int64
	name                 string // of the snapshot to create
	intent               string // of the backup to create, see backupIntent
	// delay is how long the effect takes to come, in real time; only deploy hooks have one.
	delay time.Duration
	// effect does what is asked and says what to answer. It runs with Fake.mu held.
	effect func(now time.Time, e *record) answer
}

// answer is what to send. took says whether anything changed.
type answer struct {
	status int
	body   any
	took   bool
}

// refuse is an error answer in the shape {"detail": ...}; the reference does not give the shape.
func refuse(status int, detail string) answer {
	return answer{status: status, body: map[string]string{"detail": detail}}
}

// exchange logs a call, lets it happen or go wrong, and answers it.
func (f *Fake) exchange(w http.ResponseWriter, r *http.Request, c call) {
	e, fault := f.arrive(r, c)
	switch fault.Kind {
	case LostBefore:
		f.finish(e, 0, true)
		cutAnswer(w)
	case LostAfter:
		f.apply(r, e, c)
		f.finish(e, 0, true)
		cutAnswer(w)
	case Error500First:
		f.send(w, r, e, refuse(http.StatusInternalServerError, "Internal server error."))
	case Error500After:
		f.apply(r, e, c)
		f.send(w, r, e, refuse(http.StatusInternalServerError, "Internal server error."))
	case Hang:
		f.hang(r, e, c, fault)
		cutAnswer(w)
	case TooMany:
		if fault.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(fault.RetryAfter))
		}
		f.send(w, r, e, refuse(http.StatusTooManyRequests, "Request was throttled."))
	case HTML502:
		if fault.Effect == EffectBefore {
			f.apply(r, e, c)
		}
		f.finish(e, http.StatusBadGateway, true)
		writeBytes(w, http.StatusBadGateway, "text/html", []byte("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"))
	case MalformedJSON:
		a := f.apply(r, e, c)
		f.finish(e, a.status, true)
		writeBytes(w, a.status, "application/json", []byte(`{"count": 1, "results": [{"id": 80`))
	case Unauthorized:
		f.send(w, r, e, refuse(http.StatusUnauthorized, "Invalid token."))
	case Held:
		f.sendHeld(w, r, e, c, fault)
	default: // no fault; the kinds that are not of the request itself never get here
		f.send(w, r, e, f.apply(r, e, c))
	}
}

// arrive writes the request down, checks the laws that a request can break by being sent, and picks its fault.
func (f *Fake) arrive(r *http.Request, c call) (*record, Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.now()
	e := f.logRequest(now, r, c)
	f.checkArrival(now, e)
	fault, _ := f.faults.takeForRequest(e)
	return e, fault
}

func (f *Fake) logRequest(now time.Time, r *http.Request, c call) *record {
	if snap, ok := f.snapshots[c.snapshotID]; ok && c.serverID == 0 {
		c.serverID = snap.serverID
	}
	e := f.log.add(Request{
		Time: now, Method: r.Method, Path: r.URL.RequestURI(), Op: c.op,
		ServerID: c.serverID, SnapshotID: c.snapshotID, Name: c.name,
	})
	e.intent = c.intent
	return e
}

// apply waits out the call's delay and makes it happen, whether or not the client is still there.
func (f *Fake) apply(r *http.Request, e *record, c call) answer {
	f.pause(r, e, c.delay)
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.now()
	if foreign, ok := f.faults.takeKind(e, ForeignRestore); ok {
		f.foreignBefore(now, e, foreign)
	}
	a := c.effect(now, e)
	if a.took {
		e.Effect = true
		f.checkEffect(now, e)
	}
	return a
}

// pause waits for d.
func (f *Fake) pause(r *http.Request, e *record, d time.Duration) {
	if d > 0 {
		f.await(r, e, d, nil)
	}
}

// sendHeld answers a call that waits at its fault's gate, before its effect or right after it.
func (f *Fake) sendHeld(w http.ResponseWriter, r *http.Request, e *record, c call, fault Fault) {
	switch fault.Effect {
	case EffectBefore:
		a := f.apply(r, e, c)
		f.hold(r, e, fault)
		f.send(w, r, e, a)
	case EffectNone:
		f.hold(r, e, fault)
		f.finish(e, 0, true)
		cutAnswer(w)
	default: // EffectAfter, or not said
		f.hold(r, e, fault)
		f.send(w, r, e, f.apply(r, e, c))
	}
}

// hold waits until the fault is removed, or for its duration.
func (f *Fake) hold(r *http.Request, e *record, fault Fault) {
	f.mu.Lock()
	gate, shut := f.faults.gates[fault.ID]
	f.mu.Unlock()
	if shut { // otherwise it was removed between the request's arrival and here
		f.await(r, e, fault.Duration, gate)
	}
}

// await waits until d is over (0: for ever), the gate is open (nil: never) or the fake is closed. A client that leaves
// meanwhile has no answer, but what it asked for goes on.
func (f *Fake) await(r *http.Request, e *record, d time.Duration, gate <-chan struct{}) {
	var over <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		over = timer.C
	}
	left := r.Context().Done()
	for {
		select {
		case <-over:
			return
		case <-gate:
			return
		case <-f.closed:
			return
		case <-left:
			f.finish(e, 0, true)
			left = nil
		}
	}
}

// hang says nothing until the client has given up, the fault's duration is over, or the fake is closed.
func (f *Fake) hang(r *http.Request, e *record, c call, fault Fault) {
	if fault.Effect == EffectBefore {
		f.apply(r, e, c)
	}
	var over <-chan time.Time
	if fault.Duration > 0 {
		timer := time.NewTimer(fault.Duration)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-r.Context().Done():
	case <-over:
	case <-f.closed:
	}
	f.finish(e, 0, true)
	if fault.Effect == EffectAfter {
		f.apply(r, e, c)
	}
}

// finish writes the answer down. It must come before the first byte goes out: a quick client's next request would
// otherwise seem to overlap this one. The first finish counts.
func (f *Fake) finish(e *record, status int, ambiguous bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e.answered {
		return
	}
	e.answered, e.Status = true, status
	f.laws.answered(f.clock.now(), e, f.log.seq, ambiguous)
	if !ambiguous && status == http.StatusOK {
		f.markShown(e.rows)
	}
	e.rows = nil
}

// markShown remembers which snapshots a client has seen completed (law 3).
func (f *Fake) markShown(rows []any) {
	for _, r := range rows {
		row, ok := r.(snapshotRow)
		if snap := f.snapshots[row.ID]; ok && snap != nil && row.Status == snapshotCompleted {
			snap.shownCompleted = true
		}
	}
}

func (f *Fake) send(w http.ResponseWriter, r *http.Request, e *record, a answer) {
	f.finish(e, a.status, a.status >= 500 || r.Context().Err() != nil)
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	writeJSON(w, a.status, a.body)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil { // the bodies are all our own types
		panic(err)
	}
	writeBytes(w, status, "application/json", append(b, '\n'))
}

func writeBytes(w http.ResponseWriter, status int, contentType string, b []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client may have left; it is its own loss
}

// cut closes the connection without a word, as a machine that went down does.
func cut() { panic(http.ErrAbortHandler) }

// cutAnswer closes the connection inside the first line of the answer. A close without any byte would make Go's client
// repeat a GET by itself on a reused connection, and a test would not see its fault.
func cutAnswer(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		cut()
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		cut()
	}
	_, _ = conn.Write([]byte("HTTP/1.1 "))
	_ = conn.Close()
}
