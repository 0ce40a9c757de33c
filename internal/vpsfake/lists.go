package vpsfake

import (
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// envelope is the shape of every list. The reference shows only count and results; next is assumed.
type envelope struct {
	Count   int    `json:"count"`
	Next    string `json:"next,omitempty"`
	Results []any  `json:"results"`
}

// listedAt is the real time whose state a list shows, which list_lags moves back.
func (f *Fake) listedAt(now time.Time, e *record) time.Time {
	e.asOf = now
	if fault, ok := f.faults.takeKind(e, ListLags); ok {
		e.asOf = now.Add(-fault.Duration)
	}
	return e.asOf
}

// list puts rows into the envelope, whole, in pages or cut short.
func (f *Fake) list(r *http.Request, e *record, rows []any) answer {
	if fault, ok := f.faults.takeKind(e, Truncated); ok {
		body := truncated(rows, fault.PageSize)
		e.rows = body.Results
		return answer{status: http.StatusOK, body: body}
	}
	size := f.opts.PageSize
	if fault, ok := f.faults.takeKind(e, Paged); ok {
		size = max(1, fault.PageSize)
	}
	query := r.URL.Query()
	// The next link carries the size, so that the pages of one list stay alike when the fault is used up.
	if asked, ok := positive(query, "page_size"); ok {
		size = asked
	}
	if size <= 0 {
		size = max(1, len(rows))
	}
	page, ok := positive(query, "page")
	if !ok {
		page = 1
	}
	if page > 1 && (page-1) > (len(rows)-1)/size {
		return refuse(http.StatusNotFound, "Invalid page.")
	}
	from := (page - 1) * size
	to := min(len(rows), from+size)
	body := envelope{Count: len(rows), Results: rows[from:to]}
	e.rows = body.Results
	if to < len(rows) {
		query.Set("page", strconv.Itoa(page+1))
		query.Set("page_size", strconv.Itoa(size))
		next := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawQuery: query.Encode()}
		body.Next = next.String()
	}
	return answer{status: http.StatusOK, body: body}
}

// truncated counts more than it shows, even of nothing.
func truncated(rows []any, keep int) envelope {
	count := max(1, len(rows))
	if keep == 0 {
		keep = count - 1
	}
	keep = min(keep, count-1)
	return envelope{Count: count, Results: rows[:keep]}
}

// positive reads a query value; the bound keeps page arithmetic far from overflow.
func positive(q url.Values, name string) (int, bool) {
	n, err := strconv.Atoi(q.Get(name))
	return n, err == nil && n > 0 && n <= 1_000_000
}

// serverFilter reads ?server_id=; without it the list is of the whole account.
func serverFilter(r *http.Request) (id int64, problem *answer) {
	text := r.URL.Query().Get("server_id")
	if text == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		a := fieldError("server_id", "A valid integer is required.")
		return 0, &a
	}
	return id, nil
}
