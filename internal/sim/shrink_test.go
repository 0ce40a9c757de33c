package sim

import (
	"slices"
	"testing"
)

// mostTries bounds how long a plan is made smaller.
const mostTries = 300

// shrink makes a failing plan as small as it can: it leaves out one thing after the other for as long as the same promise
// breaks.
func shrink(t *testing.T, p plan) (plan, outcome) {
	t.Helper()
	best := simulate(t, p, true)
	if len(best.findings) == 0 {
		return p, best // it only fails among other worlds: its number is all that is known
	}
	law := best.findings[0].Law
	for tries := 0; tries < mostTries; {
		smaller := false
		for _, candidate := range p.smaller() {
			tries++
			if o := simulate(t, candidate, true); breaksAlso(o, law) {
				p, best, smaller = candidate, o, true
				break
			}
		}
		if !smaller {
			break
		}
	}
	return p, best
}

func breaksAlso(o outcome, law string) bool {
	return slices.ContainsFunc(o.findings, func(f finding) bool { return f.Law == law })
}

// smaller are the plans with one thing less.
func (p plan) smaller() []plan {
	var all []plan
	for n := range p.Incidents {
		q := p.copied()
		q.Incidents = slices.Delete(q.Incidents, n, n+1)
		all = append(all, q)
	}
	for n := range p.Runs {
		if len(p.Runs) > 1 {
			all = append(all, p.withoutRun(n))
		}
	}
	if p.Processes > 1 {
		q := p.copied()
		q.Processes = 1
		for n := range q.Incidents {
			q.Incidents[n].Process = 0
		}
		all = append(all, q)
	}
	for n, r := range p.Runs {
		for _, plain := range r.plainer() {
			q := p.copied()
			q.Runs[n] = plain
			all = append(all, q)
		}
	}
	for n, s := range p.Servers {
		if bare := (serverPlan{ID: s.ID}); s != bare {
			q := p.copied()
			q.Servers[n] = bare
			all = append(all, q)
		}
	}
	return all
}

func (p plan) copied() plan {
	p.Incidents, p.Runs, p.Servers = slices.Clone(p.Incidents), slices.Clone(p.Runs), slices.Clone(p.Servers)
	return p
}

// withoutRun leaves a run out, with the incidents that are its own.
func (p plan) withoutRun(n int) plan {
	q := p.copied()
	q.Runs = slices.Delete(q.Runs, n, n+1)
	q.Incidents = slices.DeleteFunc(q.Incidents, func(i incidentPlan) bool { return i.Do.ofRun() && i.Run == n })
	for i := range q.Incidents {
		if q.Incidents[i].Run >= n {
			q.Incidents[i].Run = max(q.Incidents[i].Run-1, 0)
		}
	}
	return q
}

// plainer are runs that ask for one thing less.
func (r runPlan) plainer() []runPlan {
	var all []runPlan
	without := func(needed bool, change func(*runPlan)) {
		if needed {
			q := r
			change(&q)
			all = append(all, q)
		}
	}
	without(len(r.Answers) > 0, func(q *runPlan) { q.Answers = nil })
	without(len(r.Runners) > 1, func(q *runPlan) { q.Runners = q.Runners[:1] })
	without(r.Slow > 0, func(q *runPlan) { q.Slow = 0 })
	without(r.Backup != "", func(q *runPlan) { q.Backup = "" })
	without(r.Frozen > 0, func(q *runPlan) { q.Frozen = 0 })
	without(r.Canary, func(q *runPlan) { q.Canary = false })
	without(r.Decide, func(q *runPlan) { q.Decide = false })
	without(r.Undo, func(q *runPlan) { q.Undo = false })
	without(r.Stop, func(q *runPlan) { q.Stop = false })
	without(r.OnUnknown != "", func(q *runPlan) { q.OnUnknown = "" })
	without(r.OnFailure != "", func(q *runPlan) { q.OnFailure = "" })
	without(r.Safety, func(q *runPlan) { q.Safety = false })
	without(r.Approval, func(q *runPlan) { q.Approval = false })
	without(r.Refused, func(q *runPlan) { q.Refused = false })
	without(r.Unchecked, func(q *runPlan) { q.Unchecked = false })
	without(r.NoBaseline, func(q *runPlan) { q.NoBaseline = false })
	without(r.Bad, func(q *runPlan) { q.Bad = false })
	return all
}
