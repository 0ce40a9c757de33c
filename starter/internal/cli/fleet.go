package cli

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/workflows"
)

// pagePatience bounds the reading of one page of a fleet's results.
const pagePatience = 30 * time.Second

// loadFleet puts the results that stand in pages of their own into the record. All of them, or an error: a part would
// look like the whole.
func loadFleet(ctx context.Context, c client.Client, record *workflows.FleetRecord) error {
	if record == nil {
		return nil
	}
	if err := loadPages(ctx, c, record.Pages, &record.Targets); err != nil {
		return err
	}
	return loadPages(ctx, c, record.UndonePages, &record.Undone)
}

func loadPages(ctx context.Context, c client.Client, pages []workflows.RunReference, into *[]workflows.TargetResult) error {
	if len(*into) > 0 || len(pages) == 0 {
		return nil
	}
	var all []workflows.TargetResult
	for _, page := range pages {
		results, err := loadPage(ctx, c, page)
		if err != nil {
			return fail(codePerson, "cannot read the results in %s: %w\nThe report without them: safepoint status of the fleet's own run", page.WorkflowID, err)
		}
		all = append(all, results...)
	}
	*into = all
	return nil
}

func loadPage(ctx context.Context, c client.Client, page workflows.RunReference) ([]workflows.TargetResult, error) {
	ctx, cancel := context.WithTimeout(ctx, pagePatience)
	defer cancel()
	var result workflows.FleetPageResult
	err := c.GetWorkflow(ctx, page.WorkflowID, page.RunID).Get(ctx, &result)
	return result.Results, err
}

// judgeFleet finds the exit code of a fleet that failed, stopped or was canceled: the worst of its servers decides. Where the results
// cannot be read a person must look.
func judgeFleet(ctx context.Context, c client.Client, v *verdict) {
	record := v.report.Fleet
	switch v.report.Outcome {
	case workflows.OutcomeFleetFailed, workflows.OutcomeFleetStopped, workflows.OutcomeCanceled:
	default: // every other end says it itself
		return
	}
	if record == nil {
		return
	}
	whole := *record // what is printed stays as short as it is
	if bad := record.Counts.RolledBack + record.Counts.Errors; bad <= len(record.LastFailures) {
		whole.Targets, whole.Pages = record.LastFailures, nil // these are all of them
	}
	if loadFleet(ctx, c, &whole) != nil {
		v.code = codePerson
		return
	}
	v.code = fleetCode(whole)
}

// fleetCode is the code of a fleet that did not come to a good end, by its results.
func fleetCode(record workflows.FleetRecord) int {
	if record.UndoneCounts.Refused > 0 || record.UndoneCounts.Left > 0 {
		return codePerson // servers keep a change that was to be undone
	}
	code := codeNotChanged
	if record.UndoneCounts.Restored > 0 {
		code = codeRolledBack
	}
	for _, target := range record.Targets {
		code = max(code, targetCode(target)) // the codes of ends are in the order of how bad they are
	}
	return code
}

func targetCode(target workflows.TargetResult) int {
	switch target.Outcome {
	case workflows.OutcomeCommitted, workflows.OutcomeSkipped, workflows.OutcomePlanned, workflows.OutcomeRotated:
		return codeOK
	case workflows.OutcomeNotChanged, workflows.OutcomeCanceled:
		return codeNotChanged
	case workflows.OutcomeRolledBack:
		return codeRolledBack
	default: // not verified, rollback failed, change failed or unknown, lost (no outcome), and what a later version adds
		return codePerson
	}
}
