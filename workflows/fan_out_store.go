package workflows

import (
	"errors"
	"strconv"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// FleetPage keeps one page of a fleet's results: what goes in is what comes out. The fleet's report names it by workflow
// id and run id. It closes at once, so that the first pages of a fleet that takes longer than the namespace keeps closed
// runs are gone before the fleet ends; counts and last failures are not.
func FleetPage(_ workflow.Context, page FleetPageResult) (*FleetPageResult, error) {
	return &page, nil
}

// How often a page that cannot be stored is tried, and how long after another. Only a mistake in Temporal's own set-up,
// such as a namespace that is gone, makes a child impossible to start.
const (
	storeTries = 30
	storePause = time.Minute
)

// storePages stores what has become a full page.
func (f *fanOut) storePages() error {
	for f.state.Results.full() && !f.state.Unstored {
		if err := f.storePage(&f.state.Results, "page"); err != nil {
			return err
		}
	}
	for f.state.Undone.full() && !f.state.Unstored {
		if err := f.storePage(&f.state.Undone, "undo-page"); err != nil {
			return err
		}
	}
	return nil
}

// storeRest stores the last page, unless it is the only one: then the results stand in the report itself.
func (f *fanOut) storeRest(pages *resultPages, what string) error {
	for len(pages.Stored) > 0 && len(pages.Current) > 0 && !f.state.Unstored {
		if err := f.storePage(pages, what); err != nil {
			return err
		}
	}
	return nil
}

// storePage stores one page. Results that come in meanwhile stay in Current.
func (f *fanOut) storePage(pages *resultPages, what string) error {
	results := pages.page()
	for try, failures := 0, 0; ; {
		id := f.pageID(what, len(pages.Stored), try)
		f.waitFor("a page of results to be stored")
		var execution workflow.Execution
		err := workflow.ExecuteChildWorkflow(f.childOptions(id, "results "+strconv.Itoa(len(pages.Stored)+1)), TypeFleetPage,
			FleetPageResult{Results: results}).GetChildWorkflowExecution().Get(f.safe, &execution)
		var taken *temporal.ChildWorkflowExecutionAlreadyStartedError
		switch {
		case err == nil:
			pages.stored(storedPage{Try: try, RunID: execution.RunID}, len(results))
			f.changed()
			return nil
		case errors.As(err, &taken):
			try++ // after a reset: the page of the run before may hold other results
			continue
		}
		if failures++; failures == storeTries {
			f.cannotStore(plain(err))
			return nil
		}
		f.note("a page of results could not be stored at first: %s", plain(err))
		if err := pause(f.safe, storePause, "pause before the results are stored again"); err != nil {
			return err
		}
	}
}

// cannotStore stops the run: without pages, the results of many more servers would fit nowhere. Those that there are
// stand in the report itself, which then has up to 1.5 MB; Temporal takes 2.
func (f *fanOut) cannotStore(problem string) {
	f.state.Unstored = true
	f.note("a page of results could not be stored (%s): what the pages do not have stands in the report itself", problem)
	if !f.closing {
		f.state.stop("a page of results could not be stored: %s", problem)
	}
	f.changed()
}

// pageID names a page's workflow.
func (f *fanOut) pageID(what string, number, try int) string {
	id := f.childID(what + "-" + strconv.Itoa(number+1))
	if try > 0 {
		id += "-" + strconv.Itoa(try)
	}
	return id
}

// pageReferences are where the stored pages are.
func (f *fanOut) pageReferences(pages *resultPages, what string) []RunReference {
	var list []RunReference
	for i, page := range pages.Stored {
		list = append(list, RunReference{WorkflowID: f.pageID(what, i, page.Try), RunID: page.RunID})
	}
	return list
}
