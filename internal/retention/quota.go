package retention

import (
	"fmt"
	"slices"
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
	// Remove is what must go first: failed ones before completed ones, each oldest first; empty when it fits as it is, and
	// when there is no room anyway.
	Remove []contract.Snapshot
	// Spare may go instead of a failed one in Remove that cannot be deleted, in this order.
	Spare []contract.Snapshot
	// Hanging are the snapshots that hang in progress and are why no room is made; empty when there is room or when there
	// would be none without them either.
	Hanging []contract.Snapshot
	// Detail says in plain words what is there and, without room, how to make it.
	Detail string
}

// PlanQuota plans the room for one more snapshot under the policy (law 12). It names no more than needed, and only what
// the policy would remove anyway once that snapshot is there; at least one incoming is counted, whatever opts say. Failed
// ones go first: should the create then fail too, nothing is lost with them. Where it takes a completed snapshot, another
// completed one stays on the server, because Apply never removes the newest one that is already there: should the create
// then fail, there is still something to restore.
//
// While snapshots of the policy hang in progress, one more may hang as well, and each such run would cost a completed one.
// So a completed one then goes only if the policy would remove it without the one about to be made too, and if that leaves
// as many completed ones as keep_last and min_count say.
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
	removable := failedFirst(plan.Remove())
	if len(removable) < need {
		return QuotaPlan{Detail: fmt.Sprintf("%s, %d must go and policy %s (%s) may remove %d of them. "+
			"Delete what is no longer needed%s:%s",
			used, need, policy.Name, policy.Describe(), len(removable), lowerKeepLast(snapshots, policy, opts, need), listing(plan))}, nil
	}
	remove := removable[:need]
	hanging, err := whyNotNow(snapshots, policy, opts, remove)
	switch {
	case err != nil:
		return QuotaPlan{}, err
	case len(hanging) > 0:
		return QuotaPlan{Hanging: hanging, Detail: fmt.Sprintf("%s, and %s of policy %s hang in progress. "+
			"Removing %s would leave fewer completed ones than the policy (%s) keeps, for one more that may hang as well. "+
			"Delete the hanging ones at VPS.org, or have its support end them:%s",
			used, idList(hanging), policy.Name, idList(remove), policy.Describe(), listing(plan))}, nil
	default:
		spare := removable[need:]
		if hanging, err = whyNotNow(snapshots, policy, opts, removable); err != nil || len(hanging) > 0 {
			spare = nil // not all of them may go
		}
		return QuotaPlan{Room: true, Remove: remove, Spare: slices.Clone(spare),
			Detail: fmt.Sprintf("%s; policy %s removes %s first", used, policy.Name, idList(remove))}, nil
	}
}

// failedFirst puts what cannot be restored before what can, and leaves the order else.
func failedFirst(removable []contract.Snapshot) []contract.Snapshot {
	slices.SortStableFunc(removable, func(a, b contract.Snapshot) int {
		switch {
		case a.Failed() == b.Failed():
			return 0
		case a.Failed():
			return -1
		default:
			return 1
		}
	})
	return removable
}

// whyNotNow are the hanging snapshots for which what is named must not go; none when it may.
func whyNotNow(snapshots []contract.Snapshot, policy Policy, opts Options, remove []contract.Snapshot) ([]contract.Snapshot, error) {
	var hanging []contract.Snapshot
	left := 0
	for _, s := range snapshots {
		switch {
		case policy.whyForeign(s, contract.ParseMarker(s.Description)) != "":
		case s.Completed():
			left++
		case !s.Finished() && slices.Contains(opts.Hanging, s.ID):
			hanging = append(hanging, s)
		}
	}
	if len(hanging) == 0 {
		return nil, nil
	}
	opts.Incoming = 0
	plan, err := Apply(snapshots, policy, opts)
	if err != nil {
		return nil, err
	}
	goesAnyway := plan.Remove()
	for _, s := range remove {
		if !s.Completed() {
			continue
		}
		left--
		anyway := slices.ContainsFunc(goesAnyway, func(other contract.Snapshot) bool { return other.ID == s.ID })
		if !anyway || left < max(policy.MinCount, policy.KeepLast) {
			slices.SortFunc(hanging, oldestFirst)
			return hanging, nil
		}
	}
	return nil, nil
}

// lowerKeepLast names a lower keep_last where that alone would make the room. Beside other rules it is no advice: which
// of them to lower is the user's choice.
func lowerKeepLast(snapshots []contract.Snapshot, policy Policy, opts Options, need int) string {
	if policy.ByTime() {
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
