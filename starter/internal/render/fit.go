package render

import (
	"slices"
	"strings"
)

// hanging is how far the further lines of a text stand behind its first one.
const hanging = "  "

// Fit lays ready lines out for a terminal of so many columns: a line that is longer goes on below, a little to the
// right, and a command in it stays in one piece where a line can hold it. A width of 0 is no terminal, and changes
// nothing: a log is searched, and pasted from.
func Fit(text string, width int) string {
	if width <= 0 {
		return text
	}
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if columns(line) <= width {
			lines = append(lines, line)
			continue
		}
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		for i, part := range flow(line, max(width-len(indent)-len(hanging), minRoom)) {
			if i == 1 {
				indent += hanging
			}
			lines = append(lines, indent+part)
		}
	}
	return strings.Join(lines, "\n")
}

// piece is a word, or a command, which is broken only where a shell reads on in the next line.
type piece struct {
	text    string
	command bool
}

// flow breaks a text that may hold commands into lines of so many columns. It neither cleans nor colours it; colour codes
// take no room.
func flow(text string, room int) []string {
	var lines []string
	line := ""
	for _, p := range pieces(text) {
		if line != "" && columns(line)+1+columns(p.text) <= room {
			line += " " + p.text
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		parts := fold(p.text, room)
		if p.command {
			parts = commandLines(p.text, room)
		}
		lines, line = append(lines, parts[:len(parts)-1]...), parts[len(parts)-1]
		if p.command && len(parts) > 1 { // what follows is not pasted with it
			lines, line = append(lines, line), ""
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// programs are those whose commands the texts name.
var programs = []string{"safepoint", "temporal", "curl"}

// pieces splits a text at its spaces, but leaves commands whole: those at the start of the text or behind a colon, up to
// the next comma or bracket, and those in brackets or backquotes.
func pieces(text string) []piece {
	var list []piece
	words := strings.Fields(text)
	for i := 0; i < len(words); i++ {
		open := i == 0 || strings.HasSuffix(words[i-1], ":")
		word := strings.TrimLeft(words[i], "(`")
		if !slices.Contains(programs, word) || !open && word == words[i] {
			list = append(list, piece{text: words[i]})
			continue
		}
		last := commandEnd(words, i)
		list = append(list, piece{strings.Join(words[i:last+1], " "), true})
		i = last
	}
	return list
}

// commandEnd is the last word of the command that begins at the first.
func commandEnd(words []string, first int) int {
	quoted := false
	for i := first; i < len(words); i++ {
		if strings.Count(words[i], "'")%2 == 1 {
			quoted = !quoted
		}
		switch {
		case quoted: // a comma or a bracket there ends nothing
		case strings.HasSuffix(strings.TrimRight(words[i], ".,;:)"), "`"), strings.ContainsAny(words[i][len(words[i])-1:], ",;)"),
			i+1 < len(words) && strings.HasPrefix(words[i+1], "("):
			return i
		}
	}
	return len(words) - 1
}

// commandLines breaks a command between its words, so that a shell that it is pasted into reads on in the next line. A
// word that is longer than a line stays whole: half of it would be another word. So does what has an open quote.
func commandLines(command string, room int) []string {
	if columns(command) <= room {
		return []string{command}
	}
	command, remark, _ := strings.Cut(command, "  #")
	var lines []string
	line := ""
	for _, word := range shellWords(strings.TrimSpace(command)) {
		switch {
		case line == "":
			line = word
		case columns(line)+1+columns(word)+len(` \`) <= room:
			line += " " + word
		default:
			lines, line = append(lines, line+` \`), word
		}
	}
	lines = append(lines, line)
	if remark != "" {
		lines = append(lines, "#"+remark)
	}
	return lines
}

// shellWords splits a command at the spaces that are not quoted.
func shellWords(command string) []string {
	var words []string
	var quote rune
	from, escaped := 0, false
	for i, r := range command {
		switch {
		case escaped:
			escaped = false
		case r == '\\' && quote != '\'':
			escaped = true
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == ' ':
			if i > from {
				words = append(words, command[from:i])
			}
			from = i + 1
		}
	}
	if quote != 0 || escaped { // no shell would take it as it is
		return []string{command}
	}
	return append(words, command[from:])
}

// fold breaks a word that is longer than the room: behind a mark such as a slash where there is one near the edge.
func fold(word string, room int) []string {
	var parts []string
	for columns(word) > room {
		head := prefix(word, room)
		if len(head) == len(word) { // one letter that is wider than the room
			break
		}
		if mark := strings.LastIndexAny(head, "/-_,&?="); mark > len(head)*2/3 {
			head = head[:mark+1]
		}
		parts, word = append(parts, head), word[len(head):]
	}
	return append(parts, word)
}

// prefix is the longest beginning of a line that fits into so many columns, and never empty.
func prefix(line string, room int) string {
	seen, inCode := 0, false
	for i, r := range line {
		switch {
		case r == '\x1b':
			inCode = true
		case inCode:
			inCode = r != 'm'
		case i > 0 && seen+runeColumns(r) > room:
			return line[:i]
		default:
			seen += runeColumns(r)
		}
	}
	return line
}
