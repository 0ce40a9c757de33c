package workflows

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// Bounds of the checks.
const (
	maxChecks       = 50
	maxCheckName    = 60   // characters
	maxExpectBody   = 1000 // characters; checks are repeated in the history, once a verification
	minCheckTimeout = 100 * time.Millisecond
	maxCheckTimeout = 5 * time.Minute
)

func (v *inputValidator) verify(in *VerifyInput) {
	v.duration("verify.initial_delay", in.InitialDelay, 0, day)
	v.duration("verify.interval", in.Interval, minVerifyInterval, maxVerifyInterval)
	v.duration("verify.timeout", in.Timeout, minTimeout, day)
	v.count("verify.successes", in.Successes, maxRounds)
	v.count("verify.failures", in.Failures, maxRounds)
	v.duration("verify.bake_time", in.BakeTime, 0, day)
	switch n := len(in.Checks); {
	case n == 0 && !in.Skip:
		v.add("verify.checks", "is empty: give 1 to %d checks, or set verify.skip to true to run without any", maxChecks)
	case n > 0 && in.Skip:
		v.add("verify.skip", "is true, but verify.checks has %d: leave one of them out", n)
	}
	if n := len(in.Checks); n > maxChecks {
		v.add("verify.checks", "must have at most %d checks, has %d", maxChecks, n)
		return
	}
	for i := range in.Checks {
		v.check(fmt.Sprintf("verify.checks[%d]", i), &in.Checks[i])
		v.uniqueName(in.Checks, i)
	}
}

func (v *inputValidator) uniqueName(checks []contract.Check, i int) {
	for earlier := range i {
		if checks[earlier].Name == checks[i].Name && checks[i].Name != "" {
			v.add(fmt.Sprintf("verify.checks[%d].name", i), "%s is the name of verify.checks[%d] too: give each its own",
				strictjson.Quote(checks[i].Name), earlier)
			return
		}
	}
}

// check looks at one check and gives an http check its expected status.
func (v *inputValidator) check(path string, in *contract.Check) {
	if strings.TrimSpace(in.Name) == "" {
		v.add(path+".name", "must not be empty: leave it out to get a default")
	}
	v.line(path+".name", in.Name, maxCheckName)
	v.duration(path+".timeout", in.Timeout, minCheckTimeout, maxCheckTimeout)
	given := in.ExpectStatus != statusNotGiven
	if !given {
		in.ExpectStatus = 0
	}
	switch in.Kind {
	case contract.CheckHTTP:
		if !given {
			in.ExpectStatus = defaultExpectStatus
		}
		v.httpCheck(path, *in)
	case contract.CheckTCP:
		v.tcpCheck(path, *in, given)
	case "":
		v.add(path+".kind", "is required: one of %s, %s, %s", contract.CheckHTTP, contract.CheckTCP, contract.CheckSSH)
	case contract.CheckSSH:
		v.sshCheck(path, *in, given)
	default: // an open string in JSON, a closed set here
		v.oneOf(path+".kind", string(in.Kind), string(contract.CheckHTTP), string(contract.CheckTCP), string(contract.CheckSSH))
	}
}

func (v *inputValidator) httpCheck(path string, in contract.Check) {
	if in.URL == "" {
		v.add(path+".url", "is required for an http check: the http or https URL to get")
	}
	v.url(path+".url", in.URL)
	if in.Address != "" {
		v.add(path+".address", "is only for a tcp or ssh check: an http check has a url")
	}
	if in.ExpectStatus < 100 || in.ExpectStatus > 599 {
		v.add(path+".expect_status", "must be an HTTP status from 100 to 599, got %d", in.ExpectStatus)
	}
	v.onlySSH(path, in.Command)
	if n := utf8.RuneCountInString(in.ExpectBody); n > maxExpectBody {
		v.add(path+".expect_body", "must have at most %d characters, has %d", maxExpectBody, n)
	}
}

func (v *inputValidator) tcpCheck(path string, in contract.Check, statusGiven bool) {
	if in.Address == "" {
		v.add(path+".address", "is required for a tcp check: the host:port to connect to")
	} else if problem := addressProblem(in.Address); problem != "" {
		v.add(path+".address", "%s", problem)
	}
	v.onlySSH(path, in.Command)
	if in.URL != "" {
		v.add(path+".url", "is only for an http check: a tcp check has an address")
	}
	if statusGiven {
		v.add(path+".expect_status", "is only for an http check: a tcp check passes when the port accepts a connection")
	}
	if in.ExpectBody != "" {
		v.add(path+".expect_body", "is only for an http check: a tcp check passes when the port accepts a connection")
	}
}

func (v *inputValidator) sshCheck(path string, in contract.Check, statusGiven bool) {
	v.sshTarget(path, "an ssh check", in.Address, in.Command)
	if in.URL != "" {
		v.add(path+".url", "is only for an http check: an ssh check has an address")
	}
	if statusGiven {
		v.add(path+".expect_status", "is only for an http check: an ssh check passes when its command ends with exit code 0")
	}
	if in.ExpectBody != "" {
		v.add(path+".expect_body", "is only for an http check: an ssh check passes when its command ends with exit code 0")
	}
}

func (v *inputValidator) onlySSH(path, command string) {
	if command != "" {
		v.add(path+".command", "is only for an ssh check")
	}
}
