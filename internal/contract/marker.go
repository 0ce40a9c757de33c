package contract

import "strings"

// Words that Safepoint writes into a snapshot's description. They are the only proof of ownership (law 4), because
// the API has no tags or labels.
const (
	markerManaged   = "managed-by=safepoint"
	markerRun       = "run="
	markerPolicy    = "policy="
	markerProtected = "protect=true"
	markerPurpose   = "purpose="

	// PolicyUpdate is the retention policy of SnapshotUpdateVerify's snapshots (keep_last).
	PolicyUpdate = "update"
	// PolicySafety is the retention policy of the snapshots that RollbackByRestore takes before it restores.
	PolicySafety = "safety"
	// PolicyRotation is the name of SnapshotRotation's retention policy when its input gives none.
	PolicyRotation = "rotation"
)

// Purpose says what a snapshot was taken for, where that decides what it may be used for.
type Purpose string

// PurposeSafety marks a copy of a state that somebody wanted to get away from: never the "latest" to restore.
const PurposeSafety Purpose = "safety"

// Marker is what a snapshot's description says about who made it and which policy may delete it.
type Marker struct {
	// Managed is true when the description carries managed-by=safepoint.
	Managed bool
	// RunID is the whole original run id of the runbook that made the snapshot.
	RunID string
	// Policy names the one retention policy that may delete the snapshot; matched whole.
	Policy string
	// Protected is true when the description carries protect=true: never deleted by any policy.
	Protected bool
	// Purpose says what the snapshot was taken for; empty for most.
	Purpose Purpose
}

// Describe writes the description of a snapshot: the user's own text, then the marker words.
func (m Marker) Describe(text string) string {
	words := []string{markerManaged, markerRun + m.RunID, markerPolicy + m.Policy}
	if m.Protected {
		words = append(words, markerProtected)
	}
	if m.Purpose != "" {
		words = append(words, markerPurpose+string(m.Purpose))
	}
	if text = strings.TrimSpace(text); text != "" {
		words = append([]string{text}, words...)
	}
	return strings.Join(words, " ")
}

// ParseMarker reads a description, whoever wrote it. Words are matched whole and the last one of a kind wins, so a
// user's text in front of the marker cannot change what the marker says.
func ParseMarker(description string) Marker {
	var m Marker
	for _, word := range strings.Fields(description) {
		switch {
		case word == markerManaged:
			m.Managed = true
		case word == markerProtected:
			m.Protected = true
		case strings.HasPrefix(word, markerRun):
			m.RunID = strings.TrimPrefix(word, markerRun)
		case strings.HasPrefix(word, markerPolicy):
			m.Policy = strings.TrimPrefix(word, markerPolicy)
		case strings.HasPrefix(word, markerPurpose):
			m.Purpose = Purpose(strings.TrimPrefix(word, markerPurpose))
		}
	}
	return m
}
