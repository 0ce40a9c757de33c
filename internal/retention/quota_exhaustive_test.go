package retention_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// kinds are what a snapshot of a server can be to the quota.
var kinds = []func(contract.Snapshot) contract.Snapshot{
	func(s contract.Snapshot) contract.Snapshot { return s },
	func(s contract.Snapshot) contract.Snapshot {
		s.Name, s.Description = "before-migration", "by hand"
		return s
	},
	func(s contract.Snapshot) contract.Snapshot {
		s.Description += " protect=true"
		return s
	},
	func(s contract.Snapshot) contract.Snapshot {
		s.Status = contract.SnapshotInProgress
		return s
	},
	func(s contract.Snapshot) contract.Snapshot {
		s.Status = contract.SnapshotFailed
		return s
	},
}

// everyServer calls check with each list of 0 to most snapshots of all kinds. The kinds stand in every order, so every
// age of each kind is met: one was made each 18 hours, so that some days have two.
func everyServer(most int, check func([]contract.Snapshot)) {
	var grow func(list []contract.Snapshot)
	grow = func(list []contract.Snapshot) {
		check(slices.Clone(list))
		if len(list) == most {
			return
		}
		for _, kind := range kinds {
			id := int64(len(list) + 1)
			grow(append(list, kind(aged(id, time.Duration(most-len(list))*18*time.Hour))))
		}
	}
	grow(nil)
}

// quotaPolicies are the policies that all lists are tried with.
func quotaPolicies() []retention.Policy {
	return []retention.Policy{
		policy(func(p *retention.Policy) { p.KeepLast = 1 }),
		policy(func(p *retention.Policy) { p.KeepLast = 2 }),
		policy(func(p *retention.Policy) { p.KeepLast = 5 }),
		policy(func(p *retention.Policy) { p.KeepDaily = 2 }),
		policy(func(p *retention.Policy) { p.KeepLast, p.KeepDaily, p.KeepWeekly = 1, 2, 2 }),
		policy(func(p *retention.Policy) { p.KeepWithin = 30 * time.Hour }),
		policy(func(p *retention.Policy) { p.ExpireAfter = 40 * time.Hour }),
		policy(func(p *retention.Policy) { p.KeepLast, p.ExpireAfter, p.MinCount = 5, 40*time.Hour, 3 }),
	}
}

// hangingOf are the snapshots of ours that are not finished.
func hangingOf(list []contract.Snapshot) []int64 {
	var hanging []int64
	for _, s := range list {
		if mine(s) && s.Status == contract.SnapshotInProgress {
			hanging = append(hanging, s.ID)
		}
	}
	return hanging
}

// neverWears are the policies that need no guard against snapshots that hang: one removes nothing of five for one more,
// the other only what goes with time anyway.
var neverWears = map[string]bool{"keep_last 5": true, "expire_after 40h": true}

func TestTheQuotaPlanIsRightOrRefusedWithTheListForEveryServer(t *testing.T) {
	for _, p := range quotaPolicies() {
		for _, hang := range []bool{false, true} {
			t.Run(p.Describe()+map[bool]string{true: ", those in progress hang"}[hang], func(t *testing.T) {
				lists, full, made, worn := 0, 0, 0, 0
				everyServer(retention.QuotaPerServer, func(list []contract.Snapshot) {
					lists++
					opts := retention.Options{Now: now}
					if hang {
						opts.Hanging = hangingOf(list)
					}
					plan, err := retention.PlanQuota(list, p, opts)
					if err != nil {
						t.Fatalf("%v for %+v", err, list)
					}
					if wrong := wrongQuota(list, p, opts.Hanging, plan); wrong != "" {
						t.Fatalf("%s\nlist %+v\nplan %+v", wrong, list, plan)
					}
					if len(list) == retention.QuotaPerServer {
						full++
						made += len(plan.Remove)
					}
					worn += len(plan.Hanging)
				})
				require.Equal(t, 1+5+25+125+625+3125, lists, "all of them")
				require.Equal(t, 3125, full)
				require.Positive(t, made, "room is made for some")
				require.Less(t, made, full, "and refused for others")
				require.Equal(t, hang && !neverWears[p.Describe()], worn > 0, "for some of them because of those that hang")
			})
		}
	}
}

// wrongQuota compares a plan for one more with what law 12 asks; empty when it is right. It knows from the oracle what
// the policy would remove once the new one is there, and works out the rest by counting.
func wrongQuota(list []contract.Snapshot, p retention.Policy, hanging []int64, plan retention.QuotaPlan) string {
	o := oracle{list: list, policy: p, opts: retention.Options{Now: now, Incoming: 1}}
	want := o.remove()
	slices.SortStableFunc(want, func(a, b contract.Snapshot) int { return restorable(a) - restorable(b) })
	fits, canFit := len(list) < 5, len(list)-len(want) < 5
	want = want[:min(len(want), max(len(list)-4, 0))]
	worn := canFit && len(hanging) > 0 && o.wears(want)
	switch {
	case plan.Room != (fits || canFit && !worn):
		return "there is room when it fits, or when the policy makes it fit without wearing the history down, and only then"
	case (len(plan.Hanging) > 0) != worn:
		return "what hangs is named when it is the reason, and only then"
	case fits && len(plan.Remove) > 0:
		return "nothing goes while there is room"
	case !plan.Room && len(plan.Remove) > 0:
		return "nothing goes for no room"
	case !plan.Room:
		return wrongRefusal(list, plan.Detail)
	case fits:
		return ""
	case len(list)-len(plan.Remove) != 4:
		return "just enough goes for one more"
	case o.takesCompletedBeforeFailed(plan.Remove):
		return "no completed one is in Remove while a failed removable one is not"
	case !slices.Equal(plan.Remove, want):
		return "of what the policy would remove anyway the failed ones go first, then the oldest"
	case plan.Remove[0].Completed() && o.completed() < 2:
		return "at least one other completed one stays"
	default:
		return ""
	}
}

func (o oracle) takesCompletedBeforeFailed(gone []contract.Snapshot) bool {
	return slices.ContainsFunc(gone, contract.Snapshot.Completed) && slices.ContainsFunc(o.remove(), func(s contract.Snapshot) bool {
		return s.Failed() && !slices.Contains(ids(gone), s.ID)
	})
}

// wears says whether the history would be shorter than the policy keeps it if what is named went and no new one came.
func (o oracle) wears(gone []contract.Snapshot) bool {
	completed := 0
	alone := oracle{list: o.list, policy: o.policy, opts: retention.Options{Now: o.opts.Now}}
	for _, s := range gone {
		if s.Completed() {
			completed++
			if alone.keep(s) {
				return true
			}
		}
	}
	return completed > 0 && o.completed(o.mine)-completed < max(o.policy.KeepLast, o.policy.MinCount)
}

// wrongRefusal says what a refusal's detail leaves out.
func wrongRefusal(list []contract.Snapshot, detail string) string {
	for _, s := range list {
		line := "\n- " + strconv.FormatInt(s.ID, 10) + ` "` + s.Name + `", status "` + string(s.Status) + `", created ` + s.CreatedAt.Format(time.RFC3339)
		if !strings.Contains(detail, line) {
			return "a refusal lists every snapshot"
		}
	}
	return ""
}
