package activities

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// maxAuditText is how many bytes of a name an audit shows. Safepoint's own names have 64; six lists of 100 rows with
// hostile texts stay under 1 MB.
const maxAuditText = 64

// audit is one AuditSnapshots under way. It does no I/O.
type audit struct {
	in        contract.AuditInput
	snapshots []contract.Snapshot
	// account and of are the servers and the snapshots of the whole account, by server id; chosen are those meant.
	account map[int64]contract.Server
	of      map[int64][]contract.Snapshot
	chosen  []contract.Server
	result  contract.AuditResult
}

func newAudit(in contract.AuditInput, servers []contract.Server, snapshots []contract.Snapshot) *audit {
	u := &audit{in: in, snapshots: pick(snapshots, func(contract.Snapshot) bool { return true }),
		account: map[int64]contract.Server{}, of: map[int64][]contract.Snapshot{}}
	for _, s := range servers {
		u.account[s.ID] = s
	}
	for _, s := range u.snapshots {
		u.of[s.ServerID] = append(u.of[s.ServerID], s)
	}
	return u
}

// judge fills every list that the two listings decide.
func (u *audit) judge(missing []int64) {
	u.result.Servers, u.result.Counts.Missing = len(u.chosen), len(missing)
	u.result.Missing = missing[:min(len(missing), contract.MaxAuditRows)]
	u.stale()
	meant := make(map[int64]bool, len(u.chosen))
	for _, server := range u.chosen {
		meant[server.ID] = true
		if n := len(u.of[server.ID]); n >= retention.QuotaPerServer {
			add(&u.result.Full, &u.result.Counts.Full,
				u.row(server, fmt.Sprintf("%d of %d snapshots: no room for one more", n, retention.QuotaPerServer)))
		}
	}
	for _, s := range u.snapshots {
		u.snapshot(s, meant[s.ServerID])
	}
}

// stale lists the servers without a completed snapshot that is young enough: first those without any, then the oldest.
func (u *audit) stale() {
	var rows []contract.AuditRow
	for _, server := range u.chosen {
		if why := u.whyStale(server.ID); why != "" {
			rows = append(rows, u.row(server, why))
		}
	}
	slices.SortStableFunc(rows, func(a, b contract.AuditRow) int { return a.Newest.Compare(b.Newest) })
	for _, row := range rows {
		add(&u.result.Stale, &u.result.Counts.Stale, row)
	}
}

func (u *audit) whyStale(serverID int64) string {
	newest, found, future := u.newest(serverID)
	maxAge := u.in.MaxAge.Std()
	switch {
	case !found && u.in.Policy != "":
		return fmt.Sprintf("has no completed snapshot of the policy %q", fit(u.in.Policy, maxAuditText))
	case !found:
		return "has no completed snapshot"
	case maxAge <= 0:
		return ""
	case future == 1 && newest.IsZero():
		return "its only snapshot is dated in the future"
	case future > 1 && newest.IsZero():
		return fmt.Sprintf("its only %d snapshots are dated in the future", future)
	case newest.IsZero():
		return "the API does not say when its completed snapshots were taken"
	case u.age(newest) > maxAge:
		return fmt.Sprintf("its newest completed snapshot is %s old, more than %s", rounded(u.age(newest)), u.in.MaxAge)
	default:
		return ""
	}
}

// newest is when the newest completed snapshot that counts was taken (zero when none of them says it), whether there is
// one at all, and how many are dated in the future: a date that is wrong proves no age, and would be young for ever.
func (u *audit) newest(serverID int64) (at time.Time, found bool, future int) {
	for _, s := range u.of[serverID] {
		marker := contract.ParseMarker(s.Description)
		if !s.Completed() || u.in.Policy != "" && (!marker.Managed || marker.Policy != u.in.Policy) {
			continue
		}
		found = true
		switch {
		case retention.Future(s, u.result.Now):
			future++
		case s.CreatedAt.After(at):
			at = s.CreatedAt
		}
	}
	return at, found, future
}

// snapshot lists one snapshot wherever it belongs; meant says whether its server is chosen.
func (u *audit) snapshot(s contract.Snapshot, meant bool) {
	marker := contract.ParseMarker(s.Description)
	if why := u.whyOrphan(s, marker.Managed, meant); why != "" {
		add(&u.result.Orphans, &u.result.Counts.Orphans, u.line(s, marker, why))
	}
	dated := ""
	if retention.Future(s, u.result.Now) {
		dated = "; dated in the future"
	}
	if meant && marker.Protected {
		add(&u.result.Protected, &u.result.Counts.Protected, u.line(s, marker, "protected (protect=true)"+dated))
	}
	if meant && !marker.Managed {
		add(&u.result.Foreign, &u.result.Counts.Foreign, u.line(s, marker, "made by hand or by another program"+dated))
	}
}

func (u *audit) whyOrphan(s contract.Snapshot, ours, meant bool) string {
	if !ours {
		return ""
	}
	if _, there := u.account[s.ServerID]; !there {
		return "its server is not in the account any more"
	}
	if meant && retention.Future(s, u.result.Now) && !s.Failed() {
		return "it is dated in the future: no policy removes it until then"
	}
	if !meant || s.Completed() || u.in.StuckAfter <= 0 {
		return ""
	}
	age := u.age(s.CreatedAt)
	switch {
	case s.CreatedAt.IsZero() && s.Failed():
		return "it failed, and the API does not say when it was begun"
	case s.CreatedAt.IsZero() || age <= u.in.StuckAfter.Std():
		return ""
	case s.Failed():
		return fmt.Sprintf("it failed; it was begun %s ago", rounded(age))
	default:
		return fmt.Sprintf("it is not finished %s after its begin", rounded(age))
	}
}

// stopped are the chosen servers that are stopped.
func (u *audit) stopped() []contract.Server {
	var stopped []contract.Server
	for _, s := range u.chosen {
		if strings.EqualFold(string(s.Status), string(contract.ServerStopped)) {
			stopped = append(stopped, s)
		}
	}
	return stopped
}

// age is how old something of the API's clock is: never negative, and zero when its time is not known.
func (u *audit) age(at time.Time) time.Duration {
	if at.IsZero() {
		return 0
	}
	return max(u.result.Now.Sub(at), 0)
}

func (u *audit) row(server contract.Server, why string) contract.AuditRow {
	newest, _, _ := u.newest(server.ID)
	return contract.AuditRow{
		ServerID: server.ID, ServerName: fit(server.Name, maxAuditText), Newest: newest,
		Age: rounded(u.age(newest)), Snapshots: len(u.of[server.ID]), Detail: why,
	}
}

func (u *audit) line(s contract.Snapshot, marker contract.Marker, why string) contract.AuditSnapshot {
	policy := marker.Policy
	if !marker.Managed {
		policy = ""
	}
	return contract.AuditSnapshot{
		ID: s.ID, ServerID: s.ServerID, ServerName: fit(u.account[s.ServerID].Name, maxAuditText),
		Name: fit(s.Name, maxAuditText), Status: contract.SnapshotStatus(fit(string(s.Status), maxAuditText)),
		CreatedAt: s.CreatedAt, Age: rounded(u.age(s.CreatedAt)), Policy: fit(policy, maxAuditText), Detail: why,
	}
}

// rounded drops what nobody wants to read of an age.
func rounded(d time.Duration) contract.Duration { return contract.Duration(d.Truncate(time.Second)) }

// add keeps the first MaxAuditRows of a list and counts all.
func add[T any](list *[]T, count *int, row T) {
	if *count++; len(*list) < contract.MaxAuditRows {
		*list = append(*list, row)
	}
}
