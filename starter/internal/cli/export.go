package cli

import (
	"context"

	"go.temporal.io/sdk/client"
)

// export prints the report of a run that has ended.
func (a *app) export(ctx context.Context, c client.Client, o reportOptions) error {
	s, err := a.lookAt(ctx, c, o.id, o.runID)
	if err != nil {
		return untouched(ctx, err)
	}
	if !s.closed {
		return fail(codeUsage, "%s has not ended, so it has no report yet: safepoint status %s --wait", o.id, quote(o.id))
	}
	v, err := a.closedVerdict(ctx, c, o.id, s.runID)
	if err != nil {
		return err
	}
	if v.lost {
		v.code = codePerson // there is no report to export: this must not look like one
		return a.printVerdict(v, o.format)
	}
	if err := loadFleet(ctx, c, v.report.Fleet); err != nil {
		return err
	}
	return a.printReport(v.report, o.format)
}
