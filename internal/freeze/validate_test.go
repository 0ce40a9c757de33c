package freeze

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

var (
	moment = time.Date(2026, 12, 23, 18, 0, 0, 0, time.UTC)
	later  = moment.Add(time.Hour)
)

func TestAWindowThatCannotBeReadIsRefusedByPath(t *testing.T) {
	for name, c := range map[string]struct {
		window Window
		paths  []string
	}{
		"nothing":               {Window{Reason: "x"}, []string{"[0]"}},
		"both kinds":            {Window{From: "01:00", To: "02:00", Start: moment, End: later}, []string{"[0]"}},
		"a zone and moments":    {Window{TimeZone: "UTC", Start: moment, End: later}, []string{"[0]"}},
		"only days":             {Window{Days: []string{"mon"}}, []string{"[0].from", "[0].to"}},
		"a day of its own":      {Window{Days: []string{"mon", "someday", ""}, From: "01:00", To: "02:00"}, []string{"[0].days[1]", "[0].days[2]"}},
		"no to":                 {Window{From: "01:00"}, []string{"[0].to"}},
		"no from":               {Window{To: "01:00"}, []string{"[0].from"}},
		"no times":              {Window{From: "1:00", To: "25:00"}, []string{"[0].from", "[0].to"}},
		"odd times":             {Window{From: "+1:00", To: "01:60"}, []string{"[0].from", "[0].to"}},
		"24:30":                 {Window{From: "01:00", To: "24:30"}, []string{"[0].to"}},
		"from 24:00":            {Window{From: "24:00", To: "01:00"}, []string{"[0].from"}},
		"from is to":            {Window{From: "01:00", To: "01:00"}, []string{"[0].to"}},
		"unknown zone":          {Window{From: "01:00", To: "02:00", TimeZone: "Mars/Olympus"}, []string{"[0].time_zone"}},
		"the machine's zone":    {Window{From: "01:00", To: "02:00", TimeZone: "Local"}, []string{"[0].time_zone"}},
		"a path as a zone":      {Window{From: "01:00", To: "02:00", TimeZone: "../../etc/passwd"}, []string{"[0].time_zone"}},
		"no end":                {Window{Start: moment}, []string{"[0].end"}},
		"no start":              {Window{End: moment}, []string{"[0].start"}},
		"end before start":      {Window{Start: later, End: moment}, []string{"[0].end"}},
		"end is start":          {Window{Start: moment, End: moment}, []string{"[0].end"}},
		"no ids":                {Window{Start: moment, End: later, Servers: []int64{0, 1, -5}}, []string{"[0].servers[0]", "[0].servers[2]"}},
		"too many ids":          {Window{Start: moment, End: later, Servers: make([]int64, MaxServers+1)}, []string{"[0].servers"}},
		"a long reason":         {Window{Start: moment, End: later, Reason: strings.Repeat("é", maxReason+1)}, []string{"[0].reason"}},
		"an unprintable reason": {Window{Start: moment, End: later, Reason: "a\nb\nc"}, []string{"[0].reason"}},
	} {
		t.Run(name, func(t *testing.T) {
			paths := []string{}
			for _, p := range Validate([]Window{c.window}) {
				paths = append(paths, p.Path)
				assert.NotEmpty(t, p.Message)
			}
			assert.Equal(t, c.paths, paths)

			w, until := Active([]Window{c.window}, 1, moment)
			if len(c.window.Servers) == 0 {
				require.NotNil(t, w, "nothing is changed under a rule that cannot be read")
				assert.Zero(t, until)
			}
		})
	}
	good := []Window{
		{From: "18:00", To: "06:00"}, {Days: []string{"Mon", "SUNDAY"}, From: "00:00", To: "24:00", TimeZone: "Europe/Berlin"},
		{Start: moment, End: later, Servers: []int64{1, maxServerID}, Reason: strings.Repeat("é", maxReason)},
	}
	assert.Empty(t, Validate(good))
	assert.Equal(t, "[1].to", Validate([]Window{good[0], {From: "01:00"}})[0].Path)
	assert.Len(t, Validate(make([]Window, MaxWindows+1)), 1)
	assert.Len(t, Validate([]Window{{Start: moment, End: later, Servers: make([]int64, 500)}}), strictjson.MaxProblems)
}

func TestAWindowIsReadFromItsJSONStrictly(t *testing.T) {
	var in struct {
		NotDuring []Window `json:"not_during"`
	}
	data := `{"not_during":[{"days":["fri"],"from":"18:00","to":"06:00","time_zone":"UTC","servers":[5],"reason":"sale"},
		{"start":"2026-12-23T18:00:00Z","end":"2026-12-23T20:00:00+01:00"}]}`
	require.Empty(t, strictjson.Decode([]byte(data), &in))
	require.Len(t, in.NotDuring, 2)
	assert.Equal(t, Window{Days: []string{"fri"}, From: "18:00", To: "06:00", TimeZone: "UTC", Servers: []int64{5}, Reason: "sale"}, in.NotDuring[0])
	assert.True(t, in.NotDuring[1].Start.Equal(moment))
	assert.True(t, in.NotDuring[1].End.Equal(later))
	assert.Len(t, strictjson.Decode([]byte(`{"not_during":[{"start":"tomorrow","until":"x"}]}`), &in), 2)
	out, err := json.Marshal(Window{From: "18:00", To: "06:00"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"from":"18:00","to":"06:00"}`, string(out))
}
