package retention

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Describe writes the policy's rules for people, by the names under which they are set: "keep_last 2, keep_daily 7,
// expire_after 720h". It is "no rules" for an empty policy.
func (p Policy) Describe() string {
	rules := p.keepTexts()
	rules = appendDuration(rules, "expire_after", p.ExpireAfter)
	rules = appendCount(rules, "min_count", p.MinCount)
	if len(p.Protect) > 0 {
		rules = append(rules, "protect "+quoted(p.Protect))
	}
	if len(rules) == 0 {
		return "no rules"
	}
	return strings.Join(rules, ", ")
}

// describeKeeps is Describe for the keep rules only.
func (p Policy) describeKeeps() string { return strings.Join(p.keepTexts(), ", ") }

func (p Policy) keepTexts() []string {
	rules := appendCount(nil, "keep_last", p.KeepLast)
	for _, b := range calendar {
		rules = appendCount(rules, b.rule, b.count(p))
	}
	return appendDuration(rules, "keep_within", p.KeepWithin)
}

func appendCount(rules []string, name string, n int) []string {
	if n == 0 {
		return rules
	}
	return append(rules, fmt.Sprintf("%s %d", name, n))
}

func appendDuration(rules []string, name string, d time.Duration) []string {
	if d == 0 {
		return rules
	}
	return append(rules, name+" "+contract.Duration(d).String())
}

// quoted lists the first few patterns: the text goes into errors and reports.
func quoted(patterns []string) string {
	const most = 5
	var texts []string
	for i, pattern := range patterns {
		if i == most {
			texts = append(texts, fmt.Sprintf("and %d more", len(patterns)-i))
			break
		}
		texts = append(texts, quote(pattern))
	}
	return strings.Join(texts, " ")
}

// quote makes text of the API printable and short: names and descriptions are whatever somebody wrote.
func quote(text string) string {
	const longest = 80 // characters; the longest name that Safepoint gives has 64
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return strconv.Quote(text)
}
