package activities

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

const (
	// maxInventoryBytes is how long the rows may be as JSON; see maxSelectBytes.
	maxInventoryBytes = 512 << 10
	// maxInventoryWhy is how many bytes of a reason are shown: retention's own quote names of up to 80 characters.
	maxInventoryWhy = 300
	// maxJudged is how many snapshots of one server are judged. The API allows 5; a list of far more is not that of one
	// server, and judging it would take this worker's time.
	maxJudged = 100
)

// inventory is one SnapshotInventory under way. It does no I/O.
type inventory struct {
	in      contract.InventoryInput
	of      map[int64][]contract.Snapshot
	account map[int64]contract.Server
	chosen  []contract.Server
	missing []int64
	result  contract.InventoryResult
	bytes   int
}

func newInventory(in contract.InventoryInput, servers []contract.Server, snapshots []contract.Snapshot) *inventory {
	v := &inventory{in: in, of: map[int64][]contract.Snapshot{}, account: map[int64]contract.Server{}}
	v.result.Rows, v.result.Policies = []contract.InventoryRow{}, []string{}
	for _, s := range snapshots {
		v.of[s.ServerID] = append(v.of[s.ServerID], s)
	}
	for _, s := range servers {
		v.account[s.ID] = s
	}
	for _, rules := range in.Policies {
		p := policyOf(rules, "")
		v.result.Policies = append(v.result.Policies, fit(fmt.Sprintf("%s: %s", p.Name, p.Describe()), maxInventoryWhy))
	}
	return v
}

// fill makes the rows and the counts.
func (v *inventory) fill() {
	v.result.Servers, v.result.Counts.Missing = len(v.chosen), len(v.missing)
	v.result.Missing = v.missing[:min(len(v.missing), contract.MaxAuditRows)]
	ids := make([]int64, 0, len(v.chosen))
	for _, server := range v.chosen {
		ids = append(ids, server.ID)
		if len(v.of[server.ID]) < retention.QuotaPerServer {
			continue
		}
		if v.result.Counts.Full++; len(v.result.Full) < contract.MaxInventoryServers {
			v.result.Full = append(v.result.Full, server.ID)
		}
	}
	if v.in.Selector.All { // snapshots outlive their server, and nobody could choose that one
		for id := range maps.Keys(v.of) {
			if _, there := v.account[id]; !there {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		v.server(id)
	}
}

// server adds the snapshots of one server, the newest first.
func (v *inventory) server(id int64) {
	all := slices.Clone(v.of[id])
	slices.SortFunc(all, func(a, b contract.Snapshot) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	decided := v.judge(all)
	for _, s := range all {
		marker := contract.ParseMarker(s.Description)
		row := v.row(s, marker)
		row.Retention, row.Why = v.verdict(s, marker, decided)
		if _, there := v.account[id]; !there {
			row.Why = "its server is not in the account any more; " + row.Why
		}
		row.Why = fit(row.Why, maxInventoryWhy)
		v.add(row)
	}
}

// add counts a row, and keeps it while there is room.
func (v *inventory) add(row contract.InventoryRow) {
	c := &v.result.Counts
	c.Snapshots++
	switch row.Kind {
	case contract.KindOurs:
		c.Ours++
	case contract.KindSafety:
		c.Safety++
	case contract.KindProtected:
		c.Protected++
	default: // kindOf knows no fifth
		c.Foreign++
	}
	switch row.Retention {
	case contract.RetentionKeep:
		c.Keep++
	case contract.RetentionRemove:
		c.Remove++
	default: // its rules are not known
		c.Unknown++
	}
	text, err := json.Marshal(row)
	full := err != nil || len(v.result.Rows) == contract.MaxInventoryRows || v.bytes+len(text) > maxInventoryBytes
	if full || v.result.Left > 0 { // what is left out is the end of the list, never something in its middle
		v.result.Left++
		return
	}
	v.bytes += len(text)
	v.result.Rows = append(v.result.Rows, row)
}

func (v *inventory) row(s contract.Snapshot, marker contract.Marker) contract.InventoryRow {
	row := contract.InventoryRow{
		ServerID: s.ServerID, ServerName: fit(v.account[s.ServerID].Name, maxAuditText), ID: s.ID, Name: fit(s.Name, maxAuditText),
		Kind: kindOf(marker), Status: contract.SnapshotStatus(fit(string(s.Status), maxAuditText)), CreatedAt: s.CreatedAt, SizeMB: s.SizeMB,
	}
	if !s.CreatedAt.IsZero() {
		row.Age = rounded(max(v.result.Now.Sub(s.CreatedAt), 0))
	}
	if marker.Managed {
		row.Policy, row.RunID = fit(marker.Policy, maxAuditText), fit(marker.RunID, maxAuditText)
	}
	return row
}

func kindOf(marker contract.Marker) contract.SnapshotKind {
	switch {
	case !marker.Managed:
		return contract.KindForeign
	case marker.Protected:
		return contract.KindProtected
	case marker.Purpose == contract.PurposeSafety || marker.Policy == contract.PolicySafety:
		return contract.KindSafety
	default: // managed, and a policy may remove it
		return contract.KindOurs
	}
}

// group are the snapshots that one run would count: of one policy, and with names that start alike.
type group struct{ policy, prefix string }

// judge applies the known policies to the whole list of one server. The keys are snapshot ids.
func (v *inventory) judge(all []contract.Snapshot) map[int64]retention.Decision {
	decided := map[int64]retention.Decision{}
	if len(all) > maxJudged {
		return decided
	}
	done := map[group]bool{}
	for _, s := range all {
		marker := contract.ParseMarker(s.Description)
		g := group{marker.Policy, prefixOf(s)}
		at := slices.IndexFunc(v.in.Policies, func(r contract.RetentionRules) bool { return r.Name == g.policy })
		if !marker.Managed || at < 0 || done[g] {
			continue
		}
		done[g] = true
		plan, err := retention.Apply(all, policyOf(v.in.Policies[at], g.prefix), retention.Options{Now: v.result.Now})
		if err != nil {
			continue // such as an id that stands twice in the list: nothing is decided about it
		}
		for _, d := range plan.Decisions {
			if m := contract.ParseMarker(d.Snapshot.Description); m.Managed && (group{m.Policy, prefixOf(d.Snapshot)}) == g {
				decided[d.Snapshot.ID] = d
			}
		}
	}
	return decided
}

func (v *inventory) verdict(s contract.Snapshot, marker contract.Marker, decided map[int64]retention.Decision) (contract.RetentionVerdict, string) {
	d, known := decided[s.ID]
	dated := ""
	if retention.Future(s, v.result.Now) {
		dated = "; dated in the future"
	}
	switch {
	case !marker.Managed:
		return contract.RetentionKeep, "not made by Safepoint, which never removes it" + dated
	case marker.Protected:
		return contract.RetentionKeep, "protected (protect=true)" + dated
	case len(v.of[s.ServerID]) > maxJudged:
		return contract.RetentionUnknown, fmt.Sprintf("not judged: the API lists %d snapshots of this server and allows %d", len(v.of[s.ServerID]), retention.QuotaPerServer)
	case known && d.Keep:
		return contract.RetentionKeep, d.Reason + dated
	case known:
		return contract.RetentionRemove, d.Reason + dated
	case slices.ContainsFunc(v.in.Policies, func(r contract.RetentionRules) bool { return r.Name == marker.Policy }):
		return contract.RetentionUnknown, "not judged: the API's list of this server contradicts itself"
	default: // of a policy that was not given
		return contract.RetentionUnknown, fmt.Sprintf("by policy %s, whose rules its marker does not tell: give them to see", fit(marker.Policy, maxAuditText)) + dated
	}
}

// prefixOf is what a snapshot's name starts with, before "-<server>-<time>-<hash>" or, in a name of another shape, before
// its last part.
func prefixOf(s contract.Snapshot) string {
	if at := strings.LastIndex(s.Name, fmt.Sprintf("-%d-", s.ServerID)); at > 0 {
		return s.Name[:at]
	}
	if at := strings.LastIndex(s.Name, "-"); at > 0 {
		return s.Name[:at]
	}
	return s.Name
}

// policyOf is the policy as package retention applies it.
func policyOf(r contract.RetentionRules, prefix string) retention.Policy {
	return retention.Policy{
		Name: r.Name, NamePrefix: prefix,
		KeepLast: r.KeepLast, KeepHourly: r.KeepHourly, KeepDaily: r.KeepDaily, KeepWeekly: r.KeepWeekly, KeepMonthly: r.KeepMonthly,
		KeepWithin: r.KeepWithin.Std(), ExpireAfter: r.ExpireAfter.Std(), MinCount: r.MinCount, Protect: r.Protect,
	}
}
