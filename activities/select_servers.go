package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/target"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// maxSelectBytes is how long the servers of one page may be as JSON. 500 honest ones take about 100 KB; a hostile text
// of 253 bytes can take six times that in JSON, and Temporal warns from 256 KB on and refuses above 2 MB.
const maxSelectBytes = 512 << 10

// SelectServers returns the first of the servers that a selector chooses, and the ids of the rest.
func (a *Activities) SelectServers(ctx context.Context, in contract.SelectServersInput) (contract.SelectServersResult, error) {
	defer a.keepAlive(ctx)()
	if err := usable(in.Selector); err != nil {
		return contract.SelectServersResult{}, err
	}
	servers, err := a.allServers(ctx)
	if err != nil {
		return contract.SelectServersResult{}, err
	}
	chosen, missing := target.Match(in.Selector, servers)
	result := contract.SelectServersResult{Servers: pageOf(chosen, in.Limit), Total: len(chosen), Missing: missing}
	if len(chosen) <= contract.MaxSelected {
		for _, s := range chosen[len(result.Servers):] {
			result.Rest = append(result.Rest, s.ID)
		}
	}
	return result, nil
}

// allServers reads the whole list of the account. The API's own filters are left alone: how it spells a location is not
// documented, and a filter that it does not know would pass unnoticed.
func (a *Activities) allServers(ctx context.Context) ([]contract.Server, error) {
	list, err := a.api.ListServers(ctx, vpsorg.ListServersOpts{})
	if err != nil {
		return nil, readError(ctx, err)
	}
	servers := make([]contract.Server, 0, len(list))
	for _, s := range list {
		servers = append(servers, serverOf(s))
	}
	return servers, nil
}

// pageOf is the first of these servers. It has one at least, however long its texts are.
func pageOf(chosen []contract.Server, limit int) []contract.Server {
	if limit <= 0 || limit > contract.MaxSelectPage {
		limit = contract.MaxSelectPage
	}
	page := []contract.Server{}
	size := 0
	for _, s := range chosen {
		s = bounded(s)
		text, err := json.Marshal(s)
		if size += len(text); err != nil || len(page) == limit || len(page) > 0 && size > maxSelectBytes {
			break
		}
		page = append(page, s)
	}
	return page
}

// bounded makes a server's texts fit for a history.
func bounded(s contract.Server) contract.Server {
	s.Name, s.Hostname = fit(s.Name, contract.MaxServerText), fit(s.Hostname, contract.MaxServerText)
	s.IPAddress, s.Location = fit(s.IPAddress, contract.MaxServerText), fit(s.Location, contract.MaxServerText)
	s.Status = contract.ServerStatus(fit(string(s.Status), contract.MaxServerText))
	return s
}

// fit makes text from outside printable and cuts it to so many bytes. A cut one ends with "…", so that what is left is
// never taken for another name.
func fit(text string, longest int) string {
	const ellipsis = "…"
	text = short(text)
	if len(text) <= longest {
		return text
	}
	cut := longest - len(ellipsis)
	for cut > 0 && text[cut]&0xC0 == 0x80 { // not in the middle of a character
		cut--
	}
	return text[:cut] + ellipsis
}

// usable refuses a selector that chooses nothing or cannot be read. Runbooks validate theirs first.
func usable(s contract.Selector) error {
	problems := target.Validate(s)
	if len(problems) == 0 {
		return nil
	}
	texts := make([]string, 0, len(problems))
	for _, p := range problems {
		texts = append(texts, strings.TrimSpace(p.Path+" "+p.Message))
	}
	return refusal("the selector of servers cannot be used: %s", strings.Join(texts, "; "))
}

// refusal is the end of a read that asking again cannot help.
func refusal(format string, args ...any) error {
	return temporal.NewApplicationErrorWithOptions(short(fmt.Sprintf(format, args...)), contract.ErrRefused,
		temporal.ApplicationErrorOptions{NonRetryable: true})
}
