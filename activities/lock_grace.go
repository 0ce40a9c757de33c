package activities

import (
	"context"
	"fmt"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// LockGrace says how long a cancelled lock must keep its server closed: until whatever its holder sent last can no
// longer take effect. What cannot be read costs the longer time.
func (a *Activities) LockGrace(ctx context.Context, in contract.LockGraceInput) (contract.LockGraceResult, error) {
	defer a.keepAlive(ctx)()
	if in.WriteGrace <= 0 {
		in.WriteGrace = contract.Duration(contract.WriteGrace)
	}
	longest := contract.LockGraceResult{Grace: max(in.WriteGrace, in.ChangeGrace)}
	holder, err := a.describe(ctx, in.HolderWorkflowID, in.HolderRunID)
	switch {
	case ctx.Err() != nil:
		return contract.LockGraceResult{}, ctx.Err()
	case err != nil:
		longest.Detail = short("the holder could not be read, so the longer time is waited: " + err.Error())
		return longest, nil
	case quietPhases[holder.phase]:
		return contract.LockGraceResult{Grace: in.WriteGrace, Detail: fmt.Sprintf("the holder's phase was %q", holder.phase)}, nil
	case holder.phase == phaseChange:
		longest.Detail = "the holder's phase was \"change\": its webhook may still be under way"
		return longest, nil
	default: // not found, no phase, or the word of a newer version
		longest.Detail = short(fmt.Sprintf("the holder's phase %q is not known, so the longer time is waited", holder.phase))
		return longest, nil
	}
}
