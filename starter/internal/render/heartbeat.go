package render

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// heartbeat is what the waits of the runbook say while they last. Each of them fills some of the state.
type heartbeat struct {
	Elapsed contract.Duration `json:"elapsed"`
	State   struct {
		Rounds  int                    `json:"rounds"`
		Green   int                    `json:"green"`
		Red     int                    `json:"red"`
		Unclear int                    `json:"unclear"`
		Baking  bool                   `json:"baking"`
		Last    []contract.CheckResult `json:"last"`
		// Status is the snapshot's or the server's, as the API showed it last.
		Status        string `json:"status"`
		SeenRestoring bool   `json:"seen_restoring"`
		Absent        int    `json:"absent"`
	} `json:"state"`
}

// HeartbeatChecks are the last looks of the checks in a verification's heartbeat; empty for another activity's.
func HeartbeatChecks(data []byte) []contract.CheckResult {
	var beat heartbeat
	if json.Unmarshal(data, &beat) != nil {
		return nil
	}
	return beat.State.Last
}

// HeartbeatWords says in words what an activity's heartbeat holds. It is empty for one that holds something else: raw
// JSON tells a person nothing.
func HeartbeatWords(data []byte) string {
	var beat heartbeat
	if json.Unmarshal(data, &beat) != nil {
		return ""
	}
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	s := beat.State
	if beat.Elapsed > 0 {
		add("%s watched", Elapsed(beat.Elapsed.Std()))
	}
	if s.Status != "" {
		add("last seen %s", s.Status)
	}
	if s.SeenRestoring && s.Status != "restoring" {
		add("was seen restoring")
	}
	if s.Absent > 0 {
		add("missing from %s in a row", plural(s.Absent, "list"))
	}
	if s.Rounds > 0 {
		add("%s of checks (in a row: %d green, %d red, %d unclear)", plural(s.Rounds, "round"), s.Green, s.Red, s.Unclear)
	}
	if s.Baking {
		add("passed, must stay green for the bake time")
	}
	for _, check := range s.Last {
		add("%s", checkText(check))
	}
	return Clean(strings.Join(parts, ", "))
}
