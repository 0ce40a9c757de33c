package render

import (
	"fmt"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

func plain(s string) string { return s }

func restorePoint(s contract.RestorePoint) string {
	text := fmt.Sprintf("#%d %s", s.ID, s.Name)
	if s.SizeMB > 0 {
		text += fmt.Sprintf(", %d MB", s.SizeMB)
	}
	return text
}

func changeText(c workflows.ChangeRecord) string {
	result := "under way"
	if c.Result != "" {
		result = strings.ReplaceAll(string(c.Result), "_", " ")
	}
	text := fmt.Sprintf("%s: %s", c.Kind, result)
	if c.ExitCode != nil {
		text += fmt.Sprintf(", exit code %d", *c.ExitCode)
	}
	if c.WorkflowID != "" {
		text += ", workflow " + c.WorkflowID
	}
	if c.Runner != "" {
		text += fmt.Sprintf(" (runner %s)", c.Runner)
	}
	if c.Detail != "" {
		text += ", " + c.Detail
	}
	return text
}

func changePaint(result contract.ChangeResult, p Palette) func(string) string {
	switch result {
	case contract.ChangeSucceeded, "":
		return plain
	case contract.ChangeFailed:
		return p.Bad
	default: // unknown, not started, and whatever a later version may add
		return p.Warn
	}
}

func verificationText(v workflows.VerificationRecord) string {
	of := map[workflows.VerificationOf]string{
		workflows.VerifiedBaseline: "checks before the change",
		workflows.VerifiedChange:   "checks after the change",
		workflows.VerifiedRestore:  "checks after the restore",
	}[v.Of]
	if of == "" {
		of = "checks (" + string(v.Of) + ")"
	}
	text := fmt.Sprintf("%s %s (%s)", of, v.Verdict, plural(v.Rounds, "round"))
	if v.Verdict != contract.VerdictPassed && v.Detail != "" {
		text += ": " + v.Detail
	}
	return text
}

func checkText(c contract.CheckResult) string {
	return fmt.Sprintf("%s %s: %s", c.Name, c.Verdict, c.Detail)
}

func verdictPaint(v contract.Verdict, p Palette) func(string) string {
	switch v {
	case contract.VerdictPassed:
		return p.Good
	case contract.VerdictFailed:
		return p.Bad
	default: // inconclusive
		return p.Warn
	}
}

func rollbackText(b workflows.RollbackRecord) string {
	text := plural(b.Posts, "restore request")
	if b.StartedServer {
		text += ", the server was started again"
	}
	if b.Detail != "" {
		text += ", " + b.Detail
	}
	return text + "; cause: " + b.Cause
}

// lostText names the clock of each time: they belong to two machines, so their difference means nothing.
func lostText(b workflows.RollbackRecord) string {
	switch {
	case b.LostFrom.IsZero() && b.LostUntil.IsZero():
		return ""
	case b.LostFrom.IsZero():
		return fmt.Sprintf("lost: what was written from the snapshot until %s (Temporal's clock)", clock(b.LostUntil))
	case b.LostUntil.IsZero():
		return fmt.Sprintf("lost: what was written since %s (the API's clock)", clock(b.LostFrom))
	default: // both ends are known
		return fmt.Sprintf("lost: what was written from %s (the API's clock) until %s (Temporal's clock)", clock(b.LostFrom), clock(b.LostUntil))
	}
}

func decisionText(d workflows.DecisionRecord) string {
	text := "decided: " + string(d.Decision)
	if d.By != "" {
		text += " by " + d.By
	}
	if d.Note != "" {
		text += " (" + d.Note + ")"
	}
	return text
}

func holderText(h contract.LockHolder) string {
	text := h.WorkflowID
	if h.Phase != "" {
		text += ", in phase " + h.Phase
	}
	return text + ": safepoint status " + h.WorkflowID
}

func prunedText(s workflows.PrunedSnapshot) string {
	text := fmt.Sprintf("#%d %s: %s", s.ID, s.Name, s.Reason)
	if !s.Deleted {
		text += " (not deleted: " + s.Detail + ")"
	}
	return text
}
