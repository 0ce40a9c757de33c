package activities

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

func TestPreflightIsTheWholePictureInTheContractsTypes(t *testing.T) {
	api := readyAPI()
	updated := time.Unix(50, 0).UTC()
	api.server = vpsorg.Server{ID: testServer, Name: "web01", Hostname: "h", Status: "active", IPAddress: "192.0.2.1", UpdatedAt: updated}
	api.now = time.Unix(200, 0).UTC()
	a, _ := newActivities(api)
	got, err := execute[contract.PreflightResult](t, a, a.Preflight, contract.PreflightInput{ServerID: testServer})
	require.NoError(t, err)
	assert.Equal(t, "ci", got.TokenName)
	assert.Equal(t, api.now, got.Now, "the API's own clock")
	assert.Equal(t, contract.Server{ID: testServer, Name: "web01", Hostname: "h", Status: contract.ServerActive, IPAddress: "192.0.2.1", UpdatedAt: updated}, got.Server)
	require.Len(t, got.Snapshots, 2)
	assert.Equal(t, contract.Snapshot{
		ID: 1, ServerID: testServer, Name: testName, Status: contract.SnapshotCompleted,
		Description: description("run-1", "update"), CreatedAt: time.Unix(100, 0).UTC(),
	}, got.Snapshots[0])

	read, err := execute[contract.ReadServerResult](t, a, a.ReadServer, contract.ServerInput{ServerID: testServer})
	require.NoError(t, err)
	assert.Equal(t, contract.ReadServerResult{Server: got.Server, Snapshots: got.Snapshots, RunID: testRun}, read)
}

func TestAReadThatIsRefusedIsFinal(t *testing.T) {
	for status, class := range map[int]string{401: contract.ErrUnauthorized, 404: contract.ErrNotFound} {
		api := readyAPI()
		api.readErr = apiSays(status)
		a, _ := newActivities(api)
		_, err := execute[contract.ReadServerResult](t, a, a.ReadServer, contract.ServerInput{ServerID: testServer})
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		assert.Equal(t, class, app.Type())
		assert.True(t, app.NonRetryable())
	}
}

func TestListSnapshotsFindsOursAtOnce(t *testing.T) {
	api := readyAPI()
	a, _ := newActivities(api)
	a.settle = time.Hour
	got, err := execute[contract.FindSnapshotResult](t, a, a.ListSnapshots,
		contract.FindSnapshotInput{Own: contract.OwnSnapshot{ServerID: testServer, Name: testName, RunID: "run-1"}})
	require.NoError(t, err)
	require.Len(t, got.Ours, 1)
	assert.EqualValues(t, 1, got.Ours[0].ID)
	assert.Len(t, got.All, 2)
}

func TestASlowReadHeartbeats(t *testing.T) {
	beats := make(chan struct{}, 1)
	api := readyAPI()
	api.list = func() ([]vpsorg.Snapshot, error) {
		select {
		case <-beats:
			return nil, nil
		case <-time.After(10 * time.Second):
			return nil, errors.New("no heartbeat came")
		}
	}
	a, _ := newActivities(api)
	env := newEnv(t, a)
	env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) {
		select {
		case beats <- struct{}{}:
		default:
		}
	})
	_, err := runAs[contract.ReadServerResult](t, env, a.ReadServer, contract.ServerInput{ServerID: testServer})
	require.NoError(t, err)
}

func TestADescriptionThatIsTooLongIsNoMarker(t *testing.T) {
	long := "managed-by=safepoint policy=update run=r " + strings.Repeat("x", longestDescription)
	assert.Empty(t, snapshotOf(vpsorg.Snapshot{Description: long}).Description)
	assert.NotEmpty(t, snapshotOf(vpsorg.Snapshot{Description: long[:longestDescription]}).Description)
}
