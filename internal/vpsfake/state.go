package vpsfake

import (
	"crypto/sha256"
	"sync"
	"time"
)

type snapshotStatus string

const (
	snapshotInProgress snapshotStatus = "in_progress"
	snapshotCompleted  snapshotStatus = "completed"
	snapshotFailed     snapshotStatus = "failed"
)

type serverStatus string

const (
	serverActive    serverStatus = "active"
	serverStopped   serverStatus = "stopped"
	serverSuspended serverStatus = "suspended"
	serverRestoring serverStatus = "restoring"
	serverStarting  serverStatus = "starting" // assumed: the reference names no word for the time in between
	serverStopping  serverStatus = "stopping" // assumed
)

// Fake is the stand-in. It is an http.Handler for the API (/api/v1/), the servers' sites (/sites/<id>/) and its own
// control (/fake/), and safe for concurrent use.
type Fake struct {
	opts     Options // Token is emptied: only its hash is kept
	tokenSum [sha256.Size]byte
	clock    clock
	closed   chan struct{}
	closing  sync.Once

	mu           sync.Mutex // guards everything below
	servers      map[int64]*server
	snapshots    map[int64]*snapshot
	backups      []*backup
	nextSnapshot int64
	faults       faultSet
	log          requestLog
	laws         lawBook
}

// New makes a Fake without servers. It panics when a fault in the options is not valid.
func New(o Options) *Fake {
	o = o.withDefaults()
	f := &Fake{
		tokenSum:     sha256.Sum256([]byte(o.Token)),
		clock:        newClock(o.Now, o.Speed),
		closed:       make(chan struct{}),
		servers:      map[int64]*server{},
		snapshots:    map[int64]*snapshot{},
		nextSnapshot: 801,
		laws:         newLawBook(o.Settle, o.Logger),
	}
	o.Token = ""
	f.opts = o
	for _, fault := range o.Faults {
		f.SetFault(fault)
	}
	return f
}

// Close lets every hanging and held request go. The state stays readable.
func (f *Fake) Close() { f.closing.Do(func() { close(f.closed) }) }

// content is what is on a server's disk, as far as anybody can see: its web site.
type content struct {
	version string
	healthy bool
}

// shownServer is what the API says of a server that can change.
type shownServer struct {
	status  serverStatus
	updated time.Time // API clock
}

// mask hides the truth about a server for a while (real time).
type mask struct {
	from, until time.Time
	shown       shownServer
}

type server struct {
	id             int64
	name, location string
	created        time.Time // API clock
	status         timeline[shownServer]
	site           timeline[content]
	masks          []mask
	// restoringUntil is when the running restore ends, in real time. It decides, not the status: a server may show
	// "stopped" while a restore has begun.
	restoringUntil time.Time
	restores       int
	foreign        int
	starts, stops  int
	deploys        int
	changes        int  // everything that altered the content but our own restores
	touched        bool // traffic has stopped or restored it, so its being down is somebody's doing
	lastRestore    struct {
		snapshotID int64
		changes    int
	}
}

func (s *server) trueAt(t time.Time) shownServer {
	v, _ := s.status.at(t)
	return v
}

// shownAt is the API's answer at t, which a mask may make untrue.
func (s *server) shownAt(t time.Time) shownServer {
	for i := len(s.masks) - 1; i >= 0; i-- {
		if m := s.masks[i]; !t.Before(m.from) && t.Before(m.until) {
			return m.shown
		}
	}
	return s.trueAt(t)
}

func (s *server) restoringAt(t time.Time) bool { return t.Before(s.restoringUntil) }

func (s *server) contentAt(t time.Time) content {
	v, _ := s.site.at(t)
	return v
}

type snapshot struct {
	id, serverID      int64
	name, description string
	born              time.Time // real; zero for a snapshot that was there before the fake
	gone              time.Time // real; zero while it exists
	created           time.Time // API clock
	status            timeline[snapshotStatus]
	content           content
	shownCompleted    bool // some list has shown it as completed
}

func (s *snapshot) liveAt(t time.Time) bool {
	return !t.Before(s.born) && (s.gone.IsZero() || t.Before(s.gone))
}

func (s *snapshot) statusAt(t time.Time) snapshotStatus {
	v, _ := s.status.at(t)
	return v
}

// sizeAt is null until the snapshot is completed. The number is made up but steady.
func (s *snapshot) sizeAt(t time.Time) *int64 {
	if s.statusAt(t) != snapshotCompleted {
		return nil
	}
	size := 5120 + s.id%7*256
	return &size
}

// newerThan orders snapshots of one server; the id decides inside one second.
func (s *snapshot) newerThan(o *snapshot) bool {
	if !s.created.Equal(o.created) {
		return s.created.After(o.created)
	}
	return s.id > o.id
}
