package workflows

import (
	"fmt"
	"strconv"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// selectPage reads the next servers. The account is read anew for each page, so that what came or went in between is
// noticed; the number of all of them is that of the first page, because percentages need one.
func (f *fanOut) selectPage() error {
	if problem := f.readRetry(); problem != "" {
		f.doNotStart(problem)
		return nil
	}
	switch {
	case f.state.Exhausted: // nothing to retry
		return nil
	case f.state.Selected:
		return f.nextPage()
	}
	page, err := f.readServers(f.selector(), f.state.Cursor)
	switch {
	case err != nil && !f.state.stopping():
		f.doNotStart(fmt.Sprintf("The account's servers could not be read: %s.", plain(err)))
		return nil
	case err != nil:
		return nil // canceled meanwhile
	}
	f.firstPage(page)
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
		f.state.Selected, f.state.Exhausted = true, true // an empty selector would be refused
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

func (f *fanOut) readServers(selector contract.Selector, after int64) (contract.SelectServersResult, error) {
	f.waitFor("the list of servers")
	var page contract.SelectServersResult
	err := workflow.ExecuteActivity(readOptions(f.safe, "choose the servers"), contract.ActivitySelectServers,
		contract.SelectServersInput{Selector: selector, After: after, Limit: contract.MaxSelectPage}).Get(f.safe, &page)
	return page, err
}

// firstPage fixes the number of servers and looks at those that do not exist.
func (f *fanOut) firstPage(page contract.SelectServersResult) {
	s := f.state
	s.Missing = lastOf(page.Missing, maxShownMissing)
	missing := len(page.Missing)
	s.Total = page.Total
	switch {
	case missing > 0 && f.plan.missingIsError:
		s.Total += missing
	case missing > 0 && f.plan.retryOf != "":
		f.note("%s of the earlier fleet no longer exist: %s", count(missing, "server"), someIDs(page.Missing))
	case missing > 0:
		f.doNotStart(fmt.Sprintf("The account has no such %s: %s.", count(missing, "server"), someIDs(page.Missing)))
		return
	}
	if s.Total > maxFleet {
		f.doNotStart(fmt.Sprintf("%d servers are selected, and one run takes at most %d.", s.Total, maxFleet))
		return
	}
	f.limits = limitsOf(f.plan, s.Total)
	f.queuePage(page)
	if f.plan.missingIsError {
		for _, id := range page.Missing {
			s.Tried++
			s.count(failedStart(contract.Server{ID: id}, contract.FailPreflight, "The account has no such server.", workflow.Now(f.safe)), f.limits)
		}
	}
	s.Selected = true
	f.enterRollout()
}

// nextPage reads on.
func (f *fanOut) nextPage() error {
	page, problem, err := f.readPatiently(f.selector(), f.state.Cursor, f.state.stopping)
	switch {
	case err != nil:
		return err
	case problem != "":
		f.state.stop("the account's servers could not be read: %s", problem)
	default:
		f.queuePage(page)
	}
	return nil
}

// readPatiently asks for an hour for a list that cannot be read now, until enough says that nobody needs it any more:
// runs are under way, and a token that is mended meanwhile helps. The problem is why it could not be read.
func (f *fanOut) readPatiently(selector contract.Selector, after int64, enough func() bool) (page contract.SelectServersResult, problem string, err error) {
	for try := 1; ; try++ {
		var failed error
		if page, failed = f.readServers(selector, after); failed == nil {
			return page, "", nil
		}
		problem = plain(failed)
		f.note("the account's servers could not be read in the middle of the run: %s", problem)
		if try == selectTries {
			return page, problem, nil
		}
		if stopped, err := workflow.AwaitWithTimeout(f.safe, selectPause, enough); stopped || err != nil {
			return page, problem, err
		}
	}
}

func (f *fanOut) queuePage(page contract.SelectServersResult) {
	f.queue = page.Servers
	f.state.Exhausted = !page.More || len(page.Servers) == 0
	f.changed()
}

// notStartedIDs are the servers that were not taken up; whole is false when they are not all known. A list that cannot
// be read costs only the convenience of retry_of, and a note says so.
func (f *fanOut) notStartedIDs() (ids []int64, whole bool) {
	s := f.state
	switch {
	case !s.Selected && s.Total == 0, s.Total > maxFleet: // nobody knows which servers, or they are too many to list
		return nil, false
	case s.Total == 0, f.plan.retryOf != "" && len(s.Retry) == 0:
		return nil, true
	}
	for _, server := range f.queue {
		ids = append(ids, server.ID)
	}
	after := s.Cursor
	for more := !s.Exhausted; more && len(ids) < maxFleet; {
		if len(ids) > 0 {
			after = ids[len(ids)-1]
		}
		page, err := f.readServers(f.selector(), after)
		if err != nil {
			f.note("the servers that were not started could not all be listed, so that retry_of will refuse this run: %s", plain(err))
			return ids, false
		}
		for _, server := range page.Servers {
			ids = append(ids, server.ID)
		}
		more = page.More && len(page.Servers) > 0
	}
	return ids[:min(len(ids), maxFleet)], len(ids) <= maxFleet
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
