package activities

import (
	"fmt"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// VerifyProgress is the running count of one verification: what its heartbeats show to a person while it runs, and
// what another worker goes on with after a crash.
type VerifyProgress struct {
	Rounds int `json:"rounds"`
	// Green, Red and Unclear are rounds in a row; at most one of them is above zero.
	Green   int `json:"green"`
	Red     int `json:"red"`
	Unclear int `json:"unclear"`
	// SawRed is true once any round was red.
	SawRed bool `json:"saw_red,omitempty"`
	// LastRound is the colour of the most recent round; empty before the first.
	LastRound contract.Verdict `json:"last_round,omitempty"`
	// Baking is true once the server passed and the bake began, at BakeFrom of the time looked.
	Baking   bool              `json:"baking,omitempty"`
	BakeFrom contract.Duration `json:"bake_from,omitempty"`
	// ServerUp is true once a server that was just started was seen active.
	ServerUp bool `json:"server_up,omitempty"`
	// Last is the most recent look of each check.
	Last []contract.CheckResult `json:"last,omitempty"`
}

// tallyRules are the numbers of one verification that the verdict rests on.
type tallyRules struct {
	successes, failures int // at least 1
	inconclusives       int // 0: never decides
	timeout, bake       time.Duration
}

func rulesOf(in contract.VerifyInput) tallyRules {
	return tallyRules{
		successes: max(in.Successes, 1), failures: max(in.Failures, 1), inconclusives: max(in.Inconclusives, 0),
		timeout: in.Timeout.Std(), bake: max(in.BakeTime.Std(), 0),
	}
}

// conclusion is a verdict with its sentence; without a verdict the rounds go on.
type conclusion struct {
	verdict contract.Verdict
	detail  string
}

func (c conclusion) reached() bool { return c.verdict != "" }

// add counts one round that ended after the time looked (initial delay not included) and says whether it decides.
//
// successes rounds in a row pass, failures in a row fail, inconclusives in a row are inconclusive, and any other colour
// begins those counts anew. With a bake the first pass only starts it: the rounds go on by the same rules, and the
// server passes when the bake time is over and successes rounds in a row are green at that moment or later. The bake
// does not use up the time-out.
func (p VerifyProgress) add(rules tallyRules, round contract.Verdict, looked time.Duration) (VerifyProgress, conclusion) {
	p = p.count(round)
	switch {
	case p.Red >= rules.failures:
		return p, conclusion{contract.VerdictFailed, fmt.Sprintf("%s in a row failed", rounds(p.Red))}
	case rules.inconclusives > 0 && p.Unclear >= rules.inconclusives:
		return p, conclusion{contract.VerdictInconclusive, fmt.Sprintf("%s in a row were inconclusive", rounds(p.Unclear))}
	case p.Green < rules.successes:
	case rules.bake == 0:
		return p, conclusion{contract.VerdictPassed, fmt.Sprintf("%s in a row passed", rounds(p.Green))}
	case !p.Baking:
		p.Baking, p.BakeFrom = true, contract.Duration(looked)
	case looked-p.BakeFrom.Std() >= rules.bake:
		return p, conclusion{contract.VerdictPassed, fmt.Sprintf("the server stayed healthy for the bake time of %s", contract.Duration(rules.bake))}
	}
	if p.left(rules, looked) > 0 {
		return p, conclusion{}
	}
	return p, p.outOfTime(rules)
}

// count adds a round to the rows.
func (p VerifyProgress) count(round contract.Verdict) VerifyProgress {
	p.Rounds++
	p.LastRound = round
	green, red, unclear := p.Green, p.Red, p.Unclear
	p.Green, p.Red, p.Unclear = 0, 0, 0
	switch round {
	case contract.VerdictPassed:
		p.Green = green + 1
	case contract.VerdictFailed:
		p.Red, p.SawRed = red+1, true
	default: // inconclusive, and any word we do not know: it proves neither health nor fault
		p.Unclear = unclear + 1
		p.LastRound = contract.VerdictInconclusive
	}
	return p
}

// left is the time until a round must be looked at for an end: that of the bake while it lasts, else that of the
// time-out. Zero or less: it is over.
func (p VerifyProgress) left(rules tallyRules, looked time.Duration) time.Duration {
	if !p.Baking {
		return rules.timeout - looked
	}
	if baked := looked - p.BakeFrom.Std(); baked < rules.bake {
		return rules.bake - baked
	}
	return rules.timeout + rules.bake - looked
}

// outOfTime is the verdict when no row was long enough in time. Only a server that was seen broken fails, because a
// failed verification can overwrite it.
func (p VerifyProgress) outOfTime(rules tallyRules) conclusion {
	timeout := contract.Duration(rules.timeout)
	switch {
	case p.LastRound == contract.VerdictFailed:
		return conclusion{contract.VerdictFailed, fmt.Sprintf("the server did not become healthy in time (%s): the last round failed", timeout)}
	case p.LastRound == contract.VerdictPassed && p.SawRed:
		return conclusion{contract.VerdictFailed, fmt.Sprintf(
			"the server did not become healthy in time (%s): rounds failed, and the %d in a row that must pass at the end did not",
			timeout, rules.successes)}
	case p.LastRound == contract.VerdictPassed:
		return conclusion{contract.VerdictInconclusive, fmt.Sprintf(
			"no round failed, but there were not %d passed ones in a row in time (%s)", rules.successes, timeout)}
	default: // the last round was inconclusive, or there was none
		return conclusion{contract.VerdictInconclusive, fmt.Sprintf("the time (%s) was over and the last round was inconclusive", timeout)}
	}
}

func rounds(n int) string {
	if n == 1 {
		return "1 round"
	}
	return fmt.Sprintf("%d rounds", n)
}
