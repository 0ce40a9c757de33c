package strictjson

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// maxQuoted is how many characters of a key or a value a message repeats.
const maxQuoted = 60

// Quote writes text from an input for a message: quoted, printable and cut to 60 characters.
func Quote(text string) string {
	if head, cut := cutRunes(text, maxQuoted); cut {
		return strconv.Quote(head + "…")
	}
	return strconv.Quote(text)
}

func clipValue(text string) string {
	if head, cut := cutRunes(text, maxQuoted); cut {
		return head + "…"
	}
	return text
}

// clip makes an error's text printable and takes the middle out of a long one: the value it repeats stands there,
// the advice at its end.
func clip(text string) string {
	const keep = 2 * maxQuoted
	runes := []rune(text)
	if len(runes) > 2*keep {
		runes = append(append(runes[:keep:keep], '…'), runes[len(runes)-keep:]...)
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, string(runes))
}

// cutRunes returns the first n characters of text and whether there are more.
func cutRunes(text string, n int) (string, bool) {
	count := 0
	for i := range text {
		if count == n {
			return text[:i], true
		}
		count++
	}
	return text, false
}

// join appends a key to a path. A key that no Safepoint field could have is quoted, so that the path stays readable.
func join(path, key string) string {
	if !plain(key) {
		return path + "[" + Quote(key) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func plain(key string) bool {
	if key == "" || len(key) > maxQuoted {
		return false
	}
	for _, c := range []byte(key) {
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

func unknownField(key string, names []string) string {
	known := strings.Join(names, ", ")
	if near := nearest(key, names); near != "" {
		return fmt.Sprintf("is not a known field: did you mean %q? Known here: %s", near, known)
	}
	return "is not a known field. Known here: " + known
}

// nearest returns the name that key was most likely meant to be, or "" when none is close.
func nearest(key string, names []string) string {
	if len(key) > maxQuoted {
		return ""
	}
	limit := 2
	switch {
	case len(key) <= 3:
		limit = 1
	case len(key) >= 9:
		limit = 3
	}
	best, found := limit+1, ""
	for _, name := range names {
		distance := editDistance(fold(key), fold(name))
		if distance < best {
			best, found = distance, name
		}
	}
	return found
}

// fold drops what people mix up in field names: case, "-" and "_".
func fold(name string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
}

// editDistance is how many single-byte insertions, deletions and replacements turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
