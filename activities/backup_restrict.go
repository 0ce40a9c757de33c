package activities

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// ListBackups lists the backups of an allowed server, or those of every allowed one.
func (r *restricted) ListBackups(ctx context.Context, o vpsorg.ListBackupsOpts) ([]vpsorg.Backup, error) {
	if o.ServerID != 0 {
		if err := r.refuse("list backups", http.MethodGet, o.ServerID); err != nil {
			return nil, err
		}
	}
	all, err := r.api.ListBackups(ctx, o)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(b vpsorg.Backup) bool { return !r.servers.Allows(b.ServerID) }), nil
}

// CreateBackup makes a manual backup of an allowed server.
func (r *restricted) CreateBackup(ctx context.Context, o vpsorg.CreateBackupOpts) (vpsorg.Backup, error) {
	if err := r.refuse("create backup", http.MethodPost, o.ServerID); err != nil {
		return vpsorg.Backup{}, err
	}
	return r.api.CreateBackup(ctx, o)
}

// Now is about no server.
func (r *restricted) Now() (now time.Time, known bool) { return r.api.Now() }
