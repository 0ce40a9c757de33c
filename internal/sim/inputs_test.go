package sim

import (
	"fmt"
	"time"

	"github.com/safepoint-dev/safepoint/workflows"
)

// hook is the deploy hook of a server.
func (r runPlan) hook(n int, server string) string {
	q := fmt.Sprintf("?version=%s&delay=%s", version(n), time.Duration(r.Slow))
	if r.Bad {
		q += "&healthy=false"
	}
	if r.Refused {
		q += "&status=500"
	}
	return fmt.Sprintf("%s/sites/%s/hooks/deploy%s", baseURL, server, q)
}

// input is what the n-th run is started with.
func (p plan) input(n int) object {
	r := p.Runs[n]
	id := p.Servers[r.Server].ID
	server := fmt.Sprint(id)
	verify := func(server string) object {
		if r.Unchecked {
			return object{"skip": true}
		}
		in := object{
			"initial_delay": "0s", "interval": "5s", "timeout": "1m", "successes": 2, "failures": 2,
			"checks": []object{{"name": "home", "kind": "http", "url": baseURL + "/sites/" + server + "/healthz", "timeout": "5s"}},
		}
		if r.NoBaseline {
			in["baseline"] = false
		}
		return in
	}
	lock := object{"on_busy": r.Busy, "timeout": "30m"}
	update := func(server string) object {
		in := object{
			"reason": "deploy " + version(n), "snapshot": object{"stop_server": r.Stop, "ready_timeout": "10m"},
			"update": object{"kind": "webhook", "url": r.hook(n, server), "timeout": "1m"},
			"verify": verify(server), "rollback": object{"restore_timeout": "10m", "hold_timeout": "10m"},
			"retention": object{"keep_last": r.Keep}, "lock": lock,
		}
		if r.OnUnknown != "" {
			in["update"].(object)["on_unknown"] = r.OnUnknown
		}
		if r.OnFailure != "" {
			in["rollback"].(object)["on_failure"] = r.OnFailure
		}
		if r.Backup != "" {
			in["backup"] = object{"create": true, "wait": r.Backup == "wait", "required": r.Backup == "required", "timeout": "15m"}
		}
		return r.frozen(in)
	}
	switch r.Kind {
	case runRollback:
		return object{
			"server_id": id, "snapshot": "latest_any", "verify": verify(server), "lock": lock, "reason": "undo",
			"safety":   object{"snapshot": r.Safety, "ready_timeout": "10m"},
			"rollback": object{"restore_timeout": "10m", "hold_timeout": "10m"},
			"approval": object{"required": r.Approval, "timeout": "10m"},
		}
	case runRotation, runRotations:
		ids := []int64{id}
		if r.ofMany() {
			ids = p.serverIDs()
		}
		return r.frozen(object{
			"servers": ids, "create": !r.NoCreate, "lock": lock, "policy": object{"keep_last": r.Keep},
			"snapshot": object{"stop_server": r.Stop, "ready_timeout": "10m"},
		})
	case runFleet:
		in := object{"servers": p.serverIDs(), "template": update("{{.ServerID}}"), "max_concurrency": 2, "max_errors": r.Keep - 1}
		if r.Canary {
			in["canary"] = object{"count": 1, "pause": "1m", "decide": r.Decide, "decide_timeout": "10m"}
		}
		if r.Undo {
			in["on_stop"], in["max_concurrency"] = workflows.StopRollbackCommitted, 1
		}
		return in
	case runExternal:
		in := update(server)
		in["server_id"] = id
		external := object{"kind": "external", "timeout": changeTimeout.String(), "begin_timeout": "10m", "heartbeat_timeout": "30s"}
		if r.OnUnknown != "" {
			external["on_unknown"] = r.OnUnknown
		}
		in["update"] = external
		return in
	case runNone:
		in := update(server)
		in["server_id"], in["update"] = id, object{"kind": "none"}
		return in
	default: // a webhook
		in := update(server)
		in["server_id"] = id
		return in
	}
}

// frozen adds a freeze window that begins with the world, whose clock starts where testing/synctest's does.
func (r runPlan) frozen(in object) object {
	if r.Frozen > 0 {
		begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
		in["not_during"] = []object{{"start": begin, "end": begin.Add(time.Duration(r.Frozen)), "reason": "a fair"}}
	}
	return in
}

func (p plan) serverIDs() []int64 {
	ids := make([]int64, 0, len(p.Servers))
	for _, s := range p.Servers {
		ids = append(ids, s.ID)
	}
	return ids
}
