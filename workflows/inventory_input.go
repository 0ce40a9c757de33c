package workflows

import (
	"slices"

	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// exampleInventory is the least that starts a SnapshotInventory.
const exampleInventory = `{"all": true}`

// SnapshotInventoryInput is the one JSON object that starts SnapshotInventory. Exactly one of servers, selector and all
// says which servers.
type SnapshotInventoryInput struct {
	Servers  []int64        `json:"servers,omitempty"`
	Selector *SelectorInput `json:"selector,omitempty"`
	All      bool           `json:"all,omitempty"`
	// Policy judges the snapshots that were made under its name, such as a rotation's; "update" and "safety" replace the
	// default rules of those two. Without it snapshots of a rotation are listed without a judgement, because a snapshot's
	// marker names its policy and not the rules.
	Policy *PolicyInput `json:"policy,omitempty"`
}

// decodeSnapshotInventory reads and validates the input of SnapshotInventory.
func decodeSnapshotInventory(raw converter.RawValue) (SnapshotInventoryInput, error) {
	return decodeInput(raw, SnapshotInventoryInput{}, validateSnapshotInventory, exampleInventory)
}

// validateSnapshotInventory returns what is wrong with a decoded input beside the problems that decoding found, and gives
// a policy without a name the one that a rotation would.
func validateSnapshotInventory(in *SnapshotInventoryInput, decoded []strictjson.Problem) []strictjson.Problem {
	v := &inputValidator{decoded: decoded}
	v.targets(in.Servers, in.Selector, in.All)
	if in.Policy == nil {
		return v.problems
	}
	if in.Policy.Name == "" {
		in.Policy.Name = contract.PolicyRotation
	}
	judged := *in.Policy
	if slices.Contains(otherPolicies, judged.Name) {
		judged.Name = contract.PolicyRotation // nothing is pruned here, so the names of other runbooks are as good
	}
	v.policy(judged)
	return v.problems
}

// retentionRules are what an inventory judges by: the rules that SnapshotUpdateVerify and RollbackByRestore prune by when
// nobody says otherwise, and the given policy.
func (in SnapshotInventoryInput) retentionRules() []contract.RetentionRules {
	rules := []contract.RetentionRules{
		{Name: contract.PolicyUpdate, KeepLast: defaultSnapshotUpdateVerifyInput().Retention.KeepLast},
		{Name: contract.PolicySafety, KeepLast: 1},
	}
	if in.Policy == nil {
		return rules
	}
	given := in.Policy.rules("")
	rules = slices.DeleteFunc(rules, func(r contract.RetentionRules) bool { return r.Name == given.Name })
	return append(rules, contract.RetentionRules{
		Name: given.Name, KeepLast: given.KeepLast, KeepHourly: given.KeepHourly, KeepDaily: given.KeepDaily,
		KeepWeekly: given.KeepWeekly, KeepMonthly: given.KeepMonthly, KeepWithin: Duration(given.KeepWithin),
		ExpireAfter: Duration(given.ExpireAfter), MinCount: given.MinCount, Protect: given.Protect,
	})
}
