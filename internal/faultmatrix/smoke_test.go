package faultmatrix

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWithoutFaultsEveryFlowEndsAsItShould(t *testing.T) {
	flows := []scenario{
		{name: "good"}, {name: "bad", bad: true}, {name: "prune", old: 3},
		{name: "stop", stop: true}, {name: "stop and bad", stop: true, bad: true},
	}
	each(t, flows, scenarioName, func(t *testing.T, s scenario) {
		e := runbook(t, s)
		e.check(undisturbed(s))
		assert.Empty(t, e.report.Notes, "nothing surprising happened")
	})
}

func scenarioName(s scenario) string { return s.name }
