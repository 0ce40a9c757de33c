package schema

import (
	"math/rand/v2"
	"regexp"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// webhook and frozen are inputs around one text.
func webhook(url string) one {
	return one{kind: suv, path: "update", value: fields{"kind": "webhook", "url": url}}
}

func frozen(zone string) one {
	return one{kind: suv, path: "not_during", value: []any{fields{"from": "16:00", "to": "18:00", "time_zone": zone}}}
}

func tcp(address string) one {
	return one{kind: suv, path: "verify.checks[0]", value: fields{"kind": "tcp", "address": address}}
}

func scheduled(zone string) one { return one{kind: Schedule, path: "spec.time_zone", value: zone} }

func calendar(field, text string) one {
	return one{kind: Schedule, path: "spec", value: fields{"calendars": []any{fields{"hour": "3", field: text}}}}
}

func cron(text string) one {
	return one{kind: Schedule, path: "spec", value: fields{"cron": []any{text}}}
}

func TestATextThatIsNoURLZonePortOrFieldIsRefusedByBoth(t *testing.T) {
	var all []one
	for _, url := range []string{
		"https://user:pw@example.com/", "https://user@example.com", "https://@example.com/", "https://a@b@example.com/",
		"http://", "http:///p", "https://?a=b", "https://:443/", "http://[]/",
		"http://example.com:0/", "http://example.com:65536/", "http://example.com:99999", "http://[::1]:70000?a", "http://a:b/", "http://a:1:2/",
		"https://example.com/\u0085", "https://example.com/\u202e", "https://example.com/?a=\u2028", "https://exa\u00admple.com/", "https://example.com/\u00a0",
	} {
		all = append(all, webhook(url), one{kind: suv, path: "notify", value: []any{fields{"url": url}}},
			one{kind: fleet, path: "template.verify.checks[0].url", value: url})
	}
	for _, port := range []string{"0", "00", "65536", "65540", "65600", "66000", "70000", "99999", "100000", "-1", ""} {
		all = append(all, tcp("web01:"+port), tcp("[::1]:"+port))
	}
	for _, zone := range []string{"Local", "+01:00", "UTC+1h ", "Berlin time", "/etc/localtime", "../Europe/Berlin", "Europe/../UTC", `Europe\Berlin`, "Europe/Zürich", "UTC\n"} {
		all = append(all, frozen(zone), scheduled(zone), one{kind: fleet, path: "template.not_during", value: frozen(zone).value})
	}
	all = append(all, scheduled("local"), scheduled("LOCAL"))
	for _, mark := range controlMarks {
		for _, field := range []string{"second", "minute", "hour", "day_of_month", "month", "year", "day_of_week", "comment"} {
			all = append(all, calendar(field, "1"+string(mark)))
		}
		all = append(all, cron("@daily"+string(mark)), cron("0 3 * *"+string(mark)+" *"), cron("0 3 * * 1"+string(mark)))
	}
	refuse(t, all)
}

func refuse(t *testing.T, all []one) {
	t.Helper()
	for _, o := range all {
		text := o.text(t)
		assert.NotEmpty(t, newJudge(t, o.kind).refusals(t, text), "the schema of %s takes %s = %q", o.kind, o.path, o.value)
		assert.NotEmpty(t, problems(t, o.kind, text), "%s takes %s = %q", o.kind, o.path, o.value)
	}
}

func TestOddButGoodTextsAreTakenByBoth(t *testing.T) {
	var all []one
	for _, url := range []string{
		"https://example.com", "https://example.com?to=user:pw@host", "https://example.com/user:pw@host", "http://example.com:/", "http://example.com:",
		"http://example.com:65535/", "http://example.com:00080/a:99999", "http://[::1]", "http://[2001:db8::1]:8080?a", "http://[fe80::1%25eth0]:80/",
		"https://münchen.example/grüße", "http://%C3%BC.example/", "http://a_b.example/{id}/[1]", "https://example.com?a=http://[::1]:70000/",
	} {
		all = append(all, webhook(url), one{kind: fleet, path: "template.verify.checks[0].url", value: url})
	}
	for _, port := range []string{"1", "22", "9999", "10000", "59999", "64999", "65499", "65529", "65535", "0065535"} {
		all = append(all, tcp("web01:"+port), tcp("[::1]:"+port))
	}
	for _, zone := range []string{
		"", "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "America/Port-au-Prince", "Etc/GMT+12", "Etc/GMT-14", "EST5EDT", "GMT0", "W-SU", "Asia/Ust-Nera",
	} {
		all = append(all, frozen(zone), scheduled(zone))
	}
	all = append(all, one{kind: fleet, path: "template.not_during", value: frozen("Europe/Berlin").value},
		calendar("comment", "a\u2028b"), calendar("minute", "*/15"), cron("@"), cron("@no such word"),
		cron("0\u00a03\u3000* * *"), cron("\u2028 0 3 * * mon\u202e "), cron("@daily\u202e"))
	for _, o := range all {
		text := o.text(t)
		assert.Empty(t, newJudge(t, o.kind).refusals(t, text), "the schema of %s refuses %s = %q", o.kind, o.path, o.value)
		assert.Empty(t, problems(t, o.kind, text), "%s refuses %s = %q", o.kind, o.path, o.value)
	}
}

// Of every character that the runbooks take for printable, no line of text, word or URL is refused, whatever Unicode adds.
func TestOnlyCharactersThatNobodySeesAreRefused(t *testing.T) {
	line, word, url := regexp.MustCompile(linePattern), regexp.MustCompile(wordPattern), regexp.MustCompile(urlPattern)
	plainLine, refused := regexp.MustCompile(plainLinePattern), 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		text := string(r)
		if unicode.IsPrint(r) {
			require.True(t, line.MatchString(text), "%U", r)
			require.True(t, word.MatchString(text) || r == ' ', "%U", r)
			require.True(t, url.MatchString("http://h/"+text) || r == ' ' || r == '#', "%U", r)
		} else if !line.MatchString(text) {
			refused++
			require.False(t, url.MatchString("http://h/"+text), "%U", r)
		}
		require.Equal(t, unicode.IsControl(r), !plainLine.MatchString(text), "%U", r)
	}
	assert.Greater(t, refused, 6400+65, "the private ones, and the controls")
}

// A schema is printed on terminals: what would turn its text around is escaped.
func TestASchemasTextHoldsNothingThatCannotBeSeen(t *testing.T) {
	for _, kind := range Kinds() {
		s, err := For(kind)
		require.NoError(t, err)
		text, err := s.Text()
		require.NoError(t, err)
		for _, r := range string(text) {
			require.True(t, r == '\n' || unicode.IsPrint(r), "%s: %U", kind, r)
		}
		assert.Contains(t, string(text), `\u202F`, kind)
	}
	escaped, err := unescaped("\U000E0001\u0085<µ>")
	require.NoError(t, err)
	assert.Equal(t, `"\uDB40\uDC01\u0085<µ>"`, string(escaped))
}

// Texts are put together from what their readers stumble over. Whatever the runbook takes of them its schema takes.
func TestNoTextThatARunbookTakesIsRefusedByItsSchema(t *testing.T) {
	zones := []string{"Europe", "Berlin", "Etc", "GMT", "+1", "-1", "/", "//", ".", "..", "UTC", "Local", "ü", ":", "US", "Eastern", "Asia/Tokyo", ""}
	for name, c := range map[string]struct {
		first, pieces []string
		of            func(text string) one
		least         int // how many must have been good, so that the test says something
	}{
		"url": {[]string{"http://", "HTTPS://h.example", "http://[::1]", "http:/", "https:///"}, []string{
			"h", "é", "%C3%BC", ":", ":80", ":0080", ":65536", "[fe80::1%25e]", "[", "]", "@", "u:p@", "/", "//", "?", "#", "a=b", "\u00a0", "\u202e", "*", "+", "~", "\\",
		}, webhook, 100},
		"address": {[]string{"web01", "a.example", "[::1]", "[2001:db8::1]", ":", "é"}, []string{":", "0", "1", "6", "65535", "65536", "9", "-", "]"}, tcp, 20},
		"freeze":  {zones, zones, frozen, 40},
		"spec":    {zones, zones, scheduled, 40},
		"cron": {[]string{"0 3 * *", "@", "@daily", "@every", " ", "\u2028"}, []string{
			" 0", " *", "\u00a01", "\u3000*", "\u2028", "mon", "TZ=", " ", "\u0085", "\u202e", "@",
		}, cron, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, good := rand.New(rand.NewPCG(17, 4)), 0 // a fixed seed, so that a failure comes again
			for range 2000 {
				text := c.first[r.IntN(len(c.first))]
				for range r.IntN(7) {
					text += c.pieces[r.IntN(len(c.pieces))]
				}
				o := c.of(text)
				input := o.text(t)
				if len(problems(t, o.kind, input)) > 0 {
					continue
				}
				good++
				require.Empty(t, newJudge(t, o.kind).refusals(t, input), "%q", text)
			}
			assert.Greater(t, good, c.least)
		})
	}
}
