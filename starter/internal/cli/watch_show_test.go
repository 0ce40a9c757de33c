package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// shown is a display of a run in its snapshot, on a terminal of 80 columns or, for 0, elsewhere.
func shown(width int) (*display, *loud) {
	errs := &loud{}
	a := newApp(World{Err: errs, ErrWidth: width})
	return a.newDisplay(seen{view: render.View{ID: "deploy-1", Now: listBegan, Status: &workflows.Status{
		ServerID: 7, Phase: workflows.PhaseSnapshot, Since: listBegan, WaitingFor: "the snapshot",
		Window: &workflows.Window{From: listBegan, Min: workflows.Duration(3 * time.Minute), Max: workflows.Duration(10 * time.Minute)},
	}}}), errs
}

func TestALogOfARunThatOnlyWaitsGrowsByALineAMinute(t *testing.T) {
	d, errs := shown(0)
	for i := range 4 * 125 { // as often as it is drawn, for a little more than two minutes
		d.looked = listBegan.Add(time.Duration(i) * drawEvery)
		d.draw(d.looked)
	}
	lines := strings.Split(strings.TrimSuffix(errs.String(), "\n"), "\n")
	require.Len(t, lines, 3, "%s", errs)
	assert.Contains(t, lines[0], "12:00:00 snapshot   waiting for the snapshot")
	assert.Equal(t, "12:01:00 still snapshot for 1m00s, 1m00s of 3m to 10m", lines[1])
	assert.Equal(t, "12:02:00 still snapshot for 2m00s, 2m00s of 3m to 10m", lines[2])
}

func TestALookThatIsOldIsSaidToBe(t *testing.T) {
	for _, width := range []int{0, 80} {
		d, errs := shown(width)
		d.draw(listBegan.Add(staleAfter))
		assert.NotContains(t, errs.String(), "not answer")
		d.draw(listBegan.Add(staleAfter + time.Second))
		assert.Regexp(t, "Temporal (has|does) not answer", errs.String())
	}
}

func TestALookThatNoWorkerAnswersKeepsWhatWasKnown(t *testing.T) {
	d, errs := shown(80)
	d.news(seen{view: render.View{ID: "deploy-1", Now: listBegan, Trouble: "no worker answers"}})
	d.draw(listBegan)
	assert.Contains(t, errs.String(), "no worker answers")
	assert.Contains(t, errs.String(), "the snapshot")
}
