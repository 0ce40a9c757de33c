package cli

import (
	"encoding/json"
	"strings"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// maxSummary is what a summary may take, in bytes. Temporal takes 400 (limit.userMetadataSummarySize), and keeps it as JSON.
const maxSummary = 200

// summaryOf is what the UI shows of a run beside its id: the reason that its input gives. The UI reads it as Markdown, and
// a reason often quotes a branch or a commit of somebody else, so it stands in a code span. Empty without a reason.
func summaryOf(raw json.RawMessage) string {
	var in struct {
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return "" // the runbook says what is wrong with it
	}
	reason := strings.TrimSpace(strings.ReplaceAll(render.Clean(in.Reason), "`", "'"))
	if len(reason) > maxSummary {
		reason = strings.ToValidUTF8(reason[:maxSummary], "") + "…"
	}
	if reason == "" {
		return ""
	}
	return "`" + reason + "`"
}
