package vpsorg

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxFieldDepth is how deep an answer's objects are looked at: nothing that is read stands deeper than the server of
	// a snapshot of a list.
	maxFieldDepth = 8
	// maxFields is how many fields an object may have. Real ones have about ten.
	maxFields = 1000
)

// checkFields refuses an answer in which an object has a field twice. encoding/json takes the last one: of two lists in
// one page it would drop the first, and what is left could still match the count (law 5). Two spellings that it takes for
// one field, such as id and ID, count as one here too. What is not JSON passes: the decoder says what is wrong with it.
func checkFields(answer []byte) error {
	s := fieldScanner{data: answer}
	for s.at < len(s.data) {
		switch c := s.data[s.at]; c {
		case '{':
			s.open()
		case '}':
			s.depth--
		case '[':
			s.depth++
		case ']':
			s.depth--
		case '"':
			if err := s.text(); err != nil {
				return err
			}
			continue
		}
		s.at++
	}
	return nil
}

// fieldScanner goes through JSON once. seen holds the fields of the objects that are open, by depth.
type fieldScanner struct {
	data  []byte
	at    int
	depth int
	seen  [maxFieldDepth]map[string]bool
}

// open begins an object.
func (s *fieldScanner) open() {
	if s.depth >= 0 && s.depth < maxFieldDepth {
		if s.seen[s.depth] == nil {
			s.seen[s.depth] = map[string]bool{}
		}
		clear(s.seen[s.depth])
	}
	s.depth++
}

// text reads a string and judges it when it is a field's name.
func (s *fieldScanner) text() error {
	start := s.at
	for s.at++; s.at < len(s.data) && s.data[s.at] != '"'; s.at++ {
		if s.data[s.at] == '\\' {
			s.at++
		}
	}
	if s.at >= len(s.data) {
		s.at = len(s.data)
		return nil // cut: not JSON
	}
	s.at++
	quoted, next := s.data[start:s.at], s.at
	for next < len(s.data) && strings.IndexByte(" \t\r\n", s.data[next]) >= 0 {
		next++
	}
	object := s.depth - 1
	if next >= len(s.data) || s.data[next] != ':' || object < 0 || object >= maxFieldDepth || s.seen[object] == nil {
		return nil
	}
	name, ok := fieldName(quoted)
	switch fields := s.seen[object]; {
	case !ok: // not JSON
	case fields[name]:
		return errors.New("it gives a field twice")
	case len(fields) == maxFields:
		return fmt.Errorf("it has an object of more than %d fields", maxFields)
	default:
		fields[name] = true
	}
	return nil
}

// fieldName is a quoted name as encoding/json compares it with the names it knows.
func fieldName(quoted []byte) (string, bool) {
	plain := true
	for _, c := range quoted[1 : len(quoted)-1] {
		plain = plain && c < utf8.RuneSelf && c != '\\' && (c < 'A' || c > 'Z')
	}
	if plain {
		return string(quoted[1 : len(quoted)-1]), true
	}
	var name string
	if json.Unmarshal(quoted, &name) != nil {
		return "", false
	}
	return strings.ToLower(strings.Map(lowestForm, name)), true
}

// lowestForm is the first of the letters that differ from r in their case only.
func lowestForm(r rune) rune {
	for {
		next := unicode.SimpleFold(r)
		if next <= r {
			return next
		}
		r = next
	}
}
