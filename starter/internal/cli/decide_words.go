package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// decisionWord is a decision that is a command of its own.
type decisionWord struct {
	decision             workflows.Decision
	short, long, example string
}

var decisionWords = []decisionWord{
	{workflows.DecideApprove, "Let a run that asks first go on",
		"Answers a run that asks before it goes on: a restore with an approval, or a fleet after its canaries. Before a restore\n" +
			"it shows what will be lost, and asks.\n", "  safepoint approve undo-web01 --note \"agreed with the shop\" --wait"},
	{workflows.DecideDeny, "Do not let a run that asks first go on", "Answers a run that asks before it goes on. A restore is then not made, and the server stays as it is. A fleet starts no\n" +
		"further server; where its on_stop is rollback_committed it also rolls back what it has committed: it shows that, and asks.\n",
		"  safepoint deny undo-web01\n  safepoint deny web-2.14.0 --yes --by ci   # a fleet, in a script"},
	{workflows.DecideCommit, "Keep the change of a run that is held",
		"Ends a hold: the change is kept as it is, and the snapshot belongs to retention from then on.\n", "  safepoint commit deploy-2.14.0 --note \"the check was wrong\""},
	{workflows.DecideRollback, "Restore the snapshot of a run that is held",
		"Ends a hold: the server goes back to its snapshot, and everything written to it since is lost. It shows that, and asks.\n" +
			"For a run that was committed there is `safepoint run rollback-by-restore`.\n", "  safepoint rollback deploy-2.14.0 --wait\n  safepoint rollback deploy-2.14.0 --yes --by ci   # in a script"},
	{workflows.DecideExtend, "Give the person who decides more time", "Starts the time of a hold over.\n", "  safepoint extend deploy-2.14.0"},
}

// decisionCommands are the decisions as commands.
func (a *app) decisionCommands() []*cobra.Command {
	var commands []*cobra.Command
	for _, word := range decisionWords {
		o := decideOptions{strict: true}
		cmd := &cobra.Command{
			Use:     string(word.decision) + " <workflow-id>",
			Short:   word.short,
			Long:    word.long + "\n" + decisionExits,
			Example: word.example,
			Args:    oneID(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				o.id, o.ask.Decision = args[0], word.decision
				if word.decision == workflows.DecideRollback && !o.yes && !a.Terminal {
					return nobodyToAsk("this overwrites a server")
				}
				return a.decideWith(cmd.Context(), o)
			},
		}
		o.bind(cmd)
		commands = append(commands, cmd)
	}
	return commands
}

// nobodyToAsk refuses what must be asked for where nobody can be.
func nobodyToAsk(what string) error {
	return fail(codeUsage, "%s, and there is nobody at a terminal to ask: nothing was done. Give --yes if that is meant", what)
}

// mayOverwrite says whether a decision may overwrite a server, as far as the words say.
func (o decideOptions) mayOverwrite() bool {
	switch o.ask.Decision {
	case workflows.DecideRollback, workflows.DecideApprove, workflows.DecideDeny:
		return true
	default: // commit and extend change no server
		return false
	}
}

// denial is the stop of a fleet by the answer to its question.
var denial = fleetStop{what: "a denial", question: "Deny, and roll back what was committed?", instead: "nothing was decided"}

// confirmDecision shows what a decision overwrites and asks. One that overwrites nothing needs no question.
func (a *app) confirmDecision(ctx context.Context, c client.Client, o decideOptions) error {
	denies := o.ask.Decision == workflows.DecideDeny
	if o.yes || !o.mayOverwrite() || !denies && !o.strict && !a.Terminal {
		return nil
	}
	s, err := a.look(ctx, c, o.id)
	if err != nil {
		return untouched(ctx, err)
	}
	status := s.view.Status
	fleet := s.kind == workflows.TypeFleetUpdate || status != nil && status.Fleet != nil
	switch {
	case s.closed: // the run says no
		return nil
	case fleet != denies: // the fleet goes on with servers that it can bring back; the restore is not made
		return nil
	case status != nil && status.Hold == nil:
		return fail(codeUsage, "%s asks for no decision now: it is in phase %s and waits for %s\nSee where it is: safepoint status %s",
			o.id, status.Phase, status.WaitingFor, quote(o.id))
	case denies:
		return a.confirmFleetStop(ctx, c, o.id, s, denial)
	case !a.Terminal:
		return nobodyToAsk("this overwrites a server")
	default: // a person sits there
		return a.confirmOverwrite(ctx, s.view, "nothing was decided")
	}
}

// confirmOverwrite shows what a run would overwrite, and asks.
func (a *app) confirmOverwrite(ctx context.Context, view render.View, instead string) error {
	question := "Overwrite the server?"
	if view.Status == nil {
		a.say("%s what would be lost is not known: %s", a.errColour.Warn("safepoint:"), render.Clean(view.Trouble))
	} else {
		a.ask("%s", render.WouldLose(*view.Status, a.errColour))
		question = fmt.Sprintf("Overwrite server %d?", view.Status.ServerID)
	}
	return a.confirm(ctx, question, instead)
}

// undoHint names the way back where a rollback came after the commit.
func undoHint(d workflows.Decision, r workflows.Report) string {
	if d != workflows.DecideRollback || r.Outcome != workflows.OutcomeCommitted || r.Snapshot == nil {
		return ""
	}
	return fmt.Sprintf("\nTo undo a change that was committed: safepoint run rollback-by-restore --server %d --snapshot %d", r.ServerID, r.Snapshot.ID)
}
