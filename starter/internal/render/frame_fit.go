package render

import (
	"fmt"
	"strings"
)

// block is a part of a screen that can give lines away.
type block struct {
	lines []string
	// rank says what gives way first: the lowest. least is how many lines stay as long as other blocks have some to give.
	rank, least int
	// list says that the lines are things of one kind, of which the rest can be counted; tail that the last ones matter.
	list, tail bool
	// keep is how many lines are shown.
	keep int
}

// fitBlocks takes lines away until the rest fits: first down to what each block keeps, then whole blocks.
func fitBlocks(blocks []block, room int) []block {
	sum := 0
	for i := range blocks {
		blocks[i].keep = len(blocks[i].lines)
		sum += blocks[i].keep
	}
	for sum > max(room, 0) {
		b := lowest(blocks, func(b block) bool { return b.keep > b.least })
		if b == nil {
			b = lowest(blocks, func(b block) bool { return b.keep > 0 })
		}
		b.keep--
		sum--
	}
	return blocks
}

// lowest is the block of the lowest rank of those that can give; nil when there is none.
func lowest(blocks []block, can func(block) bool) *block {
	var found *block
	for i := range blocks {
		if b := &blocks[i]; can(*b) && (found == nil || b.rank < found.rank) {
			found = b
		}
	}
	return found
}

// kept are the lines that are shown, with a word for those that are not where there is a line for it.
func (b block) kept(p Palette) []string {
	all, n := b.lines, b.keep
	left := len(all) - n + 1 // one more gives its line to the word
	switch {
	case n >= len(all):
		return all
	case b.tail && b.list && n > 1:
		return append([]string{p.Dim(fmt.Sprintf("  … %d earlier", left))}, all[left:]...)
	case b.tail:
		return all[len(all)-n:]
	case b.list && n > 1:
		return append(all[:n-1:n-1], strings.Repeat(" ", labels)+p.Dim(fmt.Sprintf("… %d more", left)))
	default: // the beginning of a text, or the first of a list
		return all[:n]
	}
}

// maxCommandLines is how many lines one command may take.
const maxCommandLines = 4

// shellLines breaks a command so that it can still be pasted: a line that ends with a backslash goes on in the next one,
// also in the middle of a word. Inside quotes it would not, so such a command is named instead of cut: half a command is
// worse than none.
func shellLines(command string, room int) []string {
	if columns(command) <= room {
		return []string{command}
	}
	command, _, _ = strings.Cut(command, "  #") // the remark
	command = strings.TrimSpace(command)
	if columns(command) <= room {
		return []string{command}
	}
	const tooLong = "(a command too long for this window: safepoint status shows it)"
	if room < minRoom || strings.ContainsAny(command, `'"\`) || columns(command) > (room-1)*maxCommandLines {
		return []string{Cut(tooLong, max(room, 0))}
	}
	var lines []string
	for columns(command) > room {
		line := ""
		for _, r := range command {
			if columns(line)+runeColumns(r) > room-1 {
				break
			}
			line += string(r)
		}
		if space := strings.LastIndexByte(line, ' '); space > room/2 { // between two words, where that is not far
			line = line[:space+1]
		}
		lines = append(lines, line+`\`)
		command = command[len(line):]
	}
	return append(lines, command)
}
