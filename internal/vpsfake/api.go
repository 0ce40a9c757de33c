package vpsfake

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	apiRoot = "/api/v1"
	// maxBody bounds what is read of a request; the API's own bodies are far smaller.
	maxBody = 64 << 10
)

// ServeHTTP answers the API, the sites and the control endpoints.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch {
	case strings.HasPrefix(path, apiRoot+"/"):
		f.serveAPI(w, r)
	case strings.HasPrefix(path, "/sites/"):
		f.serveSites(w, r)
	case strings.HasPrefix(path, "/fake/"):
		f.serveControl(w, r)
	default:
		writeJSON(w, http.StatusNotFound, map[string]string{"detail": "Not found: the API is under /api/v1/, the sites under /sites/, the control under /fake/."})
	}
}

func (f *Fake) serveAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", f.stampLocked().Format(http.TimeFormat))
	if !strings.HasSuffix(r.URL.Path, "/") {
		f.redirectToSlash(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil { // the request never arrived whole, so nothing was asked
		writeJSON(w, http.StatusBadRequest, map[string]string{"detail": "The body could not be read."})
		return
	}
	c := f.route(r, body)
	if !f.authorized(r) {
		f.mu.Lock()
		e := f.logRequest(f.clock.now(), r, c)
		f.mu.Unlock()
		f.send(w, r, e, refuse(http.StatusUnauthorized, "Invalid or missing token."))
		return
	}
	f.exchange(w, r, c)
}

// redirectToSlash is what happens to a path without its last slash: a client that follows it sends GET and loses the
// body of its POST.
func (f *Fake) redirectToSlash(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	e := f.logRequest(f.clock.now(), r, call{op: opRedirect})
	f.mu.Unlock()
	f.finish(e, http.StatusMovedPermanently, false)
	target := *r.URL
	target.Path += "/"
	target.RawPath = ""
	w.Header().Set("Location", target.RequestURI())
	w.WriteHeader(http.StatusMovedPermanently)
}

func (f *Fake) authorized(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(token))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(sum[:], f.tokenSum[:]) == 1
}

func (f *Fake) stampLocked() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stampNow()
}

// route finds out what a request asks for. What it does not know is a call too: it is logged and answered 404.
func (f *Fake) route(r *http.Request, body []byte) call {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, apiRoot), "/"), "/")
	pattern := r.Method
	var id int64
	for _, part := range parts {
		if n, err := strconv.ParseInt(part, 10, 64); err == nil && n > 0 {
			id, part = n, "{id}"
		}
		pattern += "/" + part
	}
	switch pattern {
	case "GET/account/me":
		return f.callMe()
	case "GET/snapshots":
		return f.callListSnapshots(r)
	case "POST/snapshots":
		return f.callCreateSnapshot(body)
	case "POST/snapshots/{id}/restore":
		return f.callRestore(id)
	case "DELETE/snapshots/{id}":
		return f.callDelete(id)
	case "GET/servers":
		return f.callListServers(r)
	case "GET/servers/{id}":
		return f.callGetServer(id)
	case "POST/servers/{id}/start":
		return f.callPower(OpStartServer, id)
	case "POST/servers/{id}/stop":
		return f.callPower(OpStopServer, id)
	case "GET/backups":
		return f.callListBackups(r)
	case "POST/backups":
		return f.callCreateBackup(body)
	default: // not in the reference
		return always(opUnknown, refuse(http.StatusNotFound, "Not found."))
	}
}

// always is a call that has one answer whatever the state.
func always(op Op, a answer) call {
	return call{op: op, effect: func(time.Time, *record) answer { return a }}
}

// fieldError is a validation answer in the shape {"field": ["..."]}.
func fieldError(field, problem string) answer {
	return answer{status: http.StatusBadRequest, body: map[string][]string{field: {problem}}}
}

// decodeStrict reads one JSON value and refuses unknown fields and anything after it.
func decodeStrict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one JSON value")
	}
	return nil
}
