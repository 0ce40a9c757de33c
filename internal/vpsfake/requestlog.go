package vpsfake

import (
	"slices"
	"time"
)

// maxLogged bounds the request log of a fake that runs for weeks; the oldest half goes.
const maxLogged = 50_000

// Request is one line of the request log: calls of the API and of deploy hooks, not visits of the sites.
type Request struct {
	// Seq counts from 1 in order of arrival.
	Seq int `json:"seq"`
	// Time is when the request had arrived whole, real time.
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	// Path includes the query.
	Path       string `json:"path"`
	Op         Op     `json:"op"`
	ServerID   int64  `json:"server_id,omitempty"`
	SnapshotID int64  `json:"snapshot_id,omitempty"`
	// Name is the snapshot's name, for a create.
	Name string `json:"name,omitempty"`
	// Status is what was answered; 0 when there was no answer, or none yet.
	Status int         `json:"status"`
	Faults []FaultKind `json:"faults,omitempty"`
	// Effect says whether the request changed anything.
	Effect bool `json:"effect"`
}

// record is a Request with what the laws need to know.
type record struct {
	Request
	answered bool
	// intent tells backups apart, see backupIntent.
	intent string
	// hidesManual is true for a list of automatic backups only: it shows none that a client made.
	hidesManual bool
	// asOf is the real time whose state a list showed: earlier than the request when the list lagged.
	asOf time.Time
	// rows are what a list is about to show; emptied when it is answered.
	rows []any
}

// requestLog is guarded by Fake.mu.
type requestLog struct {
	records []*record
	seq     int
}

func (l *requestLog) add(r Request) *record {
	l.seq++
	r.Seq = l.seq
	e := &record{Request: r, asOf: r.Time}
	if len(l.records) >= maxLogged {
		l.records = slices.Clone(l.records[maxLogged/2:])
	}
	l.records = append(l.records, e)
	return e
}

// Requests is the request log in order of arrival.
func (f *Fake) Requests() []Request { return f.requestsOf(filter{}) }

// requestsOf are the requests that a filter covers, in order of arrival.
func (f *Fake) requestsOf(q filter) []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	wanted := []Request{}
	for _, e := range f.log.records {
		if !q.covers(e.ServerID) || (q.op != "" && q.op != e.Op) {
			continue
		}
		r := e.Request
		r.Faults = slices.Clone(r.Faults)
		wanted = append(wanted, r)
	}
	return wanted
}
