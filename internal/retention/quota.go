package retention

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// QuotaPerServer is how many snapshots a server can have (sure: the vendor's reference). All count: hand-made ones, and
// to be on the safe side failed ones too.
const QuotaPerServer = 5

// QuotaPlan says whether one more snapshot fits.
type QuotaPlan struct {
	// Room is true when one more fits, once everything in Remove is gone.
	Room bool
	// Remove is what must go first, oldest first; empty when it fits as it is, and when there is no room anyway.
	Remove []contract.Snapshot
	// Detail says in plain words what is there and, without room, how to make it.
	Detail string
}

// PlanQuota plans the room for one more snapshot under the policy (law 12). It names no more than needed, and only what
// the policy would remove anyway once that snapshot is there; at least one incoming is counted, whatever opts say. Where
// it takes a completed snapshot, another completed one stays on the server, because Apply never removes the newest one
// that is already there: should the create then fail, there is still something to restore.
func PlanQuota(snapshots []contract.Snapshot, policy Policy, opts Options) (QuotaPlan, error) {
	opts.Incoming = max(opts.Incoming, 1)
	plan, err := Apply(snapshots, policy, opts)
	if err != nil {
		return QuotaPlan{}, err
	}
	used := fmt.Sprintf("the server has %d of %d snapshots", len(snapshots), QuotaPerServer)
	need := len(snapshots) + 1 - QuotaPerServer
	if need <= 0 {
		return QuotaPlan{Room: true, Detail: used}, nil
	}
	removable := plan.Remove()
	if len(removable) >= need {
		remove := removable[:need]
		return QuotaPlan{Room: true, Remove: remove,
			Detail: fmt.Sprintf("%s; policy %s removes %s first", used, policy.Name, idList(remove))}, nil
	}
	return QuotaPlan{Detail: fmt.Sprintf("%s, %d must go and policy %s (%s) may remove %d of them. "+
		"Delete what is no longer needed%s:%s",
		used, need, policy.Name, policy.Describe(), len(removable), lowerKeepLast(snapshots, policy, opts, need), listing(plan))}, nil
}

// lowerKeepLast names a lower keep_last where that alone would make the room. Beside other rules it is no advice: which
// of them to lower is the user's choice.
func lowerKeepLast(snapshots []contract.Snapshot, policy Policy, opts Options, need int) string {
	if policy.byTime() {
		return ""
	}
	for keep := policy.KeepLast - 1; keep >= 1; keep-- {
		policy.KeepLast = keep
		if plan, err := Apply(snapshots, policy, opts); err == nil && len(plan.Remove()) >= need {
			return fmt.Sprintf(", or lower keep_last to %d", keep)
		}
	}
	return ""
}

// maxListed bounds the detail; an honest list has QuotaPerServer lines.
const maxListed = 20

// listing shows every snapshot, newest first, with what a person needs to choose one.
func listing(plan Plan) string {
	var b strings.Builder
	for i, d := range plan.Decisions {
		if i == maxListed {
			fmt.Fprintf(&b, "\n- and %d more", len(plan.Decisions)-i)
			break
		}
		s, created := d.Snapshot, "at an unknown time"
		if !s.CreatedAt.IsZero() {
			created = s.CreatedAt.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(&b, "\n- %d %s, status %s, created %s, %s: %s",
			s.ID, quote(s.Name), quote(string(s.Status)), created, whose(s), d.Reason)
	}
	return b.String()
}

func whose(s contract.Snapshot) string {
	marker := contract.ParseMarker(s.Description)
	if !marker.Managed {
		return "made by hand or by another program"
	}
	return "made by Safepoint under policy " + quote(marker.Policy)
}

func idList(snapshots []contract.Snapshot) string {
	ids := make([]string, 0, len(snapshots))
	for _, s := range snapshots {
		ids = append(ids, strconv.FormatInt(s.ID, 10))
	}
	return strings.Join(ids, ", ")
}
