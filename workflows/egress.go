package workflows

import (
	"fmt"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// egressOf lists everything that an input would let the worker connect to, so that the worker's policy can refuse all of
// it before the run touches anything.
func egressOf(update UpdateInput, checks []contract.Check, notify []NotifyTarget) []contract.EgressTarget {
	var targets []contract.EgressTarget
	add := func(kind contract.EgressKind, target, path string, args ...any) {
		targets = append(targets, contract.EgressTarget{Path: fmt.Sprintf(path, args...), Kind: kind, Target: target})
	}
	switch update.Kind {
	case UpdateWebhook:
		add(contract.EgressURL, update.URL, "update.url")
	case UpdateSSH:
		add(contract.EgressSSH, update.Address, "update.address")
	case UpdateNone, UpdateExternal, UpdateWorkflow, "": // the worker connects to nothing for these
	}
	for i, check := range checks {
		switch check.Kind {
		case contract.CheckHTTP:
			add(contract.EgressURL, check.URL, "verify.checks[%d].url", i)
		case contract.CheckTCP:
			add(contract.EgressTCP, check.Address, "verify.checks[%d].address", i)
		case contract.CheckSSH:
			add(contract.EgressSSH, check.Address, "verify.checks[%d].address", i)
		}
	}
	for i, target := range notify {
		add(contract.EgressURL, target.URL, "notify[%d].url", i)
	}
	return targets
}
