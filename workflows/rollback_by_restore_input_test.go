package workflows

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withRestore adds fields to the least input that needs no checks.
func withRestore(fields string) string {
	return `{"server_id": 12345, "snapshot": "latest", "verify": {"skip": true}, ` + fields + `}`
}

func withChoice(choice string) string {
	return `{"server_id": 12345, "verify": {"skip": true}, "snapshot": ` + choice + `}`
}

func TestEveryProblemOfARollbacksInputIsNamedByItsPath(t *testing.T) {
	cases := map[string]struct{ json, paths string }{
		"nothing in it":           {`{}`, "server_id snapshot verify.checks"},
		"a list":                  {`[]`, "input"},
		"null":                    {`null`, "input"},
		"unknown fields":          {withRestore(`"update": {}, "dryrun": true`), "update dryrun"},
		"unknown in approval":     {withRestore(`"approval": {"by": "ana"}`), "approval.by"},
		"unknown in safety":       {withRestore(`"safety": {"keep_last": 2}`), "safety.keep_last"},
		"unknown in rollback":     {withRestore(`"rollback": {"on_failure": "restore"}`), "rollback.on_failure"},
		"server below":            {`{"server_id": -1, "snapshot": 801, "verify": {"skip": true}}`, "server_id"},
		"snapshot empty":          {withChoice(`""`), "snapshot"},
		"snapshot null":           {withChoice(`null`), "snapshot"},
		"snapshot true":           {withChoice(`true`), "snapshot"},
		"snapshot zero":           {withChoice(`0`), "snapshot"},
		"snapshot below":          {withChoice(`-5`), "snapshot"},
		"snapshot 1e3":            {withChoice(`1e3`), "snapshot"},
		"snapshot beyond int64":   {withChoice(`"99999999999999999999"`), "snapshot"},
		"snapshot of two words":   {withChoice(`"the last"`), "snapshot"},
		"snapshot long":           {withChoice(`"` + strings.Repeat("n", 256) + `"`), "snapshot"},
		"snapshot a list":         {withChoice(`[801]`), "snapshot"},
		"a baseline":              {`{"server_id": 1, "snapshot": 801, "verify": {"skip": true, "baseline": true}}`, "verify.baseline"},
		"no checks":               {`{"server_id": 1, "snapshot": 801, "verify": {}}`, "verify.checks"},
		"checks and skip":         {`{"server_id": 1, "snapshot": 801, "verify": {"skip": true, "checks": [` + goodCheck + `]}}`, "verify.skip"},
		"a bad check":             {`{"server_id": 1, "snapshot": 801, "verify": {"checks": [{"kind": "tcp"}]}}`, "verify.checks[0].address"},
		"times":                   {withRestore(`"approval": {"timeout": "0s"}, "safety": {"ready_timeout": "25h"}, "rollback": {"restore_timeout": "25h", "hold_timeout": "721h"}`), "approval.timeout safety.ready_timeout rollback.restore_timeout rollback.hold_timeout"},
		"required without a copy": {withRestore(`"safety": {"required": true}`), "safety.required"},
		"lock":                    {withRestore(`"lock": {"on_busy": "queue", "timeout": "169h"}`), "lock.on_busy lock.timeout"},
		"notify":                  {withRestore(`"notify": [{"url": "ftp://a"}, {}]`), "notify[0].url notify[1].url"},
		"eleven notify":           {withRestore(`"notify": [` + strings.Repeat(`{"url": "https://a.example/"},`, 10) + `{"url": "https://a.example/"}]`), "notify"},
		"reason of two lines":     {withRestore(`"reason": "a\nb"`), "reason"},
		"after_run of two lines":  {withRestore(`"after_run": "a\nb"`), "after_run"},
		"after_run long":          {withRestore(`"after_run": "` + strings.Repeat("a", 1001) + `"`), "after_run"},
		"several at once":         {`{"server_id": "x", "snapshot": {}, "verify": {"skip": true}, "reason": 5}`, "server_id snapshot reason"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in, err := decodeRollbackByRestore(rawJSON([]byte(c.json)))
			var invalid *InvalidInputError
			require.True(t, errors.As(err, &invalid), "%v", err)
			var paths []string
			for _, p := range invalid.Problems {
				paths = append(paths, p.Path)
				assert.NotEmpty(t, p.Message)
			}
			assert.Equal(t, c.paths, strings.Join(paths, " "))
			assert.Zero(t, in, "a half-read input must not be used")
		})
	}
}

func TestTheLeastInputOfARollbackHasEveryDefault(t *testing.T) {
	in, err := decodeRollbackByRestore(rawJSON([]byte(exampleRollback)))
	require.NoError(t, err)
	assert.Equal(t, SnapshotChoice{Latest: LatestSnapshot}, in.Snapshot)
	assert.Equal(t, ApprovalInput{Timeout: Duration(24 * time.Hour)}, in.Approval)
	assert.Equal(t, SafetyInput{ReadyTimeout: Duration(30 * time.Minute)}, in.Safety)
	assert.Equal(t, RestoreLimits{RestoreTimeout: Duration(45 * time.Minute), HoldTimeout: Duration(24 * time.Hour)}, in.Rollback)
	assert.Equal(t, LockInput{OnBusy: BusyWait, Timeout: Duration(30 * time.Minute)}, in.Lock)
	assert.False(t, in.Verify.Baseline)
	assert.Equal(t, 3, in.Verify.Successes)
	assert.Equal(t, 200, in.Verify.Checks[0].ExpectStatus)
}

func TestASnapshotIsChosenByIDByNameOrByAWord(t *testing.T) {
	for text, want := range map[string]SnapshotChoice{
		`801`: {ID: 801}, `"801"`: {ID: 801}, `"nightly_1"`: {Name: "nightly_1"}, `"801x"`: {Name: "801x"},
		`"latest"`: {Latest: LatestSnapshot}, `"latest_any"`: {Latest: LatestAnySnapshot}, `"Latest"`: {Name: "Latest"},
	} {
		in, err := decodeRollbackByRestore(rawJSON([]byte(withChoice(text))))
		require.NoError(t, err, text)
		assert.Equal(t, want, in.Snapshot, text)
	}
}
