package render

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestFindingsAreOneLineEachWithTheMendBelow(t *testing.T) {
	golden(t, "doctor", Findings([]contract.Finding{
		{Name: "temporal", State: contract.FindingOK, Detail: "localhost:7233 (no TLS, no API key) answers"},
		{Name: "search attributes", State: contract.FindingBad, Detail: "not registered: SafepointOutcome; runbooks hang without them",
			Mend: "start safepoint-worker again, which registers them, or run", Commands: []string{"temporal operator search-attribute create --namespace ns --name SafepointOutcome ..."}},
		{Name: "quota", State: contract.FindingWarn, Detail: "room for one more: servers 12345, 12346", Mend: "nothing yet; what there is:", Commands: []string{"safepoint snapshots --all"}},
		{Name: "settings", State: contract.FindingOK, Detail: "safepoint-worker v2.1.0, task queues safepoint and safepoint-wait, VPS_SETTLE 30s, VPS_POLL_INTERVAL 10s"},
		{Name: "worker clock", State: contract.FindingBad, Detail: "the worker's clock is 1h ahead of Temporal's, and the deadlines of writes are measured by both",
			Mend: "set the clocks of the worker's machine and of the Temporal server by NTP, both of them, and look again afterwards"},
		{Name: "token", State: contract.FindingUnchecked, Detail: "not checked", Mend: "mend api first"},
	}, Palette{}, Width))
}

// A command is copied from the terminal: where it is broken at all, a shell reads on in the next line.
func TestACommandThatMendsCanBePasted(t *testing.T) {
	command := "temporal operator search-attribute create --namespace " + strings.Repeat("n", 60) + " --name SafepointOutcome --type Keyword"
	list := []contract.Finding{{Name: "x", State: contract.FindingBad, Detail: "d", Mend: "m", Commands: []string{command}}}
	assert.Contains(t, Findings(list, Palette{}, 0), "   "+command+"\n")
	text := Findings(list, Palette{}, 80)
	assertNarrow(t, text, 80)
	_, text, _ = strings.Cut(text, "-> m\n")
	text, _, _ = strings.Cut(text, "\n\n")
	assert.Equal(t, command, pasted(text))
}

func TestTheLastLineSaysWhatAllOfItMeans(t *testing.T) {
	of := func(states ...contract.FindingState) string {
		var list []contract.Finding
		for _, s := range states {
			list = append(list, contract.Finding{Name: "x", State: s, Detail: "d", Mend: "m"})
		}
		lines := strings.Split(strings.TrimSpace(Findings(list, Palette{}, Width)), "\n")
		return lines[len(lines)-1]
	}
	assert.Equal(t, "All ok.", of(contract.FindingOK))
	assert.Equal(t, "Works. 2 things to look at.", of(contract.FindingWarn, contract.FindingWarn, contract.FindingOK))
	assert.Equal(t, "1 thing to mend.", of(contract.FindingBad, contract.FindingWarn))
	assert.Equal(t, "1 thing to mend, 2 not checked before that.", of(contract.FindingBad, contract.FindingUnchecked, contract.FindingUnchecked))
}

func TestNoFieldOfAFindingReachesTheTerminalRaw(t *testing.T) {
	for _, state := range []contract.FindingState{hostileText, contract.FindingOK, contract.FindingWarn, contract.FindingBad, contract.FindingUnchecked} {
		f := filled[contract.Finding](t)
		f.State = state
		assertHarmless(t, Findings([]contract.Finding{f}, Palette{}, Width))
	}
}
