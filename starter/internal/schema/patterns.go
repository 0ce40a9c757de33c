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
	// linePattern is one line of text.
	linePattern = `^[^\x00-\x1F\x7F]*$`
	// wordPattern is an id: a line without spaces.
	wordPattern = `^[^\x00-\x20\x7F]*$`
	// notBlank has a character that is no space.
	notBlank   = `[^ ]`
	urlPattern = `^[Hh][Tt][Tt][Pp][Ss]?://[^\x00-\x20\x7F#]+$`
	// addressPattern is host:port or [IPv6]:port.
	addressPattern = `^([A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]):0*[1-9][0-9]{0,4}$`
	prefixPattern  = `^[A-Za-z0-9][A-Za-z0-9_-]{0,23}$`
	namePattern    = `^[A-Za-z0-9_-]{1,255}$`
	clockPattern   = `^([01][0-9]|2[0-3]):[0-5][0-9]$`
	// clockEndPattern also has the end of a day.
	clockEndPattern = `^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`
	// cronPattern is a shorthand such as @daily, or 5 to 7 fields.
	cronPattern = `^ *(@[^\x00-\x1F\x7F]+|[^\x00-\x20\x7F]+( +[^\x00-\x20\x7F]+){4,6}) *$`
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
