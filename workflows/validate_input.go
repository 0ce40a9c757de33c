package workflows

import (
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/converter"
)

// inputRule says how a runbook that people start reads its input.
type inputRule struct {
	runbook string
	check   func(converter.RawValue) error
}

// inputRules are in the order in which people meet the runbooks.
var inputRules = []inputRule{
	{TypeSnapshotUpdateVerify, checkWith(decodeSnapshotUpdateVerify)},
	{TypeRollbackByRestore, checkWith(decodeRollbackByRestore)},
	{TypeSnapshotRotation, checkWith(decodeSnapshotRotation)},
	{TypeFleetUpdate, checkWith(decodeFleetUpdate)},
	{TypeSnapshotAudit, checkWith(decodeSnapshotAudit)},
}

func checkWith[T any](decode func(converter.RawValue) (T, error)) func(converter.RawValue) error {
	return func(raw converter.RawValue) error {
		_, err := decode(raw)
		return err
	}
}

// Runbooks are the workflow types that people start, in a fixed order.
func Runbooks() []string {
	names := make([]string, len(inputRules))
	for i, rule := range inputRules {
		names[i] = rule.runbook
	}
	return names
}

// Validate judges a runbook's input, one JSON object, as the runbook itself would at its start. The error is an
// *InvalidInputError with every problem. It lets a program refuse an input before it starts or schedules anything.
func Validate(runbook string, input []byte) error {
	at := slices.IndexFunc(inputRules, func(rule inputRule) bool { return rule.runbook == runbook })
	if at < 0 {
		return fmt.Errorf("%q is no runbook: name one of %s", cut(runbook, 100), strings.Join(Runbooks(), ", "))
	}
	return inputRules[at].check(converter.NewRawValue(jsonPayload(input)))
}
