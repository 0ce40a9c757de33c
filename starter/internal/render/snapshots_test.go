package render

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func inventory() contract.InventoryResult {
	row := func(server, id int64, name string, kind contract.SnapshotKind, policy string, age time.Duration, v contract.RetentionVerdict, why string) contract.InventoryRow {
		return contract.InventoryRow{ServerID: server, ServerName: "web-server-01", ID: id, Name: name, Kind: kind, Policy: policy,
			Status: contract.SnapshotCompleted, Age: contract.Duration(age), SizeMB: 5120, Retention: v, Why: why}
	}
	r := contract.InventoryResult{
		Now: began, ClockOf: contract.ClockAPI, Servers: 3, Missing: []int64{77}, Full: []int64{12345},
		Policies: []string{"update: keep_last 2", "safety: keep_last 1"},
		Rows: []contract.InventoryRow{
			row(12345, 804, "pre-update-12345-20260301T120010Z-98098a3e", contract.KindOurs, "update", 90*time.Minute, contract.RetentionKeep, "one of the newest 2 of policy update"),
			row(12345, 803, "safety-12345-20260301T110010Z-98098a3e", contract.KindSafety, "safety", 3*time.Hour, contract.RetentionKeep, "the newest 1 of policy safety"),
			row(12345, 802, "before-migration", contract.KindForeign, "", 50*time.Hour, contract.RetentionKeep, "not made by Safepoint, which never removes it"),
			row(12345, 801, "pre-update-12345-20260201T120010Z-98098a3e", contract.KindOurs, "update", 700*time.Hour, contract.RetentionRemove, "older than the newest 2 of policy update"),
			row(12346, 900, "nightly-12346-20260301T030010Z-98098a3e", contract.KindOurs, "nightly", 9*time.Hour, contract.RetentionUnknown, "by policy nightly, whose rules its marker does not tell: give them to see"),
		},
		Left:   12,
		Counts: contract.InventoryCounts{Snapshots: 17, Ours: 14, Safety: 1, Protected: 1, Foreign: 1, Missing: 1, Full: 1, Keep: 10, Remove: 4, Unknown: 3},
	}
	r.Rows[4].ServerName, r.Rows[4].Status, r.Rows[4].SizeMB = "", contract.SnapshotInProgress, 0
	return r
}

func TestSnapshotsAreListedByServerWithWhatRetentionWouldDo(t *testing.T) {
	golden(t, "snapshots", Snapshots(inventory(), Palette{}, Width))
}

func TestOnANarrowTerminalNamesAreCutAndNothingElse(t *testing.T) {
	text := Snapshots(inventory(), Palette{}, 72)
	for line := range strings.SplitSeq(text, "\n") {
		assert.LessOrEqual(t, utf8.RuneCountInString(line), 72, line)
	}
	assert.Contains(t, text, "…")
	assert.Contains(t, text, "5120 MB")
}

func TestAnAccountWithoutSnapshotsIsSaidInWords(t *testing.T) {
	text := Snapshots(contract.InventoryResult{Servers: 1, ClockOf: contract.ClockWorker}, Palette{}, Width)
	assert.Contains(t, text, "0 snapshots of 1 server:")
	assert.Contains(t, text, "ages are by the worker's clock")
}

func TestManyServersWithoutRoomAreCountedAndNotAllNamed(t *testing.T) {
	r := inventory()
	r.Full, r.Counts.Full = make([]int64, contract.MaxInventoryServers), 300
	text := Snapshots(r, Palette{}, Width)
	assert.Regexp(t, `no room for one more snapshot: servers 0(, 0)+ and \d+ more`, strings.Join(strings.Fields(text), " "))
}

func TestNoFieldOfAnInventoryReachesTheTerminalRaw(t *testing.T) {
	for _, kind := range []contract.SnapshotKind{hostileText, contract.KindOurs, contract.KindForeign} {
		for _, verdict := range []contract.RetentionVerdict{hostileText, contract.RetentionKeep, contract.RetentionRemove} {
			r := filled[contract.InventoryResult](t)
			for i := range r.Rows {
				r.Rows[i].Kind, r.Rows[i].Retention = kind, verdict
			}
			assertHarmless(t, Snapshots(r, Palette{}, Width))
		}
	}
}
