package schedule

import (
	"slices"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
)

// Overlap is what happens when a run is due and the one before still runs.
type Overlap string

const (
	OverlapSkip           Overlap = "skip"
	OverlapBufferOne      Overlap = "buffer_one"
	OverlapBufferAll      Overlap = "buffer_all"
	OverlapCancelOther    Overlap = "cancel_other"
	OverlapTerminateOther Overlap = "terminate_other"
	OverlapAllowAll       Overlap = "allow_all"
)

// overlaps are the policies by name, in the order in which messages list them.
var overlaps = []struct {
	name   Overlap
	policy enumspb.ScheduleOverlapPolicy
}{
	{OverlapSkip, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP},
	{OverlapBufferOne, enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE},
	{OverlapBufferAll, enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL},
	{OverlapCancelOther, enumspb.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER},
	{OverlapTerminateOther, enumspb.SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER},
	{OverlapAllowAll, enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL},
}

// known says whether the name is a policy.
func (o Overlap) known() bool { return o.policy() != enumspb.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED }

func (o Overlap) policy() enumspb.ScheduleOverlapPolicy {
	for _, one := range overlaps {
		if one.name == o {
			return one.policy
		}
	}
	return enumspb.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED
}

// overlapOf is the name of a policy. Not set means skip, as Temporal reads it; a policy of a later version keeps its own
// name.
func overlapOf(policy enumspb.ScheduleOverlapPolicy) Overlap {
	if policy == enumspb.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED {
		return OverlapSkip
	}
	for _, one := range overlaps {
		if one.policy == policy {
			return one.name
		}
	}
	return Overlap(policy.String())
}

func overlapNames() string {
	var names []string
	for _, one := range overlaps {
		names = append(names, string(one.name))
	}
	return strings.Join(slices.Clip(names), ", ")
}
