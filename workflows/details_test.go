package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The UI shows the first lines of the details and cuts off the rest.
func TestTheDetailsOfAHeldRunBeginWithTheQuestionAndHowToAnswerIt(t *testing.T) {
	h := newHarness(t).on(verify, passed, inconclusive, passed)
	var details string
	h.at(time.Hour, func() { details = h.details() })
	h.at(2*time.Hour, func() { h.decide(DecideCommit) })
	e := h.run()
	require.Equal(t, OutcomeCommitted, e.report.Outcome)
	lines := strings.Split(details, "\n\n")
	assert.Contains(t, lines[0], "**hold** of server")
	assert.Contains(t, lines[1], "**A person must decide:** `the checks could not judge the server")
	assert.Contains(t, lines[2], "Answer with the update `decide` by 2026-03-02 ")
	assert.Contains(t, lines[2], "`{\"decision\": \"commit\"}` or `{\"decision\": \"rollback\"}` or `{\"decision\": \"extend\"}`")
	assert.NotContains(t, details, "Waiting for", "it would say the same twice")
}
