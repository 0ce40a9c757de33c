package contract

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// longestNotifyName and longestNotifyPart are in characters, as they are sent: the whole text stays well below the
	// 4,000 characters that chat tools take in one message, and a command to type still fits.
	longestNotifyName = 80
	longestNotifyPart = 400
	// wordJoiner has no width and no meaning; it only keeps two characters apart.
	wordJoiner = '\u2060'
)

// NotifyText is a notification as one plain line for chat tools. It is pure: the same message is the same text.
//
// Whatever came from outside (names, reasons, words of the API) can neither break the line nor use the mark-up of Slack,
// Mattermost, Teams or Google Chat to call people or to hide where a link leads, see chatSafe. A command in it may hold an
// invisible character because of that: programs take NotifyMessage.Next.
func NotifyText(m NotifyMessage) string {
	head := chatSafe(m.Runbook, longestNotifyName) + onServer(m) + " " + happened(m)
	if summary := chatSafe(m.Summary, longestNotifyPart); summary != "" {
		head += ". " + summary
	}
	parts := []string{head}
	for _, part := range []struct{ label, text string }{
		{"Next: ", m.Next}, {"Reason: ", m.Reason}, {"Workflow: ", m.WorkflowID},
	} {
		if text := chatSafe(part.text, longestNotifyPart); text != "" {
			parts = append(parts, part.label+text)
		}
	}
	return strings.Join(parts, " | ") // no full stops: a command is copied from here
}

// onServer names the server; a run of many servers has none.
func onServer(m NotifyMessage) string {
	name := chatSafe(m.ServerName, longestNotifyName)
	switch {
	case m.ServerID == 0:
		return ""
	case name == "":
		return fmt.Sprintf(" on server %d", m.ServerID)
	default:
		return fmt.Sprintf(" on server %s (%d)", name, m.ServerID)
	}
}

// happened says the event in words, and the failure or the outcome it ended with.
func happened(m NotifyMessage) string {
	var words string
	switch m.Event {
	case NotifyStarted:
		return "has started"
	case NotifyHeld:
		return "is held: a person must decide"
	case NotifyRolledBack:
		words = "has rolled back"
	case NotifyRollbackFailed:
		words = "could NOT roll back: a person must act"
	case NotifyCommitted:
		return "has committed"
	case NotifyEnded:
		words = "has ended"
	default: // an event of a newer runbook
		words = "reports " + chatSafe(string(m.Event), longestNotifyName)
	}
	for _, how := range []string{m.Failure, m.Outcome} {
		if how = chatSafe(how, longestNotifyName); how != "" {
			return words + " (" + how + ")"
		}
	}
	return words
}

// chatSafe makes text from outside fit for one line of a chat message, and changes as little as that takes:
//
//   - Control and invisible characters go, line breaks and tabs become one space, and what is longer than the limit is cut.
//   - "&", "<" and ">" become entities, as Slack asks for: <!channel>, <@U123> and <https://x|text> stay text.
//   - A word joiner after "@" keeps @channel, @here, @all and @name from calling anybody, and mail addresses from
//     becoming links.
//   - A word joiner inside "://", "www." and "](" keeps URLs and Markdown links from becoming links. A bare host name is
//     left alone: a tool that links it shows where it leads.
func chatSafe(text string, limit int) string {
	runes := []rune(oneLine(text))
	var b strings.Builder
	for i := range runes {
		piece := chatPiece(runes, i)
		left := limit - utf8.RuneCountInString(piece)
		if left < 0 || (left == 0 && i < len(runes)-1) { // there must be room to say that it was cut
			b.WriteRune('…')
			break
		}
		limit = left
		b.WriteString(piece)
	}
	return b.String()
}

// chatPiece is what one character is sent as.
func chatPiece(runes []rune, i int) string {
	piece := string(runes[i])
	switch runes[i] {
	case '&':
		piece = "&amp;"
	case '<':
		piece = "&lt;"
	case '>':
		piece = "&gt;"
	default: // every other character stays
	}
	if joins(runes, i) {
		piece += string(wordJoiner)
	}
	return piece
}

// joins says whether a chat tool may make more than text of a character and what follows it.
func joins(runes []rune, i int) bool {
	rest := string(runes[i:min(i+4, len(runes))])
	return runes[i] == '@' || strings.HasPrefix(rest, "://") || strings.HasPrefix(rest, "](") ||
		(len(rest) == 4 && strings.EqualFold(rest, "www."))
}

// oneLine drops what cannot be seen, turns every kind of space into one, and replaces what is no UTF-8.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		default: // control, format (also right-to-left marks), private use, not a character at all
			return -1
		}
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Join(strings.Fields(text), " ")
}
