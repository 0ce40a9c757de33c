package vpsfake

import (
	"fmt"
	"net/http"
	"time"
)

type serverRow struct {
	ID        int64        `json:"id"`
	Name      string       `json:"name"`
	Hostname  string       `json:"hostname"`
	Status    serverStatus `json:"status"`
	IPAddress string       `json:"ip_address"`
	Location  string       `json:"location"`
	CreatedAt time.Time    `json:"created_at"`
	UpdatedAt time.Time    `json:"updated_at"`
}

func (s *server) row(t time.Time) serverRow {
	shown := s.shownAt(t)
	return serverRow{
		ID: s.id, Name: s.name, Hostname: s.name + ".example.com", Status: shown.status,
		IPAddress: fmt.Sprintf("192.0.2.%d", s.id%254+1), // a block kept for documentation
		Location:  s.location, CreatedAt: s.created, UpdatedAt: shown.updated,
	}
}

func (f *Fake) callListServers(r *http.Request) call {
	query := r.URL.Query()
	status, location := query.Get("status"), query.Get("location")
	return call{op: OpListServers, effect: func(now time.Time, e *record) answer {
		t := f.listedAt(now, e)
		rows := []any{}
		for _, s := range f.sortedServers() {
			row := s.row(t)
			if (status == "" || status == string(row.Status)) && (location == "" || location == row.Location) {
				rows = append(rows, row)
			}
		}
		return f.list(r, e, rows)
	}}
}

func (f *Fake) callGetServer(id int64) call {
	return call{op: OpGetServer, serverID: id, effect: func(now time.Time, _ *record) answer {
		srv, ok := f.servers[id]
		if !ok {
			return refuse(http.StatusNotFound, "Server not found.")
		}
		return answer{status: http.StatusOK, body: srv.row(now)}
	}}
}

// callPower is start or stop. Which states allow it is assumed: start from stopped, stop from active.
func (f *Fake) callPower(op Op, id int64) call {
	from, during, to, done := serverStopped, serverStarting, serverActive, "started"
	if op == OpStopServer {
		from, during, to, done = serverActive, serverStopping, serverStopped, "stopped"
	}
	return call{op: op, serverID: id, effect: func(now time.Time, e *record) answer {
		srv, ok := f.servers[id]
		if !ok {
			return refuse(http.StatusNotFound, "Server not found.")
		}
		if srv.restoringAt(now) || srv.trueAt(now).status != from {
			return answer{status: http.StatusBadRequest, body: map[string]string{"error": fmt.Sprintf("The server cannot be %s in its present state.", done)}}
		}
		plan := []planned{{now, during}}
		if _, ok := f.faults.takeKind(e, NeverFinishes); !ok {
			plan = append(plan, planned{now.Add(f.clock.real(f.opts.PowerTime)), to})
		}
		f.replanServer(srv, now, plan...)
		if op == OpStopServer {
			srv.stops++
			srv.touched = true
		} else {
			srv.starts++
		}
		return answer{status: http.StatusOK, took: true, body: map[string]any{
			"status": "success", "message": fmt.Sprintf("The server is being %s.", done),
			"server": serverRef{srv.id, srv.name, during},
		}}
	}}
}
