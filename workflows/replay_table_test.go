package workflows

import "github.com/safepoint-dev/safepoint/internal/contract"

// Why a runbook never ends in some way.
const (
	alwaysReports = "whatever ends a runbook has a report"
	oneRun        = "one server's work is one run"
	rollsNoneBack = "it restores nothing"
	changesNone   = "it makes no change"
	ofAnother     = "the word of another runbook"
)

// Ends that belong to one runbook.
var (
	ofRotations = []end{end(OutcomeRotated), end(OutcomeIncomplete), contract.FailRotation}
	ofAudits    = []end{end(OutcomeAudited), end(OutcomeStale), contract.FailStale}
	ofFleets    = []end{end(OutcomeFleetFailed), contract.FailFleet, end(OutcomeFleetStopped), contract.FailFleetStopped}
	ofRestores  = []end{end(OutcomeRestored), contract.FailNotApproved}
	ofRollbacks = []end{
		end(OutcomeRolledBack), contract.FailRolledBack, end(OutcomeRolledBackUnverified), contract.FailRolledBackUnverified,
		end(OutcomeRollbackFailed), contract.FailRollback,
	}
	ofChanges = []end{
		end(OutcomeChangeFailed), contract.FailChange, end(OutcomeChangeUnknown), contract.FailChangeUnknown, contract.FailChangeNotStarted,
	}
	ofOneServer = []end{contract.FailBaseline, contract.FailSnapshotLimit, contract.FailSnapshot, contract.FailServerBusy, contract.FailLockLost}
)

func together(lists ...[]end) []end {
	var all []end
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// endsTable has one row for each workflow type. A fixture may stand for several ends: those of its report.
func endsTable() map[string]runbookEnds {
	return map[string]runbookEnds{
		TypeSnapshotUpdateVerify: {
			recorded: map[end]string{
				end(OutcomeCommitted): "committed-webhook", end(OutcomeSkipped): "busy-skipped", end(OutcomePlanned): "planned",
				end(OutcomeNotChanged): "snapshot-failed", end(OutcomeCanceled): "canceled",
				contract.FailInvalidInput: "invalid-input", contract.FailPreflight: "freeze-refused", contract.FailBaseline: "baseline-red",
				contract.FailSnapshotLimit: "no-room", contract.FailSnapshot: "snapshot-failed", contract.FailServerBusy: "busy-refused",
				contract.FailChangeNotStarted: "not-begun", contract.FailLockLost: "lock-lost",
				end(OutcomeRolledBack): "rolled-back", contract.FailRolledBack: "rolled-back",
				end(OutcomeRolledBackUnverified): "rolled-back-unverified", contract.FailRolledBackUnverified: "rolled-back-unverified",
				end(OutcomeRollbackFailed): "rollback-failed", contract.FailRollback: "rollback-failed",
				end(OutcomeChangeFailed): "change-failed", contract.FailChange: "change-failed",
				end(OutcomeChangeUnknown): "change-unknown", contract.FailChangeUnknown: "change-unknown",
			},
			never: map[string][]end{
				alwaysReports: {closedCompleted, closedFailed}, oneRun: {closedContinued},
				ofAnother: together(ofRestores, ofRotations, ofAudits, ofFleets),
			},
		},
		TypeRollbackByRestore: {
			recorded: map[end]string{
				end(OutcomeRestored): "back-restored", end(OutcomeSkipped): "back-busy-skipped", end(OutcomePlanned): "back-planned",
				end(OutcomeNotChanged): "back-denied", end(OutcomeCanceled): "back-canceled", contract.FailNotApproved: "back-denied",
				contract.FailInvalidInput: "back-invalid-input", contract.FailPreflight: "back-nothing-to-restore",
				contract.FailSnapshotLimit: "back-safety-no-room", contract.FailSnapshot: "back-safety-required-failed",
				contract.FailServerBusy: "back-busy-refused", contract.FailLockLost: "back-lock-lost",
				end(OutcomeRolledBackUnverified): "back-unverified", contract.FailRolledBackUnverified: "back-unverified",
				end(OutcomeRollbackFailed): "back-failed", contract.FailRollback: "back-failed",
				end(OutcomeChangeUnknown): "back-held-given-up", contract.FailChangeUnknown: "back-held-given-up",
			},
			never: map[string][]end{
				alwaysReports: {closedCompleted, closedFailed}, oneRun: {closedContinued},
				changesNone: {contract.FailChangeNotStarted, end(OutcomeChangeFailed), contract.FailChange},
				"restored and verified is what was asked for: it completes as restored": {end(OutcomeCommitted), end(OutcomeRolledBack), contract.FailRolledBack},
				"what a restore overwrites need not be healthy":                         {contract.FailBaseline},
				ofAnother: together(ofRotations, ofAudits, ofFleets),
			},
		},
		TypeSnapshotRotation: rotationEnds(), TypeSnapshotAudit: auditEnds(), TypeFleetUpdate: fleetEnds(),
		TypeSnapshotInventory: lookEnds("inventory", map[end]string{end(OutcomeNotChanged): "inventory-refused", contract.FailPreflight: "inventory-refused"},
			map[string][]end{}),
		TypeCheckup: lookEnds("checkup", map[end]string{end(OutcomeNotChanged): "checkup-invalid-input"},
			map[string][]end{"what is wrong is a finding": {contract.FailPreflight}}),
		TypeServerLock: plainEnds(map[end]string{closedCompleted: "committed-webhook-lock", end(OutcomeCanceled): "lock-kept-closed"},
			map[string][]end{"what goes wrong inside costs the longer grace": {closedFailed}, oneRun: {closedContinued}}),
		TypeFleetPage: plainEnds(map[end]string{closedCompleted: "fleet-page"},
			map[string][]end{"it gives back what it was given, in its first task": {closedFailed, end(OutcomeCanceled), closedContinued}}),
		TypeNotification: plainEnds(map[end]string{closedCompleted: "notification", end(OutcomeCanceled): "notification-canceled", closedFailed: "notification-refused"},
			map[string][]end{oneRun: {closedContinued}}),
	}
}

func rotationEnds() runbookEnds {
	return runbookEnds{
		recorded: map[end]string{
			end(OutcomeRotated): "rotated", end(OutcomeSkipped): "rotation-busy-skipped", end(OutcomePlanned): "rotation-planned",
			end(OutcomeNotChanged): "rotation-create-failed", end(OutcomeCanceled): "rotation-canceled",
			contract.FailInvalidInput: "rotation-invalid-input", contract.FailPreflight: "rotation-suspended",
			contract.FailSnapshotLimit: "rotation-no-room", contract.FailSnapshot: "rotation-create-failed",
			contract.FailServerBusy: "rotation-busy-refused", contract.FailLockLost: "rotation-lock-lost",
			end(OutcomeIncomplete): "rotation-incomplete", contract.FailRotation: "rotation-incomplete",
			closedContinued: "rotation-continued-first", // of many servers
		},
		never: map[string][]end{
			alwaysReports: {closedCompleted, closedFailed}, rollsNoneBack: together(ofRollbacks, ofRestores), changesNone: append(ofChanges, end(OutcomeCommitted)),
			"it looks at no checks": {contract.FailBaseline}, ofAnother: together(ofAudits, ofFleets),
		},
	}
}

func auditEnds() runbookEnds {
	return runbookEnds{
		recorded: map[end]string{
			end(OutcomeAudited): "audit-green", end(OutcomeStale): "audit-stale", contract.FailStale: "audit-stale",
			end(OutcomeNotChanged): "audit-of-nothing", contract.FailPreflight: "audit-of-nothing",
			contract.FailInvalidInput: "audit-invalid-input", end(OutcomeCanceled): "audit-canceled",
		},
		never: map[string][]end{
			alwaysReports: {closedCompleted, closedFailed}, "one look is one run": {closedContinued},
			"it writes nothing and takes no lock": together(ofOneServer, ofRollbacks, ofRestores, ofChanges,
				[]end{end(OutcomeCommitted), end(OutcomeSkipped), end(OutcomePlanned)}),
			ofAnother: together(ofRotations, ofFleets),
		},
	}
}

func fleetEnds() runbookEnds {
	return runbookEnds{
		recorded: map[end]string{
			end(OutcomeCommitted): "fleet-committed", end(OutcomeSkipped): "fleet-of-nothing", end(OutcomePlanned): "fleet-planned",
			end(OutcomeNotChanged): "fleet-missing", contract.FailPreflight: "fleet-missing", contract.FailInvalidInput: "fleet-invalid-input",
			end(OutcomeCanceled):    "fleet-canceled",
			end(OutcomeFleetFailed): "fleet-foreign", contract.FailFleet: "fleet-foreign",
			end(OutcomeFleetStopped): "fleet-aborted", contract.FailFleetStopped: "fleet-aborted",
			closedContinued: "fleet-continued-first",
		},
		never: map[string][]end{
			alwaysReports: {closedCompleted, closedFailed},
			"an end of one server's run, which the fleet counts": together(ofOneServer, ofRollbacks, ofRestores, ofChanges),
			ofAnother: together(ofRotations, ofAudits),
		},
	}
}

// plainEnds is the row of what is started by runbooks and has no report.
func plainEnds(recorded map[end]string, never map[string][]end) runbookEnds {
	never["it has no report"] = together(ofOneServer, ofRollbacks, ofRestores, ofChanges, ofRotations, ofAudits, ofFleets, []end{
		end(OutcomeCommitted), end(OutcomeSkipped), end(OutcomePlanned), end(OutcomeNotChanged), contract.FailInvalidInput, contract.FailPreflight,
	})
	return runbookEnds{recorded: recorded, never: never}
}

// lookEnds is the row of a look that is no runbook: its result is what it saw, and only its other ends have a report.
func lookEnds(name string, recorded map[end]string, never map[string][]end) runbookEnds {
	recorded[closedCompleted], recorded[end(OutcomeCanceled)] = name, name+"-canceled"
	recorded[contract.FailInvalidInput] = name + "-invalid-input"
	never[alwaysReports] = []end{closedFailed}
	never["one look is one run"] = []end{closedContinued}
	never["it writes nothing and takes no lock"] = together(ofOneServer, ofRollbacks, ofRestores, ofChanges, ofRotations, ofAudits, ofFleets,
		[]end{end(OutcomeCommitted), end(OutcomeSkipped), end(OutcomePlanned)})
	return runbookEnds{recorded: recorded, never: never}
}
