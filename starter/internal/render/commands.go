package render

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// How many commands of a text a comment shows by themselves, and how long one may be, in characters.
const (
	maxCommands = 5
	maxCommand  = 2000
)

// takeCommands takes the commands out of a cleaned text: those at its start or behind a colon, up to the next comma,
// semicolon or bracket, and those in brackets or backquotes. What is quoted for a shell ends none, and one whose quotes
// are not closed is none. In the text stands instead where the command is.
func takeCommands(text string) (prose string, commands []string) {
	type place struct{ from, to int }
	var found []place
	open := true // a command may begin here
	for i := 0; i < len(text); {
		word, _, _ := strings.Cut(text[i:], " ")
		if word == "" {
			i++
			continue
		}
		start := i + len(word) - len(strings.TrimLeft(word, "(`"))
		name, _, _ := strings.Cut(text[start:], " ")
		end := start
		if slices.Contains(programs, name) && (open || start > i) && len(found) < maxCommands {
			end = shellEnd(text, start)
		}
		if n := utf8.RuneCountInString(text[start:end]); n == 0 || n > maxCommand {
			open = strings.HasSuffix(word, ":")
			i += len(word)
			continue
		}
		found = append(found, place{start, end})
		open, i = false, end
	}
	var b strings.Builder
	last := 0
	for _, one := range found {
		commands = append(commands, text[one.from:one.to])
		if one.from > last && one.to < len(text) && text[one.from-1] == '`' && text[one.to] == '`' {
			one = place{one.from - 1, one.to + 1} // the words that stand for it are no code
		}
		b.WriteString(text[last:one.from] + "the command below")
		last = one.to
	}
	b.WriteString(text[last:])
	return numbered(b.String(), len(found)), commands
}

// numbered tells the commands of a text apart where there are more than one.
func numbered(text string, commands int) string {
	for n := 1; commands > 1 && n <= commands; n++ {
		text = strings.Replace(text, "the command below", "command "+strconv.Itoa(n)+" below", 1)
	}
	return text
}

// shellEnd is where the command that begins at from ends; from itself where it has an open quote.
func shellEnd(text string, from int) int {
	var quote byte
	for i := from; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && quote != '\'' && i+1 < len(text):
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '`', strings.HasPrefix(text[i:], " ("), endsCommand(text[i:]):
			return i
		}
	}
	if quote != 0 {
		return from
	}
	return from + len(strings.TrimRight(text[from:], " "))
}

// endsCommand says whether a text begins with a mark of the sentence around a command rather than with a piece of a word.
// A full stop is none: it may be the end of an id, and half of an id is another run.
func endsCommand(text string) bool {
	rest := strings.TrimLeft(text, ",;).")
	return strings.Contains(",;)", text[:1]) && (rest == "" || rest[0] == ' ')
}

// fence encloses a command in a code block of its own: it is shown, and copied, as it is. The fence is longer than any
// run of backquotes inside, and the command is one line, so that nothing in it can end the block.
func fence(command string) string {
	marks := "```"
	for strings.Contains(command, marks) {
		marks += "`"
	}
	return marks + "\n" + command + "\n" + marks
}
