package vpsfake

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// State is everything at once, as GET /fake/state answers it.
type State struct {
	// Now is the API's clock.
	Now        time.Time       `json:"now"`
	Servers    []ServerState   `json:"servers"`
	Snapshots  []SnapshotState `json:"snapshots"`
	Backups    []BackupState   `json:"backups"`
	LeftDown   []int64         `json:"left_down"`
	Duplicates []SnapshotState `json:"duplicates"`
	// DuplicateBackups: see Fake.DuplicateBackups.
	DuplicateBackups []BackupState `json:"duplicate_backups"`
	Violations       []Violation   `json:"violations"`
}

// State is everything at once.
func (f *Fake) State() State {
	return State{
		Now: f.stampLocked(), Servers: f.Servers(), Snapshots: f.Snapshots(0), Backups: f.Backups(0),
		LeftDown: f.LeftDown(), Duplicates: f.Duplicates(), DuplicateBackups: f.DuplicateBackups(), Violations: f.Violations(),
	}
}

// deployment is the body of POST /fake/deploys.
type deployment struct {
	ServerID int64  `json:"server_id"`
	Version  string `json:"version"`
	Healthy  bool   `json:"healthy"`
}

// serveControl answers what a test or a demonstration asks of the fake itself. It has no password: the process listens
// on loopback unless told otherwise.
func (f *Fake) serveControl(w http.ResponseWriter, r *http.Request) {
	if refuseBrowser(w, r) {
		return
	}
	what := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/fake/"), "/")
	what, id, _ := strings.Cut(what, "/")
	switch r.Method + " " + what {
	case "GET healthz":
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	case "GET state":
		answerFiltered(w, r, f.stateOf, byServer)
	case "GET requests":
		answerFiltered(w, r, f.requestsOf, byServer, byOp)
	case "GET violations":
		answerFiltered(w, r, f.violationsOf, byServer)
	case "GET faults":
		writeJSON(w, http.StatusOK, f.Faults())
	case "POST faults":
		f.controlSetFault(w, r)
	case "DELETE faults":
		if id == "" {
			f.ClearFaults()
		} else {
			f.RemoveFault(id)
		}
		w.WriteHeader(http.StatusNoContent)
	case "POST servers":
		f.controlAddServer(w, r)
	case "POST snapshots":
		f.controlAddSnapshot(w, r)
	case "POST deploys":
		f.controlDeploy(w, r)
	default: // no such endpoint, or not this method
		writeJSON(w, http.StatusNotFound, map[string]string{"detail": "The control has GET healthz, state[?server_id=], requests[?server_id=&op=], violations[?server_id=], faults; POST faults, servers, snapshots, deploys; DELETE faults and faults/<id>, which lets go what the fault holds."})
	}
}

// The parameters by which a question to the control is narrowed.
const (
	byServer = "server_id"
	byOp     = "op"
)

// loggedOps are what the request log knows: every operation but the visits of the sites, and no group.
var loggedOps = slices.Concat(readOps, writeOps, []Op{OpDeployHook, opRedirect, opUnknown})

// filter narrows an answer to one server, or to one operation; the zero value narrows nothing.
type filter struct {
	serverID int64
	op       Op
}

// covers says whether something about a server is wanted.
func (q filter) covers(serverID int64) bool { return q.serverID == 0 || q.serverID == serverID }

// readFilter reads a query strictly: a test that asks for something else than it means would look at nothing and pass.
func readFilter(query string, known ...string) (filter, error) {
	var q filter
	values, err := url.ParseQuery(query)
	if err != nil {
		return q, fmt.Errorf("the query: %w", err)
	}
	for name, given := range values {
		switch {
		case !slices.Contains(known, name):
			return q, fmt.Errorf("%q: there is no such parameter here; there is %s", name, strings.Join(known, " and "))
		case len(given) > 1:
			return q, fmt.Errorf("%s: it is given %d times; give it once", name, len(given))
		case name == byServer:
			if q.serverID, err = strconv.ParseInt(given[0], 10, 64); err != nil || q.serverID <= 0 {
				return q, fmt.Errorf("%s: %q is not a server's id; give a positive number", name, given[0])
			}
		default: // byOp
			if q.op = Op(given[0]); !slices.Contains(loggedOps, q.op) {
				return q, fmt.Errorf("%s: the log knows no operation %q; it knows %q", name, q.op, loggedOps)
			}
		}
	}
	return q, nil
}

// answerFiltered answers what there is under the query's filter, or says what is wrong with the query.
func answerFiltered[T any](w http.ResponseWriter, r *http.Request, of func(filter) T, known ...string) {
	q, err := readFilter(r.URL.RawQuery, known...)
	if err != nil {
		refuseControl(w, err)
		return
	}
	writeJSON(w, http.StatusOK, of(q))
}

// stateOf is State of what the filter covers; a server that does not exist has nothing.
func (f *Fake) stateOf(q filter) State {
	if q.serverID == 0 {
		return f.State()
	}
	s := State{
		Now: f.stampLocked(), Servers: []ServerState{}, Snapshots: f.Snapshots(q.serverID), Backups: f.Backups(q.serverID),
		LeftDown: f.LeftDown(), Duplicates: f.Duplicates(), DuplicateBackups: f.DuplicateBackups(), Violations: f.violationsOf(q),
	}
	if server := f.Server(q.serverID); server.ID != 0 {
		s.Servers = append(s.Servers, server)
	}
	s.LeftDown = slices.DeleteFunc(s.LeftDown, func(id int64) bool { return !q.covers(id) })
	s.Duplicates = slices.DeleteFunc(s.Duplicates, func(d SnapshotState) bool { return !q.covers(d.ServerID) })
	s.DuplicateBackups = slices.DeleteFunc(s.DuplicateBackups, func(d BackupState) bool { return !q.covers(d.ServerID) })
	return s
}

// violationsOf are the violations by requests about the filter's server.
func (f *Fake) violationsOf(q filter) []Violation {
	return slices.DeleteFunc(f.Violations(), func(v Violation) bool { return !q.covers(v.ServerID) })
}

// refuseBrowser turns away pages that a developer happens to have open: they reach loopback too.
func refuseBrowser(w http.ResponseWriter, r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	if r.Header.Get("Origin") == "" && (site == "" || site == "none" || site == "same-origin") {
		return false
	}
	writeJSON(w, http.StatusForbidden, map[string]string{"detail": "Requests from web pages are refused: use curl or a program."})
	return true
}

// readControl reads a body strictly and answers 400 itself when it can't.
func readControl(w http.ResponseWriter, r *http.Request, into any) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		err = decodeStrict(body, into)
	}
	if err != nil {
		refuseControl(w, fmt.Errorf("the body: %w", err))
	}
	return err == nil
}

func refuseControl(w http.ResponseWriter, err error) {
	writeJSON(w, http.StatusBadRequest, map[string]string{"detail": err.Error()})
}

func (f *Fake) controlSetFault(w http.ResponseWriter, r *http.Request) {
	var fault Fault
	if !readControl(w, r, &fault) {
		return
	}
	if err := fault.Validate(); err != nil {
		refuseControl(w, err)
		return
	}
	if fault.Kind == ForeignRestore && fault.Op == "" && f.Server(fault.ServerID).ID == 0 {
		refuseControl(w, fmt.Errorf("server_id: there is no server %d", fault.ServerID))
		return
	}
	writeJSON(w, http.StatusCreated, map[string]string{"id": f.SetFault(fault)})
}

func (f *Fake) controlAddServer(w http.ResponseWriter, r *http.Request) {
	var spec ServerSpec
	if !readControl(w, r, &spec) {
		return
	}
	if spec.ID <= 0 {
		refuseControl(w, fmt.Errorf("id: a server's id is a positive number"))
		return
	}
	f.AddServer(spec)
	writeJSON(w, http.StatusCreated, f.Server(spec.ID))
}

func (f *Fake) controlAddSnapshot(w http.ResponseWriter, r *http.Request) {
	var spec SnapshotSpec
	if !readControl(w, r, &spec) {
		return
	}
	if f.Server(spec.ServerID).ID == 0 {
		refuseControl(w, fmt.Errorf("server_id: there is no server %d", spec.ServerID))
		return
	}
	writeJSON(w, http.StatusCreated, map[string]int64{"id": f.AddSnapshot(spec)})
}

func (f *Fake) controlDeploy(w http.ResponseWriter, r *http.Request) {
	var d deployment
	if !readControl(w, r, &d) {
		return
	}
	if f.Server(d.ServerID).ID == 0 {
		refuseControl(w, fmt.Errorf("server_id: there is no server %d", d.ServerID))
		return
	}
	f.Deploy(d.ServerID, d.Version, d.Healthy)
	writeJSON(w, http.StatusOK, f.Server(d.ServerID))
}
