package main

import (
	"regexp"
	"slices"
	"strings"
)

// ending is how a run of tests ended.
type ending string

const (
	passed   ending = "passed"
	failed   ending = "failed"    // by a check of the test's own
	timedOut ending = "timed out" // by the test's own bound
	panicked ending = "panicked"  // before any check failed: the mutated code broke down, which nobody could miss
	ranNone  ending = "ran no test"
	unclear  ending = "ended in a way that nobody foresaw"
)

// result is a run and the tests that failed in it, the innermost ones.
type result struct {
	ending ending
	failed []string
}

// caught says whether the tests noticed.
func (r result) caught() bool { return r.ending == failed || r.ending == timedOut }

// by names the test that noticed, for a table.
func (r result) by() string {
	switch {
	case r.ending == timedOut:
		return "time-out"
	case len(r.failed) == 0:
		return ""
	default:
		return r.failed[0]
	}
}

var (
	failedTest = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+) \(`)
	// The first is go test's own bound, the second that of Temporal's test environment.
	outOfTime = regexp.MustCompile(`(?m)^panic: test timed out after |test timeout: `)
	panicLine = regexp.MustCompile(`(?m)^panic: `)
)

// failedCheck is how testify shows a check that failed.
const failedCheck = "Error Trace:"

// judge reads what a program of tests has printed. ok is true when it ended with status 0.
func judge(out string, ok bool) result {
	r := result{failed: innermost(out)}
	switch {
	case ok && strings.Contains(out, "testing: warning: no tests to run"):
		r.ending = ranNone
	case ok:
		r.ending = passed
	case outOfTime.MatchString(out):
		r.ending = timedOut
	case panicLine.MatchString(out) && !strings.Contains(out[:panicLine.FindStringIndex(out)[0]], failedCheck):
		r.ending = panicked
	case len(r.failed) > 0:
		r.ending = failed
	default:
		r.ending = unclear
	}
	return r
}

// innermost are the failed tests without those that only contain a failed one.
func innermost(out string) []string {
	var names []string
	for _, match := range failedTest.FindAllStringSubmatch(out, -1) {
		names = append(names, match[1])
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.ContainsFunc(names, func(other string) bool { return strings.HasPrefix(other, name+"/") })
	})
}
