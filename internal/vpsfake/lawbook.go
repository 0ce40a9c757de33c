package vpsfake

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// maxViolations bounds the list of a fake that is left alone with a broken client.
const maxViolations = 1000

// Violation is a law of the design that the traffic broke.
type Violation struct {
	// Law is the law's number.
	Law int `json:"law"`
	// Request is the Seq of the request that broke it.
	Request int `json:"request"`
	// ServerID is the server that the request was about; 0 for one about none.
	ServerID int64     `json:"server_id,omitempty"`
	Time     time.Time `json:"time"`
	Detail   string    `json:"detail"`
}

// String is one line for a test's failure message.
func (v Violation) String() string {
	return fmt.Sprintf("law %d, request %d: %s", v.Law, v.Request, v.Detail)
}

// lawBook remembers what the rules need of the traffic so far. It is guarded by Fake.mu.
type lawBook struct {
	settle     time.Duration
	logger     *slog.Logger
	violations []Violation
	// inFlight are the unanswered writes of each server.
	inFlight map[int64][]int
	// creates and restores are the ambiguous answers that left the client in doubt.
	creates  map[createKey]doubt
	backups  map[createKey]doubt // by backupIntent
	restores map[int64]doubt
	// lists are the newest answered snapshot lists by their filter (0: whole account); serverLooks the same for servers.
	lists       map[int64]look
	backupLists map[int64]look
	serverLooks map[int64]look
}

type createKey struct {
	serverID int64
	name     string
}

// doubt is when a client was left with an ambiguous answer, and the newest request that had arrived by then.
type doubt struct {
	at  time.Time
	seq int
}

// look is a request that was shown a state: when it asked, and of when the state was.
type look struct {
	seq         int
	asked, asOf time.Time
}

// after tells the order by arrival: two times can be the same.
func (l look) after(d doubt) bool { return l.seq > d.seq }

func newLawBook(settle time.Duration, logger *slog.Logger) lawBook {
	return lawBook{
		settle: settle, logger: logger, inFlight: map[int64][]int{}, creates: map[createKey]doubt{},
		backups: map[createKey]doubt{}, restores: map[int64]doubt{},
		lists: map[int64]look{}, backupLists: map[int64]look{}, serverLooks: map[int64]look{},
	}
}

// settled is the least wait that counts as Settle. A quarter is slack: a server notices later than the client itself
// that the client gave up.
func (b *lawBook) settled() time.Duration { return b.settle - b.settle/4 }

// lastList is the newest list that covered the server.
func (b *lawBook) lastList(serverID int64) look { return later(b.lists[serverID], b.lists[0]) }

func (b *lawBook) lastBackupList(serverID int64) look {
	return later(b.backupLists[serverID], b.backupLists[0])
}

func (b *lawBook) lastServerLook(serverID int64) look {
	return later(b.serverLooks[serverID], b.serverLooks[0])
}

func later(a, b look) look {
	if a.seq > b.seq {
		return a
	}
	return b
}

// answered learns from the end of a request; arrived is the newest request by then. Ambiguous means that the client can't
// know whether the request took effect.
func (b *lawBook) answered(now time.Time, e *record, arrived int, ambiguous bool) {
	b.inFlight[e.ServerID] = slices.DeleteFunc(b.inFlight[e.ServerID], func(seq int) bool { return seq == e.Seq })
	if len(b.inFlight[e.ServerID]) == 0 {
		delete(b.inFlight, e.ServerID) // ids come from outside: the map must not grow with them
	}
	whole := !ambiguous && e.Status == 200
	switch e.Op {
	case OpListSnapshots:
		if whole {
			b.lists[e.ServerID] = look{e.Seq, e.Time, e.asOf}
		}
	case OpListBackups:
		if whole && !e.hidesManual {
			b.backupLists[e.ServerID] = look{e.Seq, e.Time, e.asOf}
		}
	case OpListServers, OpGetServer:
		if whole {
			b.serverLooks[e.ServerID] = look{e.Seq, e.Time, e.asOf}
		}
	case OpCreateSnapshot:
		key := createKey{e.ServerID, e.Name}
		if ambiguous {
			b.creates[key] = doubt{now, arrived}
		} else if e.Status == 201 {
			delete(b.creates, key)
		}
	case OpCreateBackup:
		key := createKey{e.ServerID, e.intent}
		if ambiguous {
			b.backups[key] = doubt{now, arrived}
		} else if e.Status == 201 {
			delete(b.backups, key)
		}
	case OpRestoreSnapshot:
		if ambiguous {
			b.restores[e.ServerID] = doubt{now, arrived}
		} else if e.Status == 200 {
			delete(b.restores, e.ServerID)
		}
	default: // the others leave nobody in doubt about what was made or restored
	}
}

func (f *Fake) violate(now time.Time, e *record, law int, detail string) {
	v := Violation{Law: law, Request: e.Seq, ServerID: e.ServerID, Time: now, Detail: detail}
	if len(f.laws.violations) < maxViolations {
		f.laws.violations = append(f.laws.violations, v)
	}
	f.laws.logger.Warn("law broken", "law", law, "request", e.Seq, "detail", detail)
}

// Violations are the laws that the traffic broke so far, in order of time. See also LeftDown and Duplicates, which
// look at the state when the traffic is over.
func (f *Fake) Violations() []Violation {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Violation{}, f.laws.violations...)
}

// Words of Safepoint's description marker, read here on purpose without the code that writes them.
const (
	wordManaged   = "managed-by=safepoint"
	wordProtected = "protect=true"
	wordRun       = "run="
)

func (s *snapshot) says(word string) bool { return saysIn(s.description, word) }

func (s *snapshot) run() string { return runIn(s.description) }

func saysIn(description, word string) bool {
	return slices.Contains(strings.Fields(description), word)
}

func runIn(description string) string {
	run := ""
	for word := range strings.FieldsSeq(description) {
		if id, ok := strings.CutPrefix(word, wordRun); ok {
			run = id
		}
	}
	return run
}

// sameIntent says whether two snapshots were made by one run for one purpose. A failed one is no safe point, so another
// beside it is no duplicate.
func sameIntent(a, b *snapshot, now time.Time) bool {
	usable := func(s *snapshot) bool {
		status := s.statusAt(now)
		return s.liveAt(now) && status != snapshotFailed && status != "error"
	}
	return a.id != b.id && a.serverID == b.serverID && a.name == b.name && a.run() == b.run() && usable(a) && usable(b)
}
