package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// withPolicy is a rotation that differs from a good one in its policy.
func withPolicy(policy string) string { return `{"servers": [1], "policy": {` + policy + `}}` }

// rotationField adds one top-level field to a good rotation.
func rotationField(field string) string {
	return `{"servers": [1], "policy": {"keep_last": 2}, ` + field + `}`
}

// badRotations maps an input of SnapshotRotation to the exact paths of its problems, in order.
var badRotations = map[string]struct{ json, paths string }{
	"nothing in it":          {`{}`, "servers policy"},
	"null":                   {`null`, "input"},
	"a list":                 {`[]`, "input"},
	"unknown":                {rotationField(`"server": 1`), "server"},
	"unknown in policy":      {withPolicy(`"keep_lasts": 2`), "policy.keep_lasts"},
	"empty policy":           {withPolicy(``), "policy"},
	"only floors":            {withPolicy(`"min_count": 2, "protect": ["a"]`), "policy"},
	"keeps nothing":          {withPolicy(`"keep_last": 0, "keep_within": "0s"`), "policy"},
	"counts":                 {withPolicy(`"keep_last": -1, "keep_hourly": 6, "keep_daily": 7, "keep_weekly": 99, "keep_monthly": 12, "min_count": 6`), "policy.keep_last policy.keep_hourly policy.keep_daily policy.keep_weekly policy.keep_monthly policy.min_count"},
	"count of another kind":  {withPolicy(`"keep_last": "3"`), "policy.keep_last"},
	"times":                  {withPolicy(`"keep_within": "-1h", "expire_after": "3651d"`), "policy.keep_within policy.expire_after"},
	"time without a unit":    {withPolicy(`"keep_within": "7"`), "policy.keep_within"},
	"policy name":            {withPolicy(`"keep_last": 1, "name": "my policy"`), "policy.name"},
	"policy name empty":      {withPolicy(`"keep_last": 1, "name": ""`), "policy.name"},
	"a deploy's policy":      {withPolicy(`"keep_last": 1, "name": "update"`), "policy.name"},
	"the safety policy":      {withPolicy(`"keep_last": 1, "name": "safety"`), "policy.name"},
	"protect":                {withPolicy(`"keep_last": 1, "protect": ["", "a[", "ok-*", "a\u0007"]`), "policy.protect[3] policy.protect[0] policy.protect[1]"},
	"101 patterns":           {withPolicy(`"keep_last": 1, "protect": [` + strings.TrimSuffix(strings.Repeat(`"a",`, 101), ",") + `]`), "policy.protect"},
	"prefix":                 {rotationField(`"snapshot": {"name_prefix": "-x"}`), "snapshot.name_prefix"},
	"description":            {rotationField(`"snapshot": {"description": "policy=update"}`), "snapshot.description"},
	"ready timeout":          {rotationField(`"snapshot": {"ready_timeout": "25h"}`), "snapshot.ready_timeout"},
	"stop without a create":  {rotationField(`"create": false, "snapshot": {"stop_server": true}`), "snapshot.stop_server"},
	"create a string":        {rotationField(`"create": "no"`), "create"},
	"lock":                   {rotationField(`"lock": {"on_busy": "queue", "timeout": "0s"}`), "lock.on_busy lock.timeout"},
	"concurrency":            {rotationField(`"max_concurrency": 0`), "max_concurrency"},
	"concurrency too high":   {rotationField(`"max_concurrency": 201`), "max_concurrency"},
	"concurrency of 0%":      {rotationField(`"max_concurrency": "0%"`), "max_concurrency"},
	"reason":                 {rotationField(`"reason": "a\nb"`), "reason"},
	"notify":                 {rotationField(`"notify": [{"url": "ftp://a"}]`), "notify[0].url"},
	"not during":             {rotationField(`"not_during": [{"from": "25:00", "to": "03:00"}]`), "not_during[0].from"},
	"two ways":               {`{"servers": [1], "all": true, "policy": {"keep_last": 1}}`, "all"},
	"three ways":             {`{"servers": [1], "selector": {"name": "*"}, "all": true, "policy": {"keep_last": 1}}`, "selector all"},
	"no servers":             {`{"servers": [], "policy": {"keep_last": 1}}`, "servers"},
	"all is false":           {`{"all": false, "policy": {"keep_last": 1}}`, "servers"},
	"bad ids":                {`{"servers": [0, 5, 5, -1, 1000000000000], "policy": {"keep_last": 1}}`, "servers[0] servers[2] servers[3] servers[4]"},
	"ids of another kind":    {`{"servers": ["web"], "policy": {"keep_last": 1}}`, "servers[0]"},
	"empty selector":         {`{"selector": {}, "policy": {"keep_last": 1}}`, "selector"},
	"only exclusions":        {`{"selector": {"exclude": [5]}, "policy": {"keep_last": 1}}`, "selector"},
	"bad selector":           {`{"selector": {"name": "a[", "status": "up", "exclude": [0], "exclude_names": ["["]}, "policy": {"keep_last": 1}}`, "selector.name selector.status selector.exclude[0] selector.exclude_names[0]"},
	"unknown in selector":    {`{"selector": {"name": "*", "tags": []}, "policy": {"keep_last": 1}}`, "selector.tags"},
	"selector of other kind": {`{"selector": "web-*", "policy": {"keep_last": 1}}`, "selector"},
}

func TestEveryProblemOfABadRotationIsReportedAtItsPath(t *testing.T) {
	for name, tt := range badRotations {
		t.Run(name, func(t *testing.T) {
			in, err := decodeSnapshotRotation(jsonInput(tt.json))
			assert.Equal(t, SnapshotRotationInput{}, in, "a half-read input must not be used")
			assert.Equal(t, strings.Fields(tt.paths), problemPaths(problemsIn(t, err)), "%v", err)
		})
	}
}

func problemsIn(t *testing.T, err error) []strictjson.Problem {
	t.Helper()
	var invalid *InvalidInputError
	require.ErrorAs(t, err, &invalid)
	return invalid.Problems
}

func TestAPolicyMayBeAnyOneRule(t *testing.T) {
	for _, rule := range []string{
		`"keep_last": 5`, `"keep_hourly": 1`, `"keep_daily": 5`, `"keep_weekly": 4`, `"keep_monthly": 2`, `"keep_within": "7d"`, `"expire_after": "3650d"`,
		`"keep_last": 1, "name": "Nightly_2", "min_count": 5, "protect": ["before-*", "release-[0-9]"]`,
	} {
		_, err := decodeSnapshotRotation(jsonInput(withPolicy(rule)))
		assert.NoError(t, err, rule)
	}
}

func TestTheLeastRotationHasEveryDefault(t *testing.T) {
	in, err := decodeSnapshotRotation(jsonInput(exampleRotation))
	require.NoError(t, err)
	assert.Equal(t, SnapshotRotationInput{
		Servers: []int64{12345}, Create: true,
		Snapshot:       SnapshotInput{NamePrefix: "rotation", ReadyTimeout: Duration(30 * time.Minute)},
		Policy:         PolicyInput{Name: contract.PolicyRotation, KeepLast: 3},
		MaxConcurrency: Amount{Number: 10},
		Lock:           LockInput{OnBusy: BusySkip, Timeout: Duration(30 * time.Minute)},
	}, in)
	assert.True(t, in.oneServer())
}

func TestThePrefixFollowsThePolicysName(t *testing.T) {
	in, err := decodeSnapshotRotation(jsonInput(withPolicy(`"keep_last": 1, "name": "nightly"`)))
	require.NoError(t, err)
	assert.Equal(t, "nightly", in.Snapshot.NamePrefix)
}

func TestTheSelectionIsWhatTheActivitiesAreAsked(t *testing.T) {
	in, err := decodeSnapshotRotation(jsonInput(`{"selector": {"name": "web-*", "location": "amsterdam", "status": "active", "exclude": [7], "exclude_names": ["web-test*"]}, "policy": {"keep_last": 1}}`))
	require.NoError(t, err)
	assert.False(t, in.oneServer())
	assert.Equal(t, contract.Selector{NameGlob: "web-*", Location: "amsterdam", Status: contract.ServerActive, Exclude: []int64{7}, ExcludeNames: []string{"web-test*"}},
		selectorOf(in.Servers, in.Selector, in.All))
}

func TestARotationWithoutAnInputIsRefusedWithAnExample(t *testing.T) {
	for _, raw := range []converter.RawValue{{}, payloadOf(converter.MetadataEncodingNil, "")} {
		_, err := decodeSnapshotRotation(raw)
		assert.ErrorContains(t, err, exampleRotation)
		_, err = decodeSnapshotAudit(raw)
		assert.ErrorContains(t, err, exampleAudit)
	}
}

func TestABadInputEndsARotationAsInvalidInput(t *testing.T) {
	h := newRotation(t, func(in *SnapshotRotationInput) { in.Policy.KeepLast = 0 })
	e := h.run()
	assert.Equal(t, contract.FailInvalidInput, e.failure)
	assert.Contains(t, e.err.Error(), "policy: has no rule")
	assert.Empty(t, e.names())
}
