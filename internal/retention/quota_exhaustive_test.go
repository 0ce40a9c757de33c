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

func TestTheQuotaPlanIsRightOrRefusedWithTheListForEveryServer(t *testing.T) {
	for _, p := range quotaPolicies() {
		t.Run(p.Describe(), func(t *testing.T) {
			lists, full, made := 0, 0, 0
			everyServer(retention.QuotaPerServer, func(list []contract.Snapshot) {
				lists++
				plan, err := retention.PlanQuota(list, p, retention.Options{Now: now})
				if err != nil {
					t.Fatalf("%v for %+v", err, list)
				}
				if wrong := wrongQuota(list, p, plan); wrong != "" {
					t.Fatalf("%s\nlist %+v\nplan %+v", wrong, list, plan)
				}
				if len(list) == retention.QuotaPerServer {
					full++
					made += len(plan.Remove)
				}
			})
			require.Equal(t, 1+5+25+125+625+3125, lists, "all of them")
			require.Equal(t, 3125, full)
			require.Positive(t, made, "room is made for some")
			require.Less(t, made, full, "and refused for others")
		})
	}
}

// wrongQuota compares a plan for one more with what law 12 asks; empty when it is right. It knows from the oracle what
// the policy would remove once the new one is there, and works out the rest by counting.
func wrongQuota(list []contract.Snapshot, p retention.Policy, plan retention.QuotaPlan) string {
	o := oracle{list: list, policy: p, opts: retention.Options{Now: now, Incoming: 1}}
	removable := o.remove()
	fits, canFit := len(list) < 5, len(list)-len(removable) < 5
	switch {
	case plan.Room != (fits || canFit):
		return "there is room when it fits, or when the policy makes it fit, and only then"
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
	case !slices.Equal(plan.Remove, removable[:len(plan.Remove)]):
		return "the oldest go that the policy would remove anyway"
	case plan.Remove[0].Completed() && o.completed() < 2:
		return "at least one other completed one stays"
	default:
		return ""
	}
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
