package vpsfake

import (
	"fmt"
	"io"
	"net/http"
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
		writeJSON(w, http.StatusOK, f.State())
	case "GET requests":
		writeJSON(w, http.StatusOK, f.Requests())
	case "GET violations":
		writeJSON(w, http.StatusOK, f.Violations())
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
		writeJSON(w, http.StatusNotFound, map[string]string{"detail": "The control has GET healthz, state, requests, violations, faults; POST faults, servers, snapshots, deploys; DELETE faults and faults/<id>, which lets go what the fault holds."})
	}
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
