package contract

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestABackupsDescriptionIsReadBackAsItsMarker(t *testing.T) {
	for _, text := range []string{"", "before the upgrade", "run=forged", " managed-by=nobody "} {
		description := BackupDescription(text, "5c6a")
		assert.Equal(t, Marker{Managed: true, RunID: "5c6a"}, ParseMarker(description), description)
		assert.True(t, strings.HasPrefix(description, strings.TrimSpace(text)), description)
		assert.Equal(t, strings.TrimSpace(description), description)
	}
}

func TestABackupOfAnUnknownStatusIsNeitherCompletedNorFailed(t *testing.T) {
	for status, want := range map[BackupStatus][2]bool{
		BackupCompleted: {true, false}, BackupFailed: {false, true}, BackupError: {false, true},
		BackupInProgress: {false, false}, "": {false, false}, "finalizing": {false, false}, "Completed": {false, false},
	} {
		b := Backup{Status: status}
		assert.Equal(t, want, [2]bool{b.Completed(), b.Failed()}, "%q", status)
	}
}

func TestEveryFieldOfBackupsAndNotificationsHasAJSONName(t *testing.T) {
	for _, v := range []any{
		Backup{}, CreateBackupInput{}, CreateBackupResult{}, FindBackupInput{}, FindBackupResult{}, AwaitBackupInput{},
		AwaitBackupResult{}, NotifyInput{}, NotifyMessage{},
	} {
		typ := reflect.TypeOf(v)
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			assert.Regexp(t, `^[a-z][a-z0-9_]*$`, name, "%s.%s", typ.Name(), typ.Field(i).Name)
		}
	}
}
