package activities

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// onFake are activities that talk to a stand-in, which is fast and whose clock is days slow.
func onFake(t *testing.T) (*Activities, *vpsfake.Fake, *vpsorg.Client) {
	t.Helper()
	const settle = 20 * time.Millisecond
	fake := vpsfake.New(vpsfake.Options{Speed: 10_000, Settle: settle, ClockOffset: -100 * time.Hour})
	fake.AddServer(vpsfake.ServerSpec{ID: testServer})
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	t.Cleanup(fake.Close)
	client, err := vpsorg.New(vpsorg.Options{Token: vpsfake.DefaultToken, BaseURL: server.URL + "/api/v1", RateLimit: 1000})
	require.NoError(t, err)
	a, _ := newActivities(client)
	a.settle = settle
	return a, fake, client
}

// Against the stand-in with its law book: whatever becomes of the answer, a runbook that looks has one backup in the end.
func TestLaw1ABackupWhoseAnswerIsLostIsFoundAndNotMadeTwice(t *testing.T) {
	for name, c := range map[string]struct {
		kind vpsfake.FaultKind
		want contract.WriteOutcome
		made int
	}{
		"cut before it took effect": {vpsfake.LostBefore, contract.WriteAmbiguous, 0},
		"cut after it took effect":  {vpsfake.LostAfter, contract.WriteAmbiguous, 1},
		"an answer that breaks off": {vpsfake.MalformedJSON, contract.WriteAmbiguous, 1},
		"500 after it took effect":  {vpsfake.Error500After, contract.WriteAmbiguous, 1},
		"a proxy's page":            {vpsfake.HTML502, contract.WriteAmbiguous, 0},
		"a rate limit":              {vpsfake.TooMany, contract.WriteNotSent, 0},
	} {
		t.Run(name, func(t *testing.T) {
			a, fake, client := onFake(t)
			earlier := fake.AddBackup(vpsfake.BackupSpec{ServerID: testServer, Description: contract.BackupDescription("", "an-earlier-run")})
			find := contract.FindBackupInput{ServerID: testServer, RunID: testRun, Timeout: contract.Duration(time.Minute)}
			before, err := execute[contract.FindBackupResult](t, a, a.FindBackup, find)
			require.NoError(t, err)
			assert.Equal(t, []int64{earlier}, before.IDs)
			assert.Empty(t, before.Ours)

			fake.SetFault(vpsfake.Fault{Kind: c.kind, Op: vpsfake.OpCreateBackup, Times: 1})
			create := contract.CreateBackupInput{Fence: fenced(), ServerID: testServer, Description: contract.BackupDescription("by test", testRun)}
			made, err := execute[contract.CreateBackupResult](t, a, a.CreateBackup, create)
			require.NoError(t, err)
			assert.Equal(t, c.want, made.Answer.Outcome, made.Answer.Detail)

			find.KnownIDs, find.Settle = before.IDs, true
			found, err := execute[contract.FindBackupResult](t, a, a.FindBackup, find)
			require.NoError(t, err)
			require.Len(t, found.Ours, c.made)
			id := int64(0)
			if c.made > 0 {
				id = found.Ours[0].ID
			} else {
				made, err = execute[contract.CreateBackupResult](t, a, a.CreateBackup, create)
				require.NoError(t, err)
				require.Equal(t, contract.WriteAccepted, made.Answer.Outcome, made.Answer.Detail)
				id = made.Backup.ID
			}
			ended, err := execute[contract.AwaitBackupResult](t, a, a.AwaitBackup,
				contract.AwaitBackupInput{ServerID: testServer, BackupID: id, Timeout: contract.Duration(time.Minute)})
			require.NoError(t, err)
			assert.Equal(t, contract.AwaitDone, ended.State)
			assert.Empty(t, fake.Violations())
			assert.Empty(t, fake.DuplicateBackups())
			assert.Len(t, fake.Backups(testServer), 2)

			now, known := client.Now()
			require.True(t, known)
			assert.Less(t, now.Sub(ended.Backup.CreatedAt), time.Hour, "ages by the API's clock, which is days slow")
			assert.False(t, now.Before(ended.Backup.CreatedAt))
		})
	}
}
