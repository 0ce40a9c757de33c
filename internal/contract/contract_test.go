package contract

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestADurationIsWrittenAsAPersonWritesIt(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"30m": 30 * time.Minute, "1h": time.Hour, "1h30m": 90 * time.Minute, "1m30s": 90 * time.Second,
		"0s": 0, "10s": 10 * time.Second, "250ms": 250 * time.Millisecond, "10h": 10 * time.Hour, "20m": 20 * time.Minute,
	} {
		assert.Equal(t, want, Duration(d).String())
	}
}

func TestADurationReadsBackWhatItWrote(t *testing.T) {
	for _, d := range []time.Duration{0, time.Millisecond, 59 * time.Second, time.Minute, 61 * time.Minute, 25 * time.Hour} {
		b, err := json.Marshal(Duration(d))
		require.NoError(t, err)
		var back Duration
		require.NoError(t, json.Unmarshal(b, &back))
		assert.Equal(t, d, back.Std(), "through %s", b)
	}
}

func TestANumberIsNotADurationBecauseItsUnitWouldBeAGuess(t *testing.T) {
	var d Duration
	assert.ErrorContains(t, json.Unmarshal([]byte(`30`), &d), "string")
	assert.ErrorContains(t, json.Unmarshal([]byte(`"30"`), &d), "not a duration")
}

func TestAMarkerReadsBackWhateverTextStandsBeforeIt(t *testing.T) {
	for _, text := range []string{"", "before the upgrade", "run=forged policy=forged", "  spaces  "} {
		m := Marker{RunID: "5c6a", Policy: PolicyUpdate}
		got := ParseMarker(m.Describe(text))
		assert.Equal(t, Marker{Managed: true, RunID: "5c6a", Policy: PolicyUpdate}, got, "text %q", text)
	}
}

func TestLaw4OwnershipIsAWholeWordNeverASubstring(t *testing.T) {
	for _, description := range []string{"", "not-managed-by=safepoint", "managed-by=safepointer", "managed-by=safepoint2 policy=update"} {
		assert.False(t, ParseMarker(description).Managed, "%q", description)
	}
	assert.NotEqual(t, PolicyUpdate, ParseMarker("managed-by=safepoint policy=update-nightly").Policy)
	assert.True(t, ParseMarker("x managed-by=safepoint protect=true").Protected)
}

func TestLaw2AnUnknownStatusIsNeitherCompletedNorFinished(t *testing.T) {
	for _, status := range []SnapshotStatus{"", SnapshotInProgress, "COMPLETED", "complete", "queued", "completed "} {
		s := Snapshot{Status: status}
		assert.False(t, s.Completed(), "%q", status)
		assert.False(t, s.Finished(), "%q", status)
	}
	assert.True(t, Snapshot{Status: SnapshotCompleted}.Completed())
	assert.True(t, Snapshot{Status: SnapshotError}.Finished())
}

func TestAWriteEndsBeforeItsDeadlineWithRoomToReport(t *testing.T) {
	assert.Less(t, WriteSendWithin+WriteRequestTimeout, WriteDeadline)
	assert.Less(t, CheckedWriteSendWithin+WriteRequestTimeout, CheckedWriteDeadline)
	assert.Less(t, WriteRequestTimeout, CheckedWriteSendWithin, "one slow list must leave time to send")
	assert.GreaterOrEqual(t, WriteGrace, max(WriteDeadline, CheckedWriteDeadline))
}

// Everything here travels through histories: a field without a stable JSON name would change with a Go refactoring.
func TestEveryFieldThatTravelsHasAJSONName(t *testing.T) {
	for _, v := range []any{
		PreflightResult{}, ReadServerResult{}, CreateSnapshotInput{}, CreateSnapshotResult{}, FindSnapshotInput{},
		FindSnapshotResult{}, AwaitSnapshotInput{}, AwaitSnapshotResult{}, DeleteSnapshotInput{}, DeleteSnapshotResult{},
		RestoreSnapshotInput{}, RestoreSnapshotResult{}, AwaitRestoreInput{}, AwaitRestoreResult{}, PowerInput{}, PowerResult{},
		AwaitServerInput{}, AwaitServerResult{}, AwaitAccessInput{}, AwaitAccessResult{}, SendWebhookInput{}, SendWebhookResult{}, RunSSHInput{}, RunSSHResult{},
		VerifyInput{}, VerifyResult{}, AwaitLockInput{}, AwaitLockResult{}, LockGraceInput{}, LockGraceResult{}, LockRequest{},
		Snapshot{}, Server{}, Check{}, CheckResult{}, Fence{}, WriteAnswer{}, OwnSnapshot{}, RestorePoint{}, LockHolder{},
	} {
		typ := reflect.TypeOf(v)
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			assert.Regexp(t, `^[a-z][a-z0-9_]*$`, name, "%s.%s", typ.Name(), typ.Field(i).Name)
		}
	}
}

func TestADurationMayBeWrittenInWholeDaysAndWeeks(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30m": 30 * time.Minute, "14d": 14 * 24 * time.Hour, "2w": 14 * 24 * time.Hour, "0d": 0, "-1d": -24 * time.Hour,
	} {
		got, err := ParseDuration(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got.Std(), text)
	}
	for _, text := range []string{"", "d", "1.5d", "1d12h", "1dw", "99999999999d", "30", "w"} {
		_, err := ParseDuration(text)
		assert.Error(t, err, text)
	}
}
