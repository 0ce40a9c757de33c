package activities

import (
	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// longestDescription is how many bytes of a snapshot's description go into a history. Safepoint's own are far shorter.
const longestDescription = 4096

// snapshotOf translates one snapshot. A description that is too long is dropped whole: a part of it could read as a
// marker that the whole is not (policy=daily of policy=daily-web).
func snapshotOf(s vpsorg.Snapshot) contract.Snapshot {
	description := s.Description
	if len(description) > longestDescription {
		description = ""
	}
	return contract.Snapshot{
		ID: s.ID, ServerID: s.ServerID, Name: s.Name, Status: contract.SnapshotStatus(s.Status),
		Description: description, CreatedAt: s.CreatedAt, SizeMB: s.SizeMB,
	}
}

func snapshotsOf(list []vpsorg.Snapshot) []contract.Snapshot {
	all := make([]contract.Snapshot, 0, len(list))
	for _, s := range list {
		all = append(all, snapshotOf(s))
	}
	return all
}

func serverOf(s vpsorg.Server) contract.Server {
	return contract.Server{
		ID: s.ID, Name: s.Name, Status: contract.ServerStatus(s.Status),
		Hostname: s.Hostname, IPAddress: s.IPAddress, Location: s.Location, UpdatedAt: s.UpdatedAt,
	}
}
