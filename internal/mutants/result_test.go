package main

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyAFailedCheckOrATimeOutCatchesAMutant(t *testing.T) {
	for name, c := range map[string]struct {
		out    string
		ok     bool
		ending ending
		failed []string
	}{
		"passed":                 {"PASS\n", true, passed, nil},
		"ran none":               {"testing: warning: no tests to run\nPASS\n", true, ranNone, nil},
		"failed":                 {"--- FAIL: TestA (0.01s)\n    a_test.go:3: no\nFAIL\n", false, failed, []string{"TestA"}},
		"a subtest":              {"--- FAIL: TestA (0.01s)\n    --- FAIL: TestA/x (0.00s)\n    --- FAIL: TestA/y (0.00s)\nFAIL\n", false, failed, []string{"TestA/x", "TestA/y"}},
		"time-out":               {"panic: test timed out after 2m0s\n\trunning tests:\n", false, timedOut, nil},
		"its own bound":          {"--- FAIL: TestA (30.00s)\npanic: test timeout: 30s, workflow stack: x\n", false, timedOut, []string{"TestA"}},
		"panicked":               {"--- FAIL: TestA (0.00s)\npanic: nil pointer [recovered]\n", false, panicked, []string{"TestA"}},
		"checked, then panicked": {"--- FAIL: TestA (0.00s)\n    a_test.go:3:\n\tError Trace:\ta_test.go:3\npanic: nil pointer\n", false, failed, []string{"TestA"}},
		"panicked, then checked": {"--- FAIL: TestA (0.00s)\npanic: nil pointer\n\tError Trace:\ta_test.go:3\n", false, panicked, []string{"TestA"}},
		"ended otherwise":        {"exit status 3\n", false, unclear, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := judge(c.out, c.ok)
			assert.Equal(t, c.ending, got.ending)
			assert.ElementsMatch(t, c.failed, got.failed)
			assert.Equal(t, c.ending == failed || c.ending == timedOut, got.caught())
		})
	}
}

func TestAMutantIsRefusedWhenTheCodeHasChanged(t *testing.T) {
	m := Mutant{Name: "m", File: "f.go", Find: "a == b", Replace: "a != b"}
	mutated, err := m.apply("if a == b {")
	require.NoError(t, err)
	assert.Equal(t, "if a != b {", mutated)
	for _, source := range []string{"", "if a == b { _ = a == b }"} {
		_, err := m.apply(source)
		assert.ErrorContains(t, err, "mend the mutant")
	}
	_, err = Mutant{Find: "x", Replace: "x"}.apply("x")
	assert.ErrorContains(t, err, "changes nothing")
}

func TestAKillerMeansOneTestAndSaysHowToStartIt(t *testing.T) {
	kill := Kill{Package: "activities", Test: "TestA/done_(law_2)", Env: []string{"SEED=7"}, Args: []string{"-test.v"}}
	assert.Equal(t, `^TestA$/^done_\(law_2\)$`, kill.pattern())
	assert.Equal(t, `SEED=7 go test ./activities -run '^TestA$/^done_\(law_2\)$' -test.v`, kill.String())
	assert.NotEqual(t, kill.key(), by("activities", kill.Test).key())
}

func TestOnlyACaughtMutantIsCalledSo(t *testing.T) {
	m := Mutant{Name: "no-lock", Kill: by("workflows", "TestA"), Seed: 42}
	for word, o := range map[string]outcome{
		"caught":   {mutant: m, result: result{failed, []string{"TestA"}}},
		"SURVIVED": {mutant: m, result: result{ending: passed}},
		"BROKEN":   {mutant: m, result: result{failed, []string{"TestA"}}, problem: errors.New("it does not build")},
		"BROKEN  ": {mutant: m, result: result{ending: panicked}},
	} {
		assert.Contains(t, o.line(time.Second), word)
		assert.Equal(t, word == "caught", o.caught())
		assert.Equal(t, word != "caught", o.killer() == "**not caught** and seed 42 of the simulation")
	}
}
