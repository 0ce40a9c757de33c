package activities

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// snap is a completed snapshot of our server and policy, made at the given second.
func snap(id, second int64, change ...func(*contract.Snapshot)) contract.Snapshot {
	s := contract.Snapshot{
		ID: id, ServerID: testServer, Name: testName, Status: contract.SnapshotCompleted,
		Description: description(testRun, "update"), CreatedAt: time.Unix(second, 0).UTC(),
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func status(word contract.SnapshotStatus) func(*contract.Snapshot) {
	return func(s *contract.Snapshot) { s.Status = word }
}

func says(text string) func(*contract.Snapshot) {
	return func(s *contract.Snapshot) { s.Description = text }
}

func named(name string) func(*contract.Snapshot) {
	return func(s *contract.Snapshot) { s.Name = name }
}

func undated(s *contract.Snapshot) { s.CreatedAt = time.Time{} }

func TestOnlyWhatIsOursAndNotNeededMayBeDeleted(t *testing.T) {
	newest := snap(9, 900, named("by-hand"), says("by a person"))
	elsewhere := func(s *contract.Snapshot) { s.ServerID = 8 }
	for name, c := range map[string]struct {
		all     []contract.Snapshot
		bend    func(*contract.DeleteSnapshotInput)
		refused string // part of the refusal; empty means that it may be deleted
	}{
		"ours, old and completed":      {all: []contract.Snapshot{snap(1, 100), newest}},
		"ours and failed":              {all: []contract.Snapshot{snap(1, 999, status("failed"))}},
		"same second, higher id":       {all: []contract.Snapshot{snap(1, 900), newest}},
		"in progress":                  {all: []contract.Snapshot{snap(1, 100, status("in_progress")), newest}, refused: "not finished"},
		"unknown status":               {all: []contract.Snapshot{snap(1, 100, status("deleting")), newest}, refused: "not finished"},
		"another prefix":               {all: []contract.Snapshot{snap(1, 100, named("pre-updated-x")), newest}, refused: "name"},
		"the prefix alone":             {all: []contract.Snapshot{snap(1, 100, named("pre-update")), newest}, refused: "name"},
		"no prefix asked":              {all: []contract.Snapshot{snap(1, 100, named("-x")), newest}, bend: func(in *contract.DeleteSnapshotInput) { in.NamePrefix = "" }, refused: "name"},
		"no marker":                    {all: []contract.Snapshot{snap(1, 100, says("run=a policy=update")), newest}, refused: "Safepoint made it"},
		"marker as part of a word":     {all: []contract.Snapshot{snap(1, 100, says("managed-by=safepoints policy=update")), newest}, refused: "Safepoint made it"},
		"another policy":               {all: []contract.Snapshot{snap(1, 100, says(description("r", "daily"))), newest}, refused: "policy"},
		"a longer policy":              {all: []contract.Snapshot{snap(1, 100, says(description("r", "update-web"))), newest}, refused: "policy"},
		"no policy asked":              {all: []contract.Snapshot{snap(1, 100, says("managed-by=safepoint")), newest}, bend: func(in *contract.DeleteSnapshotInput) { in.Policy = "" }, refused: "policy"},
		"protected":                    {all: []contract.Snapshot{snap(1, 100, says(description("r", "update")+" protect=true")), newest}, refused: "protected"},
		"the newest completed":         {all: []contract.Snapshot{snap(1, 999), newest}, refused: "newer"},
		"the only one":                 {all: []contract.Snapshot{snap(1, 100)}, refused: "newer"},
		"newer ones are not completed": {all: []contract.Snapshot{snap(1, 100), snap(2, 200, status("in_progress")), snap(3, 300, status("failed"))}, refused: "newer"},
		"newer one of another server":  {all: []contract.Snapshot{snap(1, 100), snap(2, 200, elsewhere)}, refused: "newer"},
		"same second, lower id":        {all: []contract.Snapshot{snap(1, 100), snap(0, 100)}, refused: "newer"},
		"its own date is not known":    {all: []contract.Snapshot{snap(1, 100, undated), newest}, refused: "newer"},
		"the others' dates are not":    {all: []contract.Snapshot{snap(1, 100), snap(2, 200, undated)}, refused: "newer"},
		"a restore point":              {all: []contract.Snapshot{snap(1, 100), newest}, bend: func(in *contract.DeleteSnapshotInput) { in.RestorePoints = []int64{5, 1} }, refused: "roll back"},
		"of another server":            {all: []contract.Snapshot{snap(1, 100, elsewhere), newest}, refused: "server 8"},
		"listed twice":                 {all: []contract.Snapshot{snap(1, 100), snap(1, 100), newest}, refused: "more than once"},
	} {
		t.Run(name, func(t *testing.T) {
			in := deletable(fenced())
			if c.bend != nil {
				c.bend(&in)
			}
			refusal, gone := mayDelete(c.all, in)
			assert.False(t, gone)
			if c.refused == "" {
				assert.Empty(t, refusal)
				return
			}
			assert.Contains(t, refusal, c.refused)
		})
	}
}

func TestASnapshotThatIsNotListedIsGone(t *testing.T) {
	refusal, gone := mayDelete([]contract.Snapshot{snap(2, 200)}, deletable(fenced()))
	assert.Empty(t, refusal)
	assert.True(t, gone)
}

func TestATwinMayGoOnlyOnceTheKeptOneIsCompleted(t *testing.T) {
	for name, c := range map[string]struct {
		all     []contract.Snapshot
		bend    func(*contract.DeleteSnapshotInput)
		refused string
	}{
		"a completed twin, newest of all": {all: []contract.Snapshot{snap(1, 999), snap(4, 100)}},
		"a failed twin":                   {all: []contract.Snapshot{snap(1, 999, status("error")), snap(4, 100)}},
		"in progress":                     {all: []contract.Snapshot{snap(1, 999, status("in_progress")), snap(4, 100)}, refused: "not finished"},
		"the kept one is in progress":     {all: []contract.Snapshot{snap(1, 999), snap(4, 100, status("in_progress"))}, refused: "not completed"},
		"the kept one failed":             {all: []contract.Snapshot{snap(1, 999), snap(4, 100, status("failed"))}, refused: "not completed"},
		"the kept one is not listed":      {all: []contract.Snapshot{snap(1, 999)}, refused: "not in the list"},
		"the kept one itself":             {all: []contract.Snapshot{snap(1, 999)}, bend: func(in *contract.DeleteSnapshotInput) { in.TwinOf = 1 }, refused: "the one to keep"},
		"another name":                    {all: []contract.Snapshot{snap(1, 999), snap(4, 100, named(testName+"x"))}, refused: "no twin"},
		"the kept one is of another run":  {all: []contract.Snapshot{snap(1, 999), snap(4, 100, says(description("r2", "update")))}, refused: "no twin"},
		"both of another run": {
			all:     []contract.Snapshot{snap(1, 999, says(description("r2", "update"))), snap(4, 100, says(description("r2", "update")))},
			refused: "did not make it",
		},
		"both without a run": {
			all:     []contract.Snapshot{snap(1, 999, says(description("", "update"))), snap(4, 100, says(description("", "update")))},
			bend:    func(in *contract.DeleteSnapshotInput) { in.Fence.OriginalRunID = "" },
			refused: "did not make it",
		},
		"a restore point": {
			all:  []contract.Snapshot{snap(1, 999), snap(4, 100)},
			bend: func(in *contract.DeleteSnapshotInput) { in.RestorePoints = []int64{1} }, refused: "roll back",
		},
		"a protected twin": {all: []contract.Snapshot{snap(1, 999, says(description(testRun, "update")+" protect=true")), snap(4, 100)}, refused: "protected"},
	} {
		t.Run(name, func(t *testing.T) {
			in := deletable(fenced())
			in.TwinOf = 4
			if c.bend != nil {
				c.bend(&in)
			}
			refusal, gone := mayDelete(c.all, in)
			assert.False(t, gone)
			if c.refused == "" {
				assert.Empty(t, refusal)
				return
			}
			assert.Contains(t, refusal, c.refused)
		})
	}
}

func TestOnlyACompletedSnapshotOfTheSameServerMayBeRestored(t *testing.T) {
	in := contract.RestoreSnapshotInput{ServerID: testServer, SnapshotID: 1}
	assert.Empty(t, unfit([]contract.Snapshot{snap(1, 100), snap(2, 200)}, in))
	for name, all := range map[string][]contract.Snapshot{
		"gone":              {snap(2, 200)},
		"in progress":       {snap(1, 100, status("in_progress"))},
		"failed":            {snap(1, 100, status("failed"))},
		"unknown status":    {snap(1, 100, status("Completed?"))},
		"of another server": {snap(1, 100, func(s *contract.Snapshot) { s.ServerID = 8 })},
		"listed twice":      {snap(1, 100), snap(1, 100)},
	} {
		t.Run(name, func(t *testing.T) { assert.NotEmpty(t, unfit(all, in)) })
	}
}
