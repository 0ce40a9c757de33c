package vpsfake

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxHookDelay bounds how long a deploy hook may be asked to take.
const maxHookDelay = 10 * time.Minute

// serveSites answers /sites/<id>/, /sites/<id>/healthz and /sites/<id>/hooks/deploy.
func (f *Fake) serveSites(w http.ResponseWriter, r *http.Request) {
	number, page, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/sites/"), "/")
	id, err := strconv.ParseInt(number, 10, 64)
	f.mu.Lock()
	_, known := f.servers[id]
	f.mu.Unlock()
	if err != nil || !known {
		http.Error(w, "There is no such server.", http.StatusNotFound)
		return
	}
	get := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case page == "hooks/deploy" && r.Method == http.MethodPost:
		f.serveHook(w, r, id)
	case (page == "" || page == "healthz") && get:
		f.serveSite(w, r, id, page)
	case page == "hooks/deploy" || page == "" || page == "healthz":
		http.Error(w, "The site is read with GET, the deploy hook is called with POST.", http.StatusMethodNotAllowed)
	default:
		http.Error(w, "There is no such page.", http.StatusNotFound)
	}
}

// serveSite is the server's own web site: only an active server answers, any other cuts the connection.
func (f *Fake) serveSite(w http.ResponseWriter, r *http.Request, id int64, page string) {
	f.mu.Lock()
	visit := &record{Request: Request{Op: OpSite, ServerID: id}} // not logged: probes come every few seconds
	fault, _ := f.faults.takeForRequest(visit)
	up, site, name := f.siteNow(id)
	f.mu.Unlock()
	switch fault.Kind {
	case Held:
		f.hold(r, visit, fault)
		if fault.Effect == EffectNone {
			cut()
		}
		if fault.Effect != EffectBefore {
			f.mu.Lock()
			up, site, name = f.siteNow(id)
			f.mu.Unlock()
		}
	case LostBefore, LostAfter, MalformedJSON:
		cut()
	case Hang:
		f.hang(r, visit, call{}, Fault{Kind: Hang, Duration: fault.Duration})
		cut()
	case Error500First, Error500After:
		http.Error(w, "Internal server error.", http.StatusInternalServerError)
		return
	case TooMany:
		http.Error(w, "Too many requests.", http.StatusTooManyRequests)
		return
	case HTML502:
		http.Error(w, "Bad gateway.", http.StatusBadGateway)
		return
	case Unauthorized:
		http.Error(w, "Unauthorized.", http.StatusUnauthorized)
		return
	default: // none
	}
	if !up {
		cut()
	}
	if page == "" {
		writeBytes(w, http.StatusOK, "text/html; charset=utf-8", fmt.Appendf(nil,
			"<!doctype html><title>%[1]s</title><h1>%[1]s</h1><p>version %[2]s</p>\n", html.EscapeString(name), html.EscapeString(site.version)))
		return
	}
	status := http.StatusOK
	if !site.healthy {
		status = http.StatusInternalServerError
	}
	writeBytes(w, status, "text/plain; charset=utf-8", []byte(site.version+"\n"))
}

// siteNow is what the server's site shows, if it is up. Fake.mu is held.
func (f *Fake) siteNow(id int64) (up bool, site content, name string) {
	now, srv := f.clock.now(), f.servers[id]
	return srv.trueAt(now).status == serverActive, srv.contentAt(now), srv.name
}

// serveHook is the deploy system's webhook, which needs no token of the API. The query says what the deploy does:
// version and healthy (default true) are what is on the server afterwards, whatever status (default 200) the hook then
// answers; without both nothing changes. delay is how long the deploy takes, in real time.
func (f *Fake) serveHook(w http.ResponseWriter, r *http.Request, id int64) {
	if refuseBrowser(w, r) {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "The body could not be read.", http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	f.servers[id].deploys++
	f.mu.Unlock()
	asked, err := readHook(r, body)
	if err != nil {
		f.exchange(w, r, call{op: OpDeployHook, serverID: id, effect: func(time.Time, *record) answer {
			return refuse(http.StatusBadRequest, err.Error())
		}})
		return
	}
	f.exchange(w, r, call{op: OpDeployHook, serverID: id, delay: asked.delay, effect: func(now time.Time, _ *record) answer {
		srv := f.servers[id]
		if srv.trueAt(now).status != serverActive {
			return refuse(http.StatusBadGateway, "The server is down: nothing was deployed.")
		}
		site := srv.contentAt(now)
		if asked.version != "" {
			site.version = asked.version
		}
		if asked.healthy != nil {
			site.healthy = *asked.healthy
		} else if asked.version != "" {
			site.healthy = true
		}
		changes := asked.version != "" || asked.healthy != nil
		if changes {
			srv.change(now, site)
		}
		return answer{status: asked.status, body: map[string]any{"version": site.version, "deployed": changes}, took: changes}
	}})
}

type hookQuery struct {
	version string
	healthy *bool
	status  int
	delay   time.Duration
}

func readHook(r *http.Request, body []byte) (hookQuery, error) {
	q := r.URL.Query()
	asked := hookQuery{version: q.Get("version"), status: http.StatusOK}
	if len(body) > 0 && !json.Valid(body) {
		return asked, fmt.Errorf("the body is not JSON")
	}
	if text := q.Get("healthy"); text != "" {
		healthy, err := strconv.ParseBool(text)
		if err != nil {
			return asked, fmt.Errorf("healthy is true or false, not %q", text)
		}
		asked.healthy = &healthy
	}
	if text := q.Get("status"); text != "" {
		status, err := strconv.Atoi(text)
		if err != nil || status < 200 || status > 599 {
			return asked, fmt.Errorf("status is an HTTP status from 200 to 599, not %q", text)
		}
		asked.status = status
	}
	if text := q.Get("delay"); text != "" {
		delay, err := time.ParseDuration(text)
		if err != nil || delay < 0 || delay > maxHookDelay {
			return asked, fmt.Errorf("delay is a duration up to %s such as \"1s\", not %q", maxHookDelay, text)
		}
		asked.delay = delay
	}
	return asked, nil
}
