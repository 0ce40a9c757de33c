package faultmatrix

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

// requests counts the requests of one operation.
func (e ended) requests(op vpsfake.Op) int {
	n := 0
	for _, r := range e.fake.Requests() {
		if r.Op == op {
			n++
		}
	}
	return n
}

func TestLaw1NoDuplicateSnapshots(t *testing.T) {
	var all []story
	for _, f := range []flow{flowGood, flowBad, flowStop, flowPrune} {
		for _, answer := range []vpsfake.FaultKind{vpsfake.LostAfter, vpsfake.Error500After} {
			all = append(all, in(f, string(answer), undisturbed, lost(answer, vpsfake.OpCreateSnapshot)).and(func(t *testing.T, e ended) {
				assert.Equal(t, 1, e.requests(vpsfake.OpCreateSnapshot), "found, not sent again")
			}))
		}
		if f == flowPrune {
			continue // with its old snapshots the quota has no room for a duplicate
		}
		// A list that lags for longer than VPS_SETTLE costs a duplicate, which is found and removed.
		all = append(all, in(f, "a list that lags too long", undisturbed, lost(vpsfake.LostAfter, vpsfake.OpCreateSnapshot)).
			at(contract.ActivityFindSnapshot, vpsfake.Fault{Kind: vpsfake.ListLags, Op: vpsfake.OpListSnapshots, Duration: time.Minute, Times: 1}).
			and(func(t *testing.T, e ended) {
				assert.Equal(t, 2, e.requests(vpsfake.OpCreateSnapshot))
				assert.NotEmpty(t, e.report.Pruned, "the report names the duplicate")
			}))
	}
	each(t, all, storyName, tell)
}

func TestLaw2NoChangeBeforeTheSnapshotIsCompleted(t *testing.T) {
	untouched := func(t *testing.T, e ended) { assert.Zero(t, e.fake.Deploys(serverID)) }
	all := []story{in(flowGood, "an unknown status first", undisturbed, onSnapshot(vpsfake.UnknownStatus, 2*settle)).and(func(t *testing.T, e ended) {
		var created, changed time.Time
		for _, r := range e.fake.Requests() {
			switch r.Op {
			case vpsfake.OpCreateSnapshot:
				created = r.Time
			case vpsfake.OpDeployHook:
				changed = r.Time
			default: // the others change nothing
			}
		}
		assert.GreaterOrEqual(t, changed.Sub(created), 2*settle)
	})}
	for _, status := range []string{"Completed", "complete", "ready", "queued"} {
		never := vpsfake.Fault{Kind: vpsfake.UnknownStatus, Op: vpsfake.OpCreateSnapshot, Status: status}
		all = append(all, shortly(in(flowGood, "the status "+status, failedSnapshot, never)).and(untouched))
	}
	each(t, all, storyName, tell)
}

func TestLaw3AtMostOneRestoreTakesEffectForOneDecision(t *testing.T) {
	var all []story
	for _, answer := range []vpsfake.FaultKind{vpsfake.LostAfter, vpsfake.Error500After, vpsfake.MalformedJSON} {
		for _, how := range []vpsfake.FaultKind{vpsfake.EndsAtOnce, vpsfake.StatusLags, vpsfake.StoppedBeforeRestoring, vpsfake.ComesBackStopped, vpsfake.UnknownStatus} {
			all = append(all, in(flowBad, string(answer)+" and "+string(how), undisturbed,
				lost(answer, vpsfake.OpRestoreSnapshot), onRestore(how, lag)).and(func(t *testing.T, e ended) {
				assert.Equal(t, 1, e.requests(vpsfake.OpRestoreSnapshot), "seen, not sent again")
			}))
		}
	}
	each(t, all, storyName, tell)
}

func TestLaw5AListThatIsNotWholeProvesNothing(t *testing.T) {
	hidden := vpsfake.Fault{Kind: vpsfake.Truncated, Op: vpsfake.OpListSnapshots, PageSize: 1, Times: 4}
	once := func(t *testing.T, e ended) {
		assert.Equal(t, 1, e.requests(vpsfake.OpCreateSnapshot), "a list that hides our snapshot is no reason to make another")
	}
	all := []story{
		in(flowGood, "after a lost create", undisturbed, lost(vpsfake.LostAfter, vpsfake.OpCreateSnapshot)).at(contract.ActivityFindSnapshot, hidden).and(once),
		in(flowGood, "while it is made", undisturbed).at(contract.ActivityAwaitSnapshot, hidden).and(once),
		in(flowBad, "before a restore", undisturbed).at(contract.ActivityRestoreSnapshot, hidden).and(once),
		in(flowPrune, "every list in pages of one", undisturbed, vpsfake.Fault{Kind: vpsfake.Paged, Op: vpsfake.OpListSnapshots, PageSize: 1}),
	}
	each(t, all, storyName, tell)
}

func TestLaw6ABrokenCheckerIsNotABrokenServer(t *testing.T) {
	t.Parallel() // it waits far more than it works
	site := func(kind vpsfake.FaultKind, times int) vpsfake.Fault {
		return vpsfake.Fault{Kind: kind, Op: vpsfake.OpSite, Times: times}
	}
	impatient := func(s story, unreachable bool) story {
		s.apiUnreachable = unreachable
		s.input = func(in object) {
			verify := in["verify"].(object)
			// The looks at a server that answers have these times too.
			verify["timeout"] = "10s"
			verify["checks"].([]object)[0]["timeout"] = "1s"
		}
		return s
	}
	during := func(s story, at int, fault vpsfake.Fault) story {
		s.incidents = append(s.incidents, incident{activity: contract.ActivityVerify, at: at, fault: fault})
		return s
	}
	ends := func(failure string) func(s scenario) expectation {
		return func(s scenario) expectation { return undisturbed(s).holds(failure, 0) }
	}
	rolledBack := func(s scenario) expectation { s.bad = true; return undisturbed(s) }
	red := func(s scenario) expectation { return undisturbed(s).fails(contract.FailBaseline, false) }
	unverified := func(s scenario) expectation {
		want := undisturbed(s)
		want.failure = contract.FailRolledBackUnverified
		return want
	}
	all := []story{
		impatient(during(in(flowGood, "silence and no API: held", ends(contract.FailChange)), verifyOfChange, site(vpsfake.Hang, 0)), true),
		impatient(during(in(flowGood, "silence while the API answers", rolledBack), verifyOfChange, site(vpsfake.Hang, 2)), false),
		during(in(flowGood, "connections cut", rolledBack), verifyOfChange, site(vpsfake.LostBefore, 2)),
		during(in(flowGood, "one red round", undisturbed), verifyOfChange, site(vpsfake.Error500First, 1)),
		during(in(flowGood, "red before the change", red), 1, site(vpsfake.Error500First, 2)),
		impatient(during(in(flowGood, "silence before the change and no API", red), 1, site(vpsfake.Hang, 0)), true),
		during(in(flowBad, "red after the restore", unverified), verifyOfChange+1, site(vpsfake.Error500First, 0)),
	}
	each(t, all, storyName, func(t *testing.T, s story) { runbook(t, s.scenario).check(s.want) }) // visits of sites are not logged
}

// sayTheToken answers the first request of every path with an error that repeats the token, as a careless proxy would.
func sayTheToken() func(w http.ResponseWriter, r *http.Request) bool {
	var mu sync.Mutex
	met := map[string]bool{}
	return func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		path := r.Method + r.URL.Path
		if !strings.HasPrefix(r.URL.Path, "/api/") || met[path] {
			return false
		}
		met[path] = true
		w.Header().Set("Retry-After", token)
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = fmt.Fprintf(w, `{"detail": "no upstream for %s"}`, r.Header.Get("Authorization"))
		return true
	}
}

func TestLaw10TheTokenStaysInTheWorker(t *testing.T) {
	each(t, []flow{flowGood, flowBad, flowPrune, flowStopBad}, func(f flow) string { return string(f) }, func(t *testing.T, f flow) {
		s := f.scenario()
		// Armed from within: the front exists when the run begins.
		s.incidents = []incident{{happens: func(h *harness) { h.api.answers = sayTheToken() }}}
		e := runbook(t, s)
		e.check(undisturbed(s))
		assert.Contains(t, e.wire.String(), e.own()[0].Name, "the wiretap sees histories")
		assert.Contains(t, e.wire.String(), "level=DEBUG", "the wiretap sees logs")
		assert.Contains(t, e.api.outside.String(), "/hooks/deploy", "the front sees the hook's requests")
		assert.Positive(t, e.api.visits)
	})
}
