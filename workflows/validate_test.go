package workflows

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Inputs that differ from a good one in the part that the test writes.
func withUpdate(update string) string {
	return `{"server_id": 12345, "verify": {"skip": true}, "update": {` + update + `}}`
}

func withVerify(verify string) string {
	return `{"server_id": 12345, "update": {"kind": "none"}, "verify": {` + verify + `}}`
}

func withChecks(checks string) string { return withVerify(`"checks": [` + checks + `]`) }

// withField adds one top-level field to a good input.
func withField(field string) string {
	return `{"server_id": 12345, "update": {"kind": "none"}, "verify": {"skip": true}, ` + field + `}`
}

func withServer(id string) string {
	return `{"server_id": ` + id + `, "update": {"kind": "none"}, "verify": {"skip": true}}`
}

const (
	goodCheck = `{"kind": "http", "url": "https://web01.example.com/healthz"}`
	noFields  = "server_id update.kind verify.checks" // what is missing from {}
)

// badInputs maps an input to the exact paths of its problems, in order.
var badInputs = map[string]struct{ json, paths string }{
	"empty text":            {``, "input"},
	"null":                  {`null`, "input"},
	"a list":                {`[]`, "input"},
	"a list with an input":  {`[` + withServer("1") + `]`, "input"},
	"a string":              {`"x"`, "input"},
	"a number":              {`12345`, "input"},
	"nothing in it":         {`{}`, noFields},
	"everything null":       {`{"server_id": null, "update": null, "verify": null}`, "server_id update verify"},
	"malformed":             {`{"server_id": 12345,}`, "input"},
	"cut off":               {`{"server_id": 12345`, "input"},
	"trailing garbage":      {withServer("12345") + ` x`, "input"},
	"two objects":           {`{}{}`, "input"},
	"nested deep":           {`{"update": ` + strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat(`}`, 40) + `}`, "input"},
	"unknown at the top":    {withField(`"retentions": {}`), "retentions"},
	"unknown, other case":   {withField(`"Reason": ""`), "Reason"},
	"unknown in snapshot":   {withField(`"snapshot": {"prefix": "a"}`), "snapshot.prefix"},
	"unknown in update":     {withUpdate(`"kind": "none", "shell": "x"`), "update.shell"},
	"unknown in verify":     {withVerify(`"skip": true, "check": []`), "verify.check"},
	"unknown in a check":    {withChecks(goodCheck + `, {"kind": "tcp", "adress": "a:1"}`), "verify.checks[1].adress verify.checks[1].address"},
	"unknown in rollback":   {withField(`"rollback": {"timeout": "1m"}`), "rollback.timeout"},
	"unknown in retention":  {withField(`"retention": {"keep-last": 2}`), "retention.keep-last"},
	"unknown in lock":       {withField(`"lock": {"wait": true}`), "lock.wait"},
	"given twice":           {withField(`"server_id": 12346`), "server_id"},
	"given twice inside":    {withUpdate(`"kind": "none", "kind": "external"`), "update.kind"},
	"server zero":           {withServer(`0`), "server_id"},
	"server negative":       {withServer(`-5`), "server_id"},
	"server too large":      {withServer(`1000000000000`), "server_id"},
	"server beyond int64":   {withServer(`99999999999999999999`), "server_id"},
	"server 1e400":          {withServer(`1e400`), "server_id"},
	"server fraction":       {withServer(`12345.5`), "server_id"},
	"server as a string":    {withServer(`"12345"`), "server_id"},
	"server as a list":      {withServer(`[12345]`), "server_id"},
	"reason long":           {withField(`"reason": "` + strings.Repeat("é", 501) + `"`), "reason"},
	"reason of two lines":   {withField(`"reason": "a\nb"`), "reason"},
	"reason a number":       {withField(`"reason": 5`), "reason"},
	"dry run a string":      {withField(`"dry_run": "yes"`), "dry_run"},
	"prefix empty":          {withField(`"snapshot": {"name_prefix": ""}`), "snapshot.name_prefix"},
	"prefix long":           {withField(`"snapshot": {"name_prefix": "` + strings.Repeat("a", 25) + `"}`), "snapshot.name_prefix"},
	"prefix with a space":   {withField(`"snapshot": {"name_prefix": "pre update"}`), "snapshot.name_prefix"},
	"prefix not ASCII":      {withField(`"snapshot": {"name_prefix": "vör"}`), "snapshot.name_prefix"},
	"prefix starts badly":   {withField(`"snapshot": {"name_prefix": "-a"}`), "snapshot.name_prefix"},
	"too many heartbeats":   {`{"server_id": 12345, "update": {"kind": "external", "timeout": "24h", "heartbeat_timeout": "10s"}, "verify": {"skip": true}}`, "update.heartbeat_timeout"},
	"description long":      {withField(`"snapshot": {"description": "` + strings.Repeat("a", 151) + `"}`), "snapshot.description"},
	"description control":   {withField(`"snapshot": {"description": "a\u0007"}`), "snapshot.description"},
	"description managed":   {withField(`"snapshot": {"description": "by me managed-by=me"}`), "snapshot.description"},
	"description run":       {withField(`"snapshot": {"description": "run=1"}`), "snapshot.description"},
	"description policy":    {withField(`"snapshot": {"description": "a policy=daily b"}`), "snapshot.description"},
	"ready timeout zero":    {withField(`"snapshot": {"ready_timeout": "0s"}`), "snapshot.ready_timeout"},
	"ready timeout no unit": {withField(`"snapshot": {"ready_timeout": "30"}`), "snapshot.ready_timeout"},
	"ready timeout number":  {withField(`"snapshot": {"ready_timeout": 30}`), "snapshot.ready_timeout"},
	"ready timeout minus":   {withField(`"snapshot": {"ready_timeout": "-5m"}`), "snapshot.ready_timeout"},
	"ready timeout huge":    {withField(`"snapshot": {"ready_timeout": "1000000h"}`), "snapshot.ready_timeout"},
	"ready timeout beyond":  {withField(`"snapshot": {"ready_timeout": "99999999999h"}`), "snapshot.ready_timeout"},
	"keep none":             {withField(`"retention": {"keep_last": 0}`), "retention.keep_last"},
	"keep six":              {withField(`"retention": {"keep_last": 6}`), "retention.keep_last"},
	"on failure":            {withField(`"rollback": {"on_failure": "Restore"}`), "rollback.on_failure"},
	"rollback times":        {withField(`"rollback": {"restore_timeout": "25h", "hold_timeout": "721h"}`), "rollback.restore_timeout rollback.hold_timeout"},
	"lock":                  {withField(`"lock": {"on_busy": "", "timeout": "169h"}`), "lock.on_busy lock.timeout"},
	"update kind missing":   {withUpdate(``), "update.kind"},
	"update kind unknown":   {withUpdate(`"kind": "Webhook"`), "update.kind"},
	"update kind ssh":       {withUpdate(`"kind": "ssh"`), "update.address update.command"},
	"update kind workflow":  {withUpdate(`"kind": "workflow"`), "update.type update.task_queue"},
	"webhook without URL":   {withUpdate(`"kind": "webhook"`), "update.url"},
	"URL without webhook":   {withUpdate(`"kind": "external", "url": "https://a.example/"`), "update.url"},
	"update times":          {withUpdate(`"kind": "none", "timeout": "0s", "heartbeat_timeout": "999ms", "begin_timeout": "24h1s"`), "update.timeout update.heartbeat_timeout update.begin_timeout"},
	"on unknown":            {withUpdate(`"kind": "none", "on_unknown": "ignore"`), "update.on_unknown"},
	"update is a string":    {`{"server_id": 12345, "verify": {"skip": true}, "update": "none"}`, "update"},
	"no checks":             {withChecks(``), "verify.checks"},
	"checks and skip":       {withVerify(`"skip": true, "checks": [` + goodCheck + `]`), "verify.skip"},
	"checks are an object":  {withVerify(`"checks": {"kind": "http"}`), "verify.checks"},
	"ssh fields elsewhere":  {withUpdate(`"kind": "none", "address": "a:22", "command": "x", "type": "T", "task_queue": "q", "input": {}`), "update.address update.command update.type update.task_queue update.input"},
	"a runbook as change":   {withUpdate(`"kind": "workflow", "type": "SnapshotUpdateVerify", "task_queue": "safepoint"`), "update.type"},
	"ssh check fields":      {withChecks(`{"kind": "ssh", "address": "nohost", "command": " ", "url": "http://a", "expect_status": 200, "expect_body": "x"}, {"kind": "tcp", "address": "a:1", "command": "x"}, {"kind": "http", "url": "http://a", "command": "x"}`), "verify.checks[0].address verify.checks[0].command verify.checks[0].url verify.checks[0].expect_status verify.checks[0].expect_body verify.checks[1].command verify.checks[2].command"},
	"backup without create": {withField(`"backup": {"wait": true, "timeout": "0s"}`), "backup.timeout backup.create"},
	"notify":                {withField(`"notify": [{"on": ["begun"]}, {"url": "file:///etc/passwd"}]`), "notify[0].url notify[0].on[0] notify[1].url"},
	"freeze windows":        {withField(`"not_during": [{"days": ["moonday"], "from": "25:00", "to": "06:00"}]`), "not_during[0].days[0] not_during[0].from"},
	"checks of no kind":     {withChecks(`{}, {"kind": "ssh"}, {"kind": "icmp"}, 5`), "verify.checks[3] verify.checks[0].kind verify.checks[1].address verify.checks[1].command verify.checks[2].kind"},
	"51 checks":             {withChecks(strings.Repeat(goodCheck+",", 50) + `{}`), "verify.checks"},
	"2000 checks":           {withChecks(strings.Repeat(goodCheck+",", 1999) + `{}`), "verify.checks"},
	"names twice":           {withChecks(`{"name": "check-2", "kind": "tcp", "address": "a:1"}, ` + goodCheck + `, {"name": "check-2", "kind": "tcp", "address": "a:1"}`), "verify.checks[1].name verify.checks[2].name"},
	"names bad":             {withChecks(`{"name": " ", "kind": "tcp", "address": "a:1"}, {"name": "` + strings.Repeat("n", 61) + `", "kind": "tcp", "address": "a:1"}, {"name": "\t.", "kind": "tcp", "address": "a:1"}`), "verify.checks[0].name verify.checks[1].name verify.checks[2].name"},
	"http check":            {withChecks(`{"kind": "http", "address": "a:1", "expect_status": 0, "timeout": "0s", "expect_body": "` + strings.Repeat("b", 1001) + `"}`), "verify.checks[0].timeout verify.checks[0].url verify.checks[0].address verify.checks[0].expect_status verify.checks[0].expect_body"},
	"http status":           {withChecks(`{"kind": "http", "url": "http://a", "expect_status": 99}, {"kind": "http", "url": "http://a", "expect_status": 600}, {"kind": "http", "url": "http://a", "expect_status": -2147483647}`), "verify.checks[0].expect_status verify.checks[1].expect_status verify.checks[2].expect_status"},
	"tcp check":             {withChecks(`{"kind": "tcp", "url": "http://a", "expect_status": 200, "expect_body": "b", "timeout": "5m1s"}`), "verify.checks[0].timeout verify.checks[0].address verify.checks[0].url verify.checks[0].expect_status verify.checks[0].expect_body"},
	"verify numbers":        {withVerify(`"skip": true, "successes": 0, "failures": 1001`), "verify.successes verify.failures"},
	"verify number kinds":   {withVerify(`"skip": true, "successes": "3", "failures": 2.5`), "verify.successes verify.failures"},
	"verify times":          {withVerify(`"skip": true, "initial_delay": "-1s", "interval": "99ms", "timeout": "24h0m1s", "bake_time": "25h"`), "verify.initial_delay verify.interval verify.timeout verify.bake_time"},
	"all over": {`{"server_id": "1", "reason": "\u0000", "snapshot": {"name_prefix": 5}, "update": {"url": "ftp://a"}, "verify": {"checks": [{"kind": "http", "x": 1}]},
		"rollback": {"on_failure": "no"}, "retention": {"keep_last": 9}, "lock": [], "dry_run": 1, "extra": {}}`,
		"server_id snapshot.name_prefix verify.checks[0].x lock dry_run extra " +
			"reason update.kind update.url verify.checks[0].url rollback.on_failure retention.keep_last"},
}

func TestEveryProblemOfABadInputIsReportedAtItsPath(t *testing.T) {
	require.Greater(t, len(badInputs), 45)
	for name, tt := range badInputs {
		t.Run(name, func(t *testing.T) {
			problems := problemsOf(t, jsonInput(tt.json))
			assert.Equal(t, strings.Fields(tt.paths), problemPaths(problems), "%v", problems)
		})
	}
}

// TestWhatTheBadInputsStartFromIsGood keeps the table honest: only the part under test is wrong.
func TestWhatTheBadInputsStartFromIsGood(t *testing.T) {
	for _, good := range []string{
		withServer("1"), withServer("999999999999"), withField(`"dry_run": true`), withUpdate(`"kind": "external"`),
		withVerify(`"skip": true`), withChecks(goodCheck), withChecks(strings.TrimSuffix(strings.Repeat(goodCheck+",", 50), ",")),
	} {
		_, err := decodeSnapshotUpdateVerify(jsonInput(good))
		require.NoError(t, err)
	}
}

func TestTheBoundsThemselvesAreAllowed(t *testing.T) {
	for _, good := range []string{
		withField(`"reason": "` + strings.Repeat("é", 500) + `"`),
		withField(`"snapshot": {"name_prefix": "9_-` + strings.Repeat("Z", 21) + `", "description": "` + strings.Repeat("a", 136) + ` protect=true", "ready_timeout": "24h"}`),
		withField(`"snapshot": {"description": "prune=1 a.run=2 policy", "ready_timeout": "1s"}`),
		withField(`"rollback": {"on_failure": "hold", "restore_timeout": "24h", "hold_timeout": "720h"}`),
		withField(`"retention": {"keep_last": 5}, "lock": {"on_busy": "skip", "timeout": "168h"}`),
		withUpdate(`"kind": "webhook", "url": "http://a/", "timeout": "1s", "heartbeat_timeout": "24h", "begin_timeout": "1s", "on_unknown": "commit"`),
		withVerify(`"skip": true, "initial_delay": "24h", "interval": "100ms", "timeout": "24h", "bake_time": "24h", "successes": 1000, "failures": 1`),
		withVerify(`"skip": true, "initial_delay": "0s", "interval": "1h", "timeout": "1s", "bake_time": "0s", "baseline": true`),
		withChecks(`{"name": "` + strings.Repeat("n", 60) + `", "kind": "http", "url": "http://a", "timeout": "100ms", "expect_status": 599, "expect_body": "` + strings.Repeat("b", 1000) + `"},
			{"kind": "http", "url": "http://a", "timeout": "5m", "expect_status": 100}`),
	} {
		_, err := decodeSnapshotUpdateVerify(jsonInput(good))
		require.NoError(t, err, good)
	}
}
