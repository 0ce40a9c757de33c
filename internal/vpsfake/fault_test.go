package vpsfake

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFaultThatCouldNeverHappenIsRefused(t *testing.T) {
	bad := map[string]Fault{
		"is not a fault":             {Kind: "typo"},
		"is not an operation":        {Kind: Hang, Op: "typo"},
		"snapshot_fails never":       {Kind: SnapshotFails, Op: OpDeleteSnapshot},
		"paged never":                {Kind: Paged, Op: OpAnyWrite},
		"positive number":            {Kind: Hang, Times: -1},
		"only clock_off":             {Kind: Hang, Duration: -1},
		"list_lags needs one":        {Kind: ListLags},
		"status_lags needs one":      {Kind: StatusLags},
		"clock_off needs one":        {Kind: ClockOff},
		"is not one of none, before": {Kind: Hang, Effect: "sometimes"},
		"must name its server":       {Kind: ForeignRestore},
	}
	for text, fault := range bad {
		assert.ErrorContains(t, fault.Validate(), text)
		assert.Panics(t, func() { New(Options{Faults: []Fault{fault}}) }, text)
	}
	several := Fault{Kind: "typo", Op: "typo", Times: -1}.Validate()
	for _, text := range []string{"kind:", "op:", "times"} {
		assert.ErrorContains(t, several, text)
	}
}

func TestEveryKindIsValidSomewhere(t *testing.T) {
	for _, kind := range sortedKinds() {
		assert.NoError(t, Fault{Kind: kind, ServerID: web01, Duration: time.Second}.Validate(), kind)
	}
	assert.Len(t, sortedKinds(), 22)
}

func TestAFaultIsTheSameInJSON(t *testing.T) {
	fault := Fault{ID: "f1", Kind: Hang, Op: OpAny, ServerID: 1, Times: 2, Skip: 3, Duration: 1500 * time.Millisecond, Status: "s",
		Effect: EffectAfter, RetryAfter: 4, PageSize: 5, Hits: 6}
	b, err := json.Marshal(fault)
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"f1","kind":"hang","op":"any","server_id":1,"times":2,"skip":3,"duration":"1.5s","status":"s",
		"effect":"after","retry_after":4,"page_size":5,"hits":6}`, string(b))
	var back Fault
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, fault, back)
	for _, bad := range []string{`{"kind":"hang","tims":1}`, `{"kind":"hang","duration":"soon"}`, `{"kind":"hang","duration":5}`} {
		assert.Error(t, json.Unmarshal([]byte(bad), &back), bad)
	}
}

func TestAFaultWithAChanceHitsItsShareOfTheRequestsAndTheSameOnesEachTime(t *testing.T) {
	hits := func() (pattern string) {
		h := start(t, Options{})
		h.SetFault(Fault{Kind: Error500First, Op: OpMe, Chance: 0.2})
		for range 500 {
			r, err := h.request(t.Context(), "GET", "/api/v1/account/me/", "")
			require.NoError(t, err)
			pattern += map[bool]string{true: "x", false: "."}[r.status == 500]
		}
		return pattern
	}
	first := hits()
	assert.InDelta(t, 100, strings.Count(first, "x"), 30)
	assert.Equal(t, first, hits())
	for _, chance := range []float64{-0.1, 1.1, math.NaN()} {
		assert.ErrorContains(t, Fault{Kind: Error500First, Chance: chance}.Validate(), "chance")
	}
}
