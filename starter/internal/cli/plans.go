package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// plannedServers is of how many servers the plan is fetched.
const plannedServers = 50

// printEnd writes how a run ended. A dry run of many servers is of use only with the plans of the servers.
func (a *app) printEnd(ctx context.Context, c client.Client, v verdict, format outputFormat) error {
	if format == formatJSON || v.report.Outcome != workflows.OutcomePlanned || v.report.Fleet == nil {
		return a.printVerdict(v, format)
	}
	plans, err := a.serverPlans(ctx, c, v.report)
	if err != nil {
		return err
	}
	if err := a.print(a.plansText(v.report, plans)); err != nil {
		return err
	}
	return exit(v.code)
}

// plansText is the report of a dry run, and those of its servers.
func (a *app) plansText(report workflows.Report, plans []workflows.Report) string {
	text := render.ReportIn(report, a.outColour, a.outColumns())
	for _, one := range plans {
		text += "\n" + render.ReportIn(one, a.outColour, a.outColumns())
	}
	return text
}

// serverPlans fetches the plans of the first servers of a run of many, which stand in their own reports.
func (a *app) serverPlans(ctx context.Context, c client.Client, report workflows.Report) ([]workflows.Report, error) {
	if report.Fleet == nil {
		return nil, nil
	}
	whole := *report.Fleet
	if err := loadFleet(ctx, c, &whole); err != nil {
		return nil, err
	}
	var plans []workflows.Report
	for _, target := range whole.Targets {
		if target.Outcome != workflows.OutcomePlanned || target.WorkflowID == "" {
			continue
		}
		if len(plans) == plannedServers {
			a.say("the plans of the other servers: safepoint status <workflow id>, see safepoint report %s", quote(report.WorkflowID))
			break
		}
		var result json.RawMessage
		err := c.GetWorkflow(ctx, target.WorkflowID, target.RunID).Get(ctx, &result)
		v, ok := verdictOf(target.WorkflowID, result, err)
		if !ok {
			return nil, fail(codePerson, "cannot read the plan in %s: %w", target.WorkflowID, errors.Join(err, fmt.Errorf("see safepoint status %s", quote(target.WorkflowID))))
		}
		plans = append(plans, v.report)
	}
	return plans, nil
}
