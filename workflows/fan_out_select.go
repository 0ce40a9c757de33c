package workflows

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// queued is a server that is to be taken up next.
type queued struct {
	contract.Server
	// gone: the account had it when the servers were chosen, and has it no more. Only the id is known then.
	gone bool
}

// selectPage chooses the servers, or reads the next of those that were chosen.
func (f *fanOut) selectPage() error {
	if f.state.Selected {
		return f.nextPage()
	}
	if problem := f.readRetry(); problem != "" {
		f.doNotStart(problem)
		return nil
	}
	if f.state.Selected { // nothing to retry
		return nil
	}
	page, err := f.readServers(f.selector())
	if err == nil {
		f.firstPage(page)
		return nil
	}
	f.noticeCancel()
	if !f.state.stopping() { // else it was canceled meanwhile
		f.doNotStart(fmt.Sprintf("The account's servers could not be read: %s.", plain(err)))
	}
	return nil
}

// readRetry asks once which servers an earlier fleet did not get done.
func (f *fanOut) readRetry() (problem string) {
	if f.plan.retryOf == "" || f.state.Retry != nil {
		return ""
	}
	var failed contract.FailedTargetsResult
	err := workflow.ExecuteActivity(readOptions(f.safe, "which servers did "+cutText(f.plan.retryOf, maxShownName)+" not get done?"),
		contract.ActivityFailedTargets, contract.FailedTargetsInput{WorkflowID: f.plan.retryOf}).Get(f.safe, &failed)
	if err != nil {
		return fmt.Sprintf("The report of %s could not be read: %s.", f.plan.retryOf, plain(err))
	}
	f.state.Retry = failed.ServerIDs
	if len(failed.ServerIDs) == 0 {
		f.state.Retry = []int64{}
		f.state.Selected = true // an empty selector would be refused
	}
	f.note("only the %s that run %s of %s did not get done", count(len(failed.ServerIDs), "server"), failed.RunID, f.plan.retryOf)
	return ""
}

// selector is the plan's, or the servers of the earlier fleet.
func (f *fanOut) selector() contract.Selector {
	if f.plan.retryOf != "" {
		return contract.Selector{Servers: f.state.Retry}
	}
	return f.plan.selector
}

func (f *fanOut) readServers(selector contract.Selector) (contract.SelectServersResult, error) {
	f.waitFor("the list of servers")
	var page contract.SelectServersResult
	err := workflow.ExecuteActivity(readOptions(f.safe, "choose the servers"), contract.ActivitySelectServers,
		contract.SelectServersInput{Selector: selector, Limit: contract.MaxSelectPage}).Get(f.safe, &page)
	return page, err
}

// firstPage fixes the servers: selected means selected now. It looks at those that do not exist.
func (f *fanOut) firstPage(page contract.SelectServersResult) {
	s := f.state
	s.Missing = lastOf(page.Missing, maxShownMissing)
	s.Total = page.Total
	missing := len(page.Missing)
	if f.plan.missingIsError {
		s.Total += missing
	}
	left := idsOf(page)
	switch {
	case s.Total > maxFleet:
		f.doNotStart(fmt.Sprintf("%d servers are selected, and one run takes at most %d.", s.Total, maxFleet))
		return
	case len(left) != page.Total: // the answer of a worker of another version
		f.doNotStart(fmt.Sprintf("%d servers are selected, and the worker named %d of them.", page.Total, len(left)))
		return
	}
	s.Left, s.Retry = left, nil
	switch {
	case missing == 0 || f.plan.missingIsError:
	case f.plan.retryOf != "":
		f.note("%s of the earlier fleet no longer exist: %s", count(missing, "server"), someIDs(page.Missing))
	default:
		f.doNotStart(fmt.Sprintf("The account has no such %s: %s.", count(missing, "server"), someIDs(page.Missing)))
		return
	}
	f.limits = limitsOf(f.plan, s.Total)
	for _, server := range page.Servers {
		f.queue = append(f.queue, queued{Server: server})
	}
	if f.plan.missingIsError {
		for _, id := range page.Missing {
			s.Tried++
			s.count(failedStart(contract.Server{ID: id}, contract.FailPreflight, "The account has no such server.", workflow.Now(f.safe)), f.limits)
		}
	}
	s.Selected = true
	f.changed()
	f.enterRollout()
}

// idsOf are all servers of a selection.
func idsOf(page contract.SelectServersResult) []int64 {
	ids := make([]int64, 0, len(page.Servers)+len(page.Rest))
	for _, server := range page.Servers {
		ids = append(ids, server.ID)
	}
	return append(ids, page.Rest...)
}

// nextPage reads the next of the servers that were chosen, by their ids: whether they still match is of no importance,
// and what the templates need of them may have changed.
func (f *fanOut) nextPage() error {
	wanted := f.state.Left[:min(len(f.state.Left), contract.MaxSelectPage)]
	page, problem, err := f.readPatiently(contract.Selector{Servers: wanted}, f.state.stopping)
	f.noticeCancel()
	switch {
	case err != nil || f.state.stopping(): // nobody needs the list any more
		return err
	case problem == "":
		f.queue = queueOf(wanted, page)
		problem = fmt.Sprintf("the answer leaves server %d out", wanted[0])
	}
	if len(f.queue) == 0 {
		f.state.stop("the account's servers could not be read: %s", problem)
	}
	f.changed()
	return nil
}

// queueOf is the beginning of the wanted servers, up to where the page ends because of its length.
func queueOf(wanted []int64, page contract.SelectServersResult) (list []queued) {
	for _, id := range wanted {
		switch {
		case len(page.Servers) > 0 && page.Servers[0].ID == id:
			list = append(list, queued{Server: page.Servers[0]})
			page.Servers = page.Servers[1:]
		case slices.Contains(page.Missing, id):
			list = append(list, queued{Server: contract.Server{ID: id}, gone: true})
		default:
			return list
		}
	}
	return list
}

// readPatiently asks for an hour for a list that cannot be read now, until enough says that nobody needs it any more:
// runs are under way, and a token that is mended meanwhile helps. The problem is why it could not be read.
func (f *fanOut) readPatiently(selector contract.Selector, enough func() bool) (page contract.SelectServersResult, problem string, err error) {
	for try := 1; ; try++ {
		var failed error
		if page, failed = f.readServers(selector); failed == nil {
			return page, "", nil
		}
		problem = plain(failed)
		f.note("the account's servers could not be read in the middle of the run: %s", problem)
		if try == selectTries {
			return page, problem, nil
		}
		if stopped, err := awaitFor(f.safe, selectPause, "pause before the servers are read again", enough); stopped || err != nil {
			return page, problem, err
		}
	}
}

// notStarted are the servers that were not taken up; unknown when nobody knows which they are, because the run ended
// before it had chosen them.
func (s *fanOutState) notStarted() (ids []int64, unknown bool) {
	return append(ids, s.Left...), !s.Selected && len(s.Left) == 0
}

// doNotStart ends the run before anything was started.
func (f *fanOut) doNotStart(why string) {
	f.notStarted = true
	f.state.stop("%s", why)
}

// someIDs lists up to 20 ids.
func someIDs(ids []int64) string {
	const most = 20
	words := make([]string, 0, most)
	for _, id := range ids[:min(len(ids), most)] {
		words = append(words, strconv.FormatInt(id, 10))
	}
	if more := len(ids) - most; more > 0 {
		return strings.Join(words, ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(words, ", ")
}
