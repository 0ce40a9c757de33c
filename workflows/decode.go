package workflows

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// exampleInput is the least that starts a run; messages show it to whoever gave no input or no JSON object.
const exampleInput = `{"server_id": 12345, "update": {"kind": "none"}, "verify": {"checks": [{"kind": "http", "url": "https://web01.example.com/healthz"}]}}`

// rootPath names the input as a whole in a problem's path.
const rootPath = "input"

// maxListedProblems keeps an error readable, and its failure event far below Temporal's limit for one.
const maxListedProblems = strictjson.MaxProblems

// InvalidInputError is an input that cannot be used, with everything that is wrong with it.
type InvalidInputError struct {
	Problems []strictjson.Problem
}

// Error lists the problems, one a line.
func (e *InvalidInputError) Error() string {
	var b strings.Builder
	if len(e.Problems) == 1 {
		b.WriteString("1 problem in the input:")
	} else {
		fmt.Fprintf(&b, "%d problems in the input:", len(e.Problems))
	}
	for i, p := range e.Problems {
		if i == maxListedProblems {
			fmt.Fprintf(&b, "\n- and %d more", len(e.Problems)-i)
			break
		}
		fmt.Fprintf(&b, "\n- %s: %s", p.Path, p.Message)
	}
	return b.String()
}

// invalidInputError makes the error of these problems; nil when there are none.
func invalidInputError(problems []strictjson.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &InvalidInputError{Problems: problems}
}

// twoInputs is a start with more than one argument: nobody can know which of them was meant.
func twoInputs(example string) error {
	return &InvalidInputError{Problems: []strictjson.Problem{{Path: rootPath,
		Message: "must be one JSON object, but there are two inputs or more. Give one, such as " + example}}}
}

// decodeSnapshotUpdateVerify reads and validates the input of SnapshotUpdateVerify.
func decodeSnapshotUpdateVerify(raw converter.RawValue) (SnapshotUpdateVerifyInput, error) {
	return decodeInput(raw, defaultSnapshotUpdateVerifyInput(), validateSnapshotUpdateVerify, exampleInput)
}

// decodeInput reads the input of a runbook over its defaults and validates it. The error is an InvalidInputError with
// every problem of both steps, and the input is then the zero value: a half-read one must not be used.
func decodeInput[T any](raw converter.RawValue, in T, validate func(*T, []strictjson.Problem) []strictjson.Problem, example string) (T, error) {
	var none T
	data, problem := inputJSON(raw, example)
	if problem != nil {
		return none, invalidInputError([]strictjson.Problem{*problem})
	}
	problems := strictjson.DecodeWith(data, &in, checkDefaults)
	problems = append(problems, validate(&in, problems)...)
	if len(problems) > 0 {
		return none, invalidInputError(nameRoot(problems, data, example))
	}
	return in, nil
}

// inputJSON takes the JSON out of what Temporal hands to the workflow. Temporal starts a workflow that was given no
// input at all as readily as any other.
func inputJSON(raw converter.RawValue, example string) ([]byte, *strictjson.Problem) {
	payload := raw.Payload()
	encoding := string(payload.GetMetadata()[converter.MetadataEncoding])
	switch {
	case payload == nil || encoding == converter.MetadataEncodingNil:
		return nil, &strictjson.Problem{Path: rootPath,
			Message: "missing: there is none at all. Give one JSON object, such as " + example}
	case encoding != converter.MetadataEncodingJSON:
		return nil, &strictjson.Problem{Path: rootPath,
			Message: fmt.Sprintf("must be JSON (encoding %s), got the encoding %s. Give one JSON object, such as %s",
				converter.MetadataEncodingJSON, strictjson.Quote(encoding), example)}
	default:
		return payload.GetData(), nil
	}
}

// jsonPayload is JSON as Temporal's default converter would write it.
func jsonPayload(data []byte) *commonpb.Payload {
	return &commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(converter.MetadataEncodingJSON)}, Data: data}
}

// nameRoot gives problems of the whole input a path to print, and an example where there is no object to mend.
func nameRoot(problems []strictjson.Problem, data []byte, example string) []strictjson.Problem {
	isObject := bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{"))
	for i := range problems {
		if problems[i].Path != "" {
			continue
		}
		problems[i].Path = rootPath
		if !isObject {
			problems[i].Message += ". Give one JSON object, such as " + example
		}
	}
	return problems
}

// defaultSnapshotUpdateVerifyInput holds every documented default. What has none is zero here and refused later.
func defaultSnapshotUpdateVerifyInput() SnapshotUpdateVerifyInput {
	return SnapshotUpdateVerifyInput{
		Snapshot: SnapshotInput{NamePrefix: "pre-update", ReadyTimeout: Duration(30 * time.Minute)},
		Update: UpdateInput{
			Timeout:          Duration(30 * time.Minute),
			HeartbeatTimeout: Duration(2 * time.Minute),
			BeginTimeout:     Duration(30 * time.Minute),
			OnUnknown:        UnknownHold,
		},
		Verify: VerifyInput{
			Baseline:     true,
			InitialDelay: Duration(10 * time.Second),
			Interval:     Duration(10 * time.Second),
			Timeout:      Duration(10 * time.Minute),
			Successes:    3,
			Failures:     3,
		},
		Rollback: RollbackInput{
			OnFailure:      FailureRestore,
			RestoreTimeout: Duration(45 * time.Minute),
			HoldTimeout:    Duration(24 * time.Hour),
		},
		Retention: RetentionInput{KeepLast: 2},
		Lock:      LockInput{OnBusy: BusyWait, Timeout: Duration(30 * time.Minute)},
		Backup:    BackupInput{Timeout: Duration(2 * time.Hour)},
	}
}

// Defaults of one check.
const (
	defaultCheckTimeout = Duration(10 * time.Second)
	defaultExpectStatus = 200
	// statusNotGiven stands for no expect_status until validation knows the check's kind: only http checks have the
	// default, and a tcp check that was given one must be refused.
	statusNotGiven = -1 << 31
)

// checkDefaults fills a new element of verify.checks before its JSON is read.
func checkDefaults(index int, element any) {
	if check, ok := element.(*contract.Check); ok {
		check.Name = "check-" + strconv.Itoa(index+1)
		check.ExpectStatus = statusNotGiven
		check.Timeout = defaultCheckTimeout
	}
}
