package schema

import "strings"

// Patterns of texts. They are anchored, and keep to what RE2 and ECMA-262 both read: no look-around, no classes by name.
const (
	// durationPattern is what contract.ParseDuration reads, without a minus: "30m", "1h30m", "14d", "2w".
	durationPattern = `^[+]?([0-9]+[dw]|0|(([0-9]+([.][0-9]*)?|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`
	// momentPattern is RFC 3339, as loosely as time.Time reads it.
	momentPattern = `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{1,2}:[0-9]{2}:[0-9]{2}([.,][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$`
	// notZero stands beside durationPattern where zero is too short.
	notZero = `[1-9]`
	// controls is the inside of a class: control characters, which every text of one line is free of.
	controls = `\x00-\x1F\x7F-\x9F`
	// unseen is the inside of a class: what a text for people is free of as well. Spaces but the one of the keyboard, marks
	// that are not seen or that turn the direction of text around, ends of lines, and characters for private use. Those are
	// the characters themselves, because RE2 and ECMA-262 have no way in common to name them; the schema's text escapes them.
	unseen = `\xA0\xAD` + "\u061C\u1680\u180E\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\uE000-\uF8FF\uFEFF\uFFF9-\uFFFB"
	// spaces is the inside of a class: what stands between the fields of a cron line, as strings.Fields reads it.
	spaces = ` \xA0` + "\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"

	// linePattern is one line of text.
	linePattern = `^[^` + controls + unseen + `]*$`
	// plainLinePattern is one line as schedule files read it: only control characters are refused.
	plainLinePattern = `^[^` + controls + `]*$`
	// wordPattern is an id: a line without spaces.
	wordPattern = `^[^ ` + controls + unseen + `]*$`
	// notBlank has a character that is no space.
	notBlank = `[^ ]`
	// portPattern is from 1 to 65535.
	portPattern = `0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])`
	// inURL is the inside of a class: what stands nowhere in a URL.
	inURL = ` #` + controls + unseen
	// urlPattern has a host, without a user before it; the port behind its colon may be missing.
	urlPattern = `^[Hh][Tt][Tt][Pp][Ss]?://(\[[^/?@\[` + inURL + `]+\]|[^:/?@\[` + inURL + `]+)(:(` + portPattern + `)?)?([/?][^` + inURL + `]*)?$`
	// addressPattern is host:port or [IPv6]:port.
	addressPattern = `^([A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]):` + portPattern + `$`
	// zonePattern is a name of the IANA database, or none. Which names there are is for the worker's own copy to say.
	zonePattern   = `^([A-Za-z0-9_+.-][A-Za-z0-9_+./-]*)?$`
	prefixPattern = `^[A-Za-z0-9][A-Za-z0-9_-]{0,23}$`
	namePattern   = `^[A-Za-z0-9_-]{1,255}$`
	clockPattern  = `^([01][0-9]|2[0-3]):[0-5][0-9]$`
	// clockEndPattern also has the end of a day.
	clockEndPattern = `^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`
	// cronPattern is a shorthand such as @daily, or 5 to 7 fields.
	cronPattern = `^(@[^` + controls + `]*|[` + spaces + `]*` + cronField + `([` + spaces + `]+` + cronField + `){4,6}[` + spaces + `]*)$`
	cronField   = `[^` + controls + spaces + `]+`
	// markerPattern is a word that is Safepoint's own in a snapshot's description.
	markerPattern = `(^| )(managed-by|run|policy|purpose)=`
	// placeholderPattern is a text of a fleet's template that may hold {{.Hostname}} and the like.
	placeholderPattern = `\{\{`
)

// dayPattern is a day of the week, by three letters or its whole name, in any case.
var dayPattern = "^(" + strings.Join([]string{
	anyCase("mon", "day"), anyCase("tue", "sday"), anyCase("wed", "nesday"), anyCase("thu", "rsday"),
	anyCase("fri", "day"), anyCase("sat", "urday"), anyCase("sun", "day"),
}, "|") + ")$"

// anyCase is a pattern of a word and of its longer form, in capitals or not.
func anyCase(short, rest string) string { return letters(short) + "(" + letters(rest) + ")?" }

func letters(word string) string {
	var b strings.Builder
	for _, letter := range word {
		b.WriteString("[" + strings.ToUpper(string(letter)) + string(letter) + "]")
	}
	return b.String()
}
