package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// childIDs are the workflow ids of what a run started.
func (e fleetEnd) childIDs() map[string]bool {
	names := map[string]bool{}
	for _, s := range e.starts {
		names[s.workflowID] = true
	}
	return names
}

// Under a cron schedule all runs have the same first run: children named after that would be taken for those of the run
// before, whose results would be copied.
func TestEachRunOfACronScheduleHasChildrenOfItsOwn(t *testing.T) {
	of := func(originalRun string) map[string]bool {
		h := newFleet(t, 3)
		h.originalRun = originalRun
		return h.run().childIDs()
	}
	first, second := of("run-1"), of("run-2")
	require.Len(t, first, 3)
	require.Len(t, second, 3)
	for id := range second {
		assert.False(t, first[id], "%s belongs to the run before", id)
	}
	assert.Equal(t, first, of("run-1"), "a reset keeps the original run id, and finds what was started before it")
}

func TestAChainOfRunsNamesItsChildrenAfterTheRunThatBeganIt(t *testing.T) {
	h := newFleet(t, 6, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 2} })
	first := h.longAt(30 * time.Second).run()
	second := first.after()
	second.originalRun = "another-run-of-the-chain"
	e := second.run()
	require.NotEmpty(t, e.starts)
	suffix := func(id string) string { return id[strings.LastIndexByte(id, '-'):] }
	assert.Equal(t, suffix(first.starts[0].workflowID), suffix(e.starts[0].workflowID))
	assert.Equal(t, FleetCounts{Done: 6}, e.fleet().Counts)
}
