package vpsorg

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

const (
	// maxPages bounds a listing: at the smallest page seen in such APIs (10 rows) it is 10000 snapshots, the limit of
	// 2000 servers with 5 each.
	maxPages = 1000
	// maxListBytes and maxRows bound the memory that a hostile endless list can take. A snapshot is about 250 bytes; the
	// longest honest list are the backups, some 40 of each of 2000 servers.
	maxListBytes = 64 << 20
	maxRows      = 200_000
)

// list reads a listing to its end and returns every row, or an error (law 5). Pages are read one after the other, so a row
// that moves between pages while they are read shows up as a wrong count or a double; list again then.
func list[T any](ctx context.Context, c *Client, op, path string, query url.Values, decode rowDecoder[T]) ([]T, error) {
	k := call{op: op, method: http.MethodGet, path: path, maxBytes: maxPageBytes, list: true}
	rows := collector[T]{decode: decode, seen: map[int64]bool{}}
	visited := map[string]bool{}
	u := c.endpoint(path, query)
	for {
		visited[u.String()] = true
		a, err := c.read(ctx, k, u)
		if err != nil {
			return nil, err
		}
		link, err := rows.add(a.body)
		if err != nil {
			return nil, c.notWhole(k, a.status, fmt.Errorf("page %d: %w", rows.pages, err))
		}
		if link == "" {
			if err := rows.finish(); err != nil {
				return nil, c.notWhole(k, a.status, err)
			}
			return rows.rows, nil
		}
		if u, err = c.nextPage(a.url, link, visited); err != nil {
			return nil, c.notWhole(k, a.status, fmt.Errorf("page %d: %w", rows.pages, err))
		}
	}
}

// nextPage resolves a page's link to the next one. The link is never repeated in an error: it may hold anything.
func (c *Client) nextPage(from *url.URL, link string, visited map[string]bool) (*url.URL, error) {
	next, err := from.Parse(link)
	if err != nil {
		return nil, errors.New("the link to the next page is not a URL")
	}
	if !c.sameOrigin(next) {
		return nil, errors.New("the link to the next page leads to another origin, which must not get the token; check VPS_API_URL")
	}
	next.Fragment, next.RawFragment, next.ForceQuery = "", "", false // other spellings of the same page
	switch {
	case visited[next.String()]:
		return nil, errors.New("the link to the next page leads back to a page already read")
	case len(visited) >= maxPages:
		return nil, fmt.Errorf("there are more than %d pages", maxPages)
	}
	return next, nil
}

// notWhole is for a page that arrived and does not add up to a whole list.
func (c *Client) notWhole(k call, status int, why error) error {
	return c.fail(k, Error{Status: status, Err: fmt.Errorf("%w: %w", ErrNotWhole, why)})
}

// rowDecoder turns one row into its id and its domain value, or says what is wrong with it.
type rowDecoder[T any] func(json.RawMessage) (int64, T, error)

// collector adds pages up. It does no I/O.
type collector[T any] struct {
	decode rowDecoder[T]
	seen   map[int64]bool // ids
	rows   []T
	pages  int
	bytes  int
	count  int64 // what every page must say
}

// wirePage is the list envelope. Pointers tell a missing or null field from an empty one. The rows are taken out one by
// one: all at once, a hostile page of tiny ones would take fifty times its own size.
type wirePage struct {
	Count   *int64          `json:"count"`
	Results json.RawMessage `json:"results"`
	Next    *string         `json:"next"`
}

// add takes one page and returns its link to the next, empty on the last one.
func (l *collector[T]) add(body []byte) (string, error) {
	l.pages++
	if l.bytes += len(body); l.bytes > maxListBytes {
		return "", fmt.Errorf("the list is over the limit of %d bytes", maxListBytes)
	}
	var page wirePage
	if err := decodeObject(body, &page); err != nil {
		return "", err
	}
	switch {
	case page.Count == nil:
		return "", fmt.Errorf("%w: it has no count", ErrMalformed)
	case !isJSON(page.Results):
		return "", fmt.Errorf("%w: it has no results", ErrMalformed)
	case l.pages > 1 && *page.Count != l.count:
		return "", fmt.Errorf("the count was %d and is now %d: the list changed while it was read", l.count, *page.Count)
	}
	l.count = *page.Count
	before := len(l.rows)
	if err := l.addRows(page.Results); err != nil {
		return "", err
	}
	if page.Next == nil || *page.Next == "" {
		return "", nil
	}
	if len(l.rows) == before {
		return "", errors.New("it is empty and says that another one follows")
	}
	return *page.Next, nil
}

// addRows takes the rows of one page, a JSON value that is known to be valid.
func (l *collector[T]) addRows(results json.RawMessage) error {
	rows := json.NewDecoder(bytes.NewReader(results))
	if start, err := rows.Token(); err != nil || start != json.Delim('[') {
		return fmt.Errorf("%w: its results are not a list", ErrMalformed)
	}
	var raw json.RawMessage
	for i := 1; rows.More(); i++ {
		if err := rows.Decode(&raw); err != nil {
			return fmt.Errorf("row %d: %w: %w", i, ErrMalformed, err)
		}
		id, row, err := l.decode(raw)
		switch {
		case err != nil:
			return fmt.Errorf("row %d: %w", i, err)
		case l.seen[id]:
			return fmt.Errorf("row %d: id %d is listed twice", i, id)
		case int64(len(l.rows)) >= l.count:
			return fmt.Errorf("the count is %d and more rows came", l.count)
		case len(l.rows) >= maxRows:
			return fmt.Errorf("there are more than %d rows", maxRows)
		}
		l.seen[id] = true
		l.rows = append(l.rows, row)
	}
	return nil
}

// finish checks the total after the last page.
func (l *collector[T]) finish() error {
	if int64(len(l.rows)) != l.count {
		return fmt.Errorf("the count is %d and %d rows came", l.count, len(l.rows))
	}
	return nil
}
