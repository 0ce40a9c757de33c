package contract

import "strings"

// Words that Safepoint writes into a snapshot's description. They are the only proof of ownership (law 4), because
// the API has no tags or labels.
const (
	markerManaged   = "managed-by=safepoint"
	markerRun       = "run="
	markerPolicy    = "policy="
	markerProtected = "protect=true"

	// PolicyUpdate is the retention policy of SnapshotUpdateVerify's snapshots (keep_last).
	PolicyUpdate = "update"
)

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
}

// Describe writes the description of a snapshot: the user's own text, then the marker words.
func (m Marker) Describe(text string) string {
	words := []string{markerManaged, markerRun + m.RunID, markerPolicy + m.Policy}
	if m.Protected {
		words = append(words, markerProtected)
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
		}
	}
	return m
}
