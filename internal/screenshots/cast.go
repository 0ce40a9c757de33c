package main

import (
	"fmt"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/devstack"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Runs that a picture shows the page of.
const (
	rolledBackRun = "web02-2.14.0"
	heldRun       = "web03-schema-42"
)

// The stand-in's servers. It names them web01, web02 and so on, in this order.
const (
	web01 int64 = 12345 + iota
	web02
	web03
	web04
	web05
	web06
	web07
	web08
	web09
	servers = iota
)

// role is one run and where it must be before the pictures are taken.
type role struct {
	id, runbook string
	input       map[string]any
	phase       workflows.Phase
	// outcome is set where the phase is done: the run must be closed too.
	outcome workflows.Outcome
}

func serverIDs() []int64 {
	ids := make([]int64, servers)
	for i := range ids {
		ids[i] = web01 + int64(i)
	}
	return ids
}

// slowSnapshot keeps the snapshot of one server in progress for as long as the pictures take.
func slowSnapshot(server int64) string {
	return fmt.Sprintf(`[{"kind": "never_finishes", "op": "create_snapshot", "server_id": %d}]`, server)
}

// acts are the runs in groups that are started one after the other: the UI lists the newest first, and what still runs
// belongs on top.
func acts(stack *devstack.Stack) [][]role {
	site := strings.TrimSuffix(stack.FakeURL, "/") + "/sites/"
	return [][]role{
		{
			done("rotation-nightly", workflows.TypeSnapshotRotation, workflows.OutcomeRotated, map[string]any{
				"servers": []int64{web09}, "reason": "nightly snapshots", "policy": map[string]any{"name": "nightly", "keep_last": 2},
			}),
			done("fleet-2.14.0", workflows.TypeFleetUpdate, workflows.OutcomeCommitted, map[string]any{
				"servers": []int64{web06, web07, web08}, "reason": "web 2.14.0 on every web server", "canary": map[string]any{"count": 1},
				"template": change(site+"{{.ServerID}}/", "2.14.0", true),
			}),
		},
		{
			done("audit-nightly", workflows.TypeSnapshotAudit, workflows.OutcomeAudited, map[string]any{"servers": []int64{web09}, "max_age": "26h"}),
			done("web06-2.15.0-plan", workflows.TypeSnapshotUpdateVerify, workflows.OutcomePlanned, on(web06, dry(change(site+fmt.Sprint(web06)+"/", "2.15.0", true)))),
			done("web01-2.14.0", workflows.TypeSnapshotUpdateVerify, workflows.OutcomeCommitted, on(web01, change(site+fmt.Sprint(web01)+"/", "2.14.0", true))),
			done(rolledBackRun, workflows.TypeSnapshotUpdateVerify, workflows.OutcomeRolledBack, on(web02, change(site+fmt.Sprint(web02)+"/", "2.14.0", false))),
			done("web04-2.14.0", workflows.TypeSnapshotUpdateVerify, workflows.OutcomeNotChanged, on(web04, sick(change(site+fmt.Sprint(web04)+"/", "2.14.0", true)))),
		},
		{
			at(heldRun, workflows.PhaseHold, on(web03, held(change(site+fmt.Sprint(web03)+"/", "schema-42", false)))),
			at("web05-2.14.0", workflows.PhaseSnapshot, on(web05, change(site+fmt.Sprint(web05)+"/", "2.14.0", true))),
		},
	}
}

func done(id, runbook string, outcome workflows.Outcome, input map[string]any) role {
	return role{id: id, runbook: runbook, input: input, phase: workflows.PhaseDone, outcome: outcome}
}

func at(id string, phase workflows.Phase, input map[string]any) role {
	return role{id: id, runbook: workflows.TypeSnapshotUpdateVerify, input: input, phase: phase}
}

// change is what a user would write, with a pace that fits the stand-in's.
func change(site, version string, good bool) map[string]any {
	return map[string]any{
		"reason": "deploy web " + version,
		"update": map[string]any{"kind": workflows.UpdateWebhook, "url": fmt.Sprintf("%shooks/deploy?version=%s&healthy=%t", site, version, good)},
		"verify": map[string]any{
			"initial_delay": "1s", "interval": "1s", "timeout": "1m",
			"checks": []any{map[string]any{"name": "home", "kind": contract.CheckHTTP, "url": site + "healthz"}},
		},
	}
}

// on makes a fleet's template the input of one server.
func on(server int64, input map[string]any) map[string]any {
	input["server_id"] = server
	return input
}

// held asks a person when the change turns out bad.
func held(input map[string]any) map[string]any {
	input["reason"] = "migrate the shop to schema 42"
	input["rollback"] = map[string]any{"on_failure": workflows.FailureHold}
	return input
}

// dry only says what it would do.
func dry(input map[string]any) map[string]any {
	input["dry_run"] = true
	return input
}

// sick has a check that is red before the change.
func sick(input map[string]any) map[string]any {
	checks := input["verify"].(map[string]any)["checks"].([]any)
	checks[0].(map[string]any)["expect_body"] = "a word that is not on the page"
	return input
}
