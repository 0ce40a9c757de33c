package vpsorg

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxMessageDepth = 4         // how deep a message may be nested in an error's body
	maxRetryAfter   = time.Hour // a longer wait is the caller's to decide, not the API's
)

// messageOf finds the API's own words in an error's body. The shape is not documented, so all common ones are accepted:
// {"detail"}, {"error"}, {"message"}, {"field": ["..."]}, a list, plain text. The result is not clean yet: see cleanText.
func messageOf(body []byte) string {
	text := strings.TrimSpace(string(body))
	if text == "" {
		return ""
	}
	if strings.HasPrefix(text, "<") {
		return "an HTML page, not the API's JSON"
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return text
	}
	return strings.Join(messageParts(value, maxMessageDepth), "; ")
}

func messageParts(value any, depth int) []string {
	if depth == 0 {
		return nil
	}
	switch value := value.(type) {
	case string:
		if value = strings.TrimSpace(value); value != "" {
			return []string{value}
		}
	case []any:
		var parts []string
		for _, item := range value {
			parts = append(parts, messageParts(item, depth-1)...)
		}
		return parts
	case map[string]any:
		for _, key := range []string{"detail", "error", "message"} {
			if parts := messageParts(value[key], depth-1); len(parts) > 0 {
				return parts
			}
		}
		var parts []string
		for _, field := range slices.Sorted(maps.Keys(value)) { // sorted: the same answer reads the same each time
			if texts := messageParts(value[field], depth-1); len(texts) > 0 {
				parts = append(parts, field+": "+strings.Join(texts, ", "))
			}
		}
		return parts
	default: // numbers, booleans and null say nothing to a person
	}
	return nil
}

// retryAfter reads Retry-After: seconds, or a date. A date is measured from the answer's own Date, both being the API's
// clock; without one it is no wait at all, because our clock may differ from the API's.
func retryAfter(h http.Header) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		// The comparisons come first: out of range numbers do not convert. NaN fails both.
		switch {
		case seconds >= maxRetryAfter.Seconds():
			return maxRetryAfter
		case seconds > 0:
			return time.Duration(seconds * float64(time.Second))
		default:
			return 0
		}
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
