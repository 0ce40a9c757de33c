package activities

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// colours spells rounds: g green, r red, u inconclusive, ? a word nobody knows.
var colours = map[rune]contract.Verdict{
	'g': contract.VerdictPassed, 'r': contract.VerdictFailed, 'u': contract.VerdictInconclusive, '?': "odd",
}

// tally plays rounds that end every ten seconds, the first at zero, and returns the conclusion and its round.
func tally(rules tallyRules, played string) (conclusion, int) {
	var p VerifyProgress
	for i, c := range played {
		var end conclusion
		if p, end = p.add(rules, colours[c], time.Duration(i)*10*time.Second); end.reached() {
			return end, i + 1
		}
	}
	return conclusion{}, 0
}

func TestTheVerdictFollowsTheRowsOfRounds(t *testing.T) {
	const passed, failed, unclear = contract.VerdictPassed, contract.VerdictFailed, contract.VerdictInconclusive
	base := tallyRules{successes: 3, failures: 2, inconclusives: 3, timeout: 100 * time.Second}
	patient, baking := base, base
	patient.inconclusives = 0
	baking.bake = 50 * time.Second
	for name, c := range map[string]struct {
		rules  tallyRules
		rounds string
		want   contract.Verdict // empty: none yet
		at     int
	}{
		"enough green":                        {base, "ggg", passed, 3},
		"not enough green":                    {base, "gg", "", 0},
		"enough red":                          {base, "rr", failed, 2},
		"enough inconclusive":                 {base, "uuu", unclear, 3},
		"an unknown colour is inconclusive":   {base, "???", unclear, 3},
		"red begins the green row anew":       {base, "ggrggg", passed, 6},
		"inconclusive begins the row anew":    {base, "ggugg", "", 0},
		"green begins the red row anew":       {base, "rgrgrg", "", 0},
		"inconclusive begins the red row":     {base, "rurur", "", 0},
		"late health":                         {base, "rgrgggrr", passed, 6},
		"time over, last red":                 {base, "grgrgrgrggr", failed, 11},
		"time over, last inconclusive":        {patient, "rgrguuuuuuu", unclear, 11},
		"time over, only inconclusive":        {patient, "uuuuuuuuuuu", unclear, 11},
		"time over, last green, saw red":      {base, "grgrgrgrgrg", failed, 11},
		"time over, green and inconclusive":   {base, "gugugugugug", unclear, 11},
		"time is not over":                    {base, "grgrgrgrgr", "", 0},
		"the last round may still pass":       {base, "grgrgrgrggg", passed, 11},
		"no bake, no waiting":                 {base, "gggrr", passed, 3},
		"bake: pass only after it":            {baking, "ggggggg", "", 0},
		"bake: stays green":                   {baking, "gggggggg", passed, 8},
		"bake: fails in it":                   {baking, "gggrr", failed, 5},
		"bake: one red in it is forgiven":     {baking, "ggggrggg", passed, 8},
		"bake: must end green":                {baking, "gggggggr", "", 0},
		"bake: green again after its end":     {baking, "gggggggrggg", passed, 11},
		"bake: an inconclusive near its end":  {baking, "ggggggugg", "", 0},
		"bake: inconclusive in it":            {baking, "ggguuu", unclear, 6},
		"bake: the time-out goes on after it": {baking, "ggggggg" + "rgrgrgrg" + "r", failed, 16},
		"bake: begins as time runs out":       {baking, "grgrgrgrggg" + "ggggg", passed, 16},
	} {
		t.Run(name, func(t *testing.T) {
			end, at := tally(c.rules, c.rounds)
			assert.Equal(t, c.want, end.verdict)
			assert.Equal(t, c.at, at)
			assert.Equal(t, c.want != "", end.detail != "")
		})
	}
}

// TestVerdictsNeverSayMoreThanTheRoundsShow plays random rounds under random rules.
func TestVerdictsNeverSayMoreThanTheRoundsShow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var seen = map[contract.Verdict]int{}
	for range 20000 {
		rules := tallyRules{
			successes: 1 + random.IntN(4), failures: 1 + random.IntN(4), inconclusives: random.IntN(4),
			timeout: time.Duration(random.IntN(200)) * time.Second, bake: time.Duration(random.IntN(2)*random.IntN(100)) * time.Second,
		}
		var played strings.Builder
		for range 60 {
			played.WriteByte("gggruu"[random.IntN(6)])
		}
		end, at := tally(rules, played.String())
		require.True(t, end.reached(), "every verification ends: %+v %s", rules, played.String())
		seen[end.verdict]++
		story := played.String()[:at]
		switch end.verdict {
		case contract.VerdictPassed:
			require.True(t, strings.HasSuffix(story, strings.Repeat("g", rules.successes)), "%+v %s", rules, story)
			require.False(t, strings.Contains(story, strings.Repeat("r", rules.failures)), "%+v %s", rules, story)
			require.GreaterOrEqual(t, time.Duration(at-rules.successes)*10*time.Second, rules.bake)
		case contract.VerdictFailed:
			require.Contains(t, story, "r", "nothing fails that was never seen red: %+v", rules)
			require.False(t, strings.HasSuffix(story, "u"), "a checker that cannot look fails nothing: %+v %s", rules, story)
		default:
			require.Equal(t, contract.VerdictInconclusive, end.verdict)
		}
		last := time.Duration(at-1) * 10 * time.Second
		// These rounds keep their ten seconds, so each of the two ends can be missed by almost one of them.
		require.Less(t, last, rules.timeout+rules.bake+20*time.Second, "it ends in time: %+v %s", rules, story)
	}
	assert.Len(t, seen, 3)
}

func TestATallyThatTravelsThroughAHeartbeatGoesOnAsIfNothingHappened(t *testing.T) {
	rules := tallyRules{successes: 3, failures: 3, inconclusives: 3, timeout: 100 * time.Second, bake: 30 * time.Second}
	var straight, carried VerifyProgress
	for i, c := range "gggugrgggg" {
		at := time.Duration(i) * 10 * time.Second
		var a, b conclusion
		straight, a = straight.add(rules, colours[c], at)
		raw, err := json.Marshal(carried)
		require.NoError(t, err)
		carried = VerifyProgress{}
		require.NoError(t, json.Unmarshal(raw, &carried))
		carried, b = carried.add(rules, colours[c], at)
		assert.Equal(t, a, b)
		assert.Equal(t, straight, carried)
	}
}
