package e2e

import (
	"fmt"

	"github.com/safepoint-dev/safepoint/workflows"
)

// kind is one sort of run in the crowd.
type kind struct {
	name string
	// servers is how many of them it works on.
	servers int
	// runbook and input start it; a run without a runbook is started by its own runner, from the command line.
	runbook string
	input   func(w *world, d *dice, id string, servers []int64) map[string]any
}

// kinds is the mix. Each is started at least once, whatever the seed.
var kinds = []kind{
	{"good update", 1, workflows.TypeSnapshotUpdateVerify, updateOf(true, nil)},
	{"bad update", 1, workflows.TypeSnapshotUpdateVerify, updateOf(false, nil)},
	{"bad update that a person decides", 1, workflows.TypeSnapshotUpdateVerify, updateOf(false, func(_ *dice, in map[string]any) {
		part(in, "rollback")["on_failure"] = "hold"
	})},
	{"bad update that stays", 1, workflows.TypeSnapshotUpdateVerify, updateOf(false, func(_ *dice, in map[string]any) {
		part(in, "rollback")["on_failure"] = "none"
	})},
	{"update of a stopped server", 1, workflows.TypeSnapshotUpdateVerify, updateOf(true, func(_ *dice, in map[string]any) {
		part(in, "snapshot")["stop_server"] = true
	})},
	{"external change", 1, "", nil},
	{"rollback", 1, workflows.TypeRollbackByRestore, rollbackOf(nil)},
	{"rollback that a person approves", 1, workflows.TypeRollbackByRestore, rollbackOf(func(in map[string]any) { withSafety(in); withApproval(in) })},
	{"rotation", 1, workflows.TypeSnapshotRotation, rotationOf},
	{"rotation of many", 3, workflows.TypeSnapshotRotation, rotationOf},
	{"fleet", 3, workflows.TypeFleetUpdate, fleetOf(true)},
	{"bad fleet", 3, workflows.TypeFleetUpdate, fleetOf(false)},
}

// versionOf is what the run with this id deploys, and nobody else.
func versionOf(id string) string { return "v-" + id }

// siteOf is where a server's site is, also as a template of a fleet.
func (w *world) siteOf(server any) string { return fmt.Sprintf("%s/sites/%v/", w.api, server) }

// hook makes the change. It takes a moment, in which the worker may die.
func (w *world) hook(d *dice, server any, id string, healthy bool) map[string]any {
	return map[string]any{
		"kind": "webhook", "timeout": "6s", "on_unknown": pick(d, "hold", "commit", "rollback"),
		"url": fmt.Sprintf("%shooks/deploy?version=%s&healthy=%t&delay=%dms", w.siteOf(server), versionOf(id), healthy, d.below(1000)),
	}
}

// quick are checks that pass or fail in a second.
func (w *world) quick(server any) map[string]any {
	return map[string]any{
		"initial_delay": "0s", "interval": "300ms", "timeout": "30s", "successes": 2, "failures": 2,
		"checks": []any{map[string]any{"name": "home", "kind": "http", "url": w.siteOf(server) + "healthz", "timeout": "3s"}},
	}
}

// limits bound what is bounded in hours by default. A held run gets its decision within seconds.
func limits(in map[string]any, onBusy string) map[string]any {
	in["lock"] = map[string]any{"on_busy": onBusy, "timeout": "5m"}
	return in
}

func updateOf(healthy bool, edit func(d *dice, in map[string]any)) func(*world, *dice, string, []int64) map[string]any {
	return func(w *world, d *dice, id string, servers []int64) map[string]any {
		in := limits(map[string]any{
			"server_id": servers[0], "reason": "chaos", "update": w.hook(d, servers[0], id, healthy), "verify": w.quick(servers[0]),
			"rollback": map[string]any{"hold_timeout": "15m"},
		}, pick(d, "wait", "wait", "wait", "fail", "skip"))
		if edit != nil {
			edit(d, in)
		}
		return in
	}
}

func rollbackOf(edit func(in map[string]any)) func(*world, *dice, string, []int64) map[string]any {
	return func(w *world, d *dice, _ string, servers []int64) map[string]any {
		in := limits(map[string]any{
			"server_id": servers[0], "snapshot": "latest", "reason": "chaos", "verify": w.quick(servers[0]),
			"rollback": map[string]any{"hold_timeout": "15m"},
		}, "wait")
		if edit != nil {
			edit(in)
		}
		return in
	}
}

func rotationOf(_ *world, d *dice, _ string, servers []int64) map[string]any {
	return limits(map[string]any{
		"servers": servers, "reason": "chaos", "policy": map[string]any{"keep_last": 1 + d.below(2)}, "max_concurrency": 2,
	}, pick(d, "wait", "skip"))
}

func fleetOf(healthy bool) func(*world, *dice, string, []int64) map[string]any {
	return func(w *world, d *dice, id string, servers []int64) map[string]any {
		return map[string]any{
			"servers": servers, "reason": "chaos", "max_concurrency": 2, "max_errors": 1, "on_stop": pick(d, "leave", "rollback_committed"),
			"canary": map[string]any{"count": 1},
			"template": limits(map[string]any{
				"update": w.hook(d, "{{.ServerID}}", id, healthy), "verify": w.quick("{{.ServerID}}"),
				"rollback": map[string]any{"hold_timeout": "15m"},
			}, "wait"),
		}
	}
}
