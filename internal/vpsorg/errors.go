package vpsorg

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

var (
	// ErrNotWhole marks a listing that the API answered with 2xx and that still cannot be shown to be whole. It proves
	// nothing about what exists: list again.
	ErrNotWhole = errors.New("the list is not whole, list again")
	// ErrMalformed marks a 2xx answer whose body is not what was asked for: cut, too large, not JSON, of a wrong
	// shape, or about another object.
	ErrMalformed = errors.New("the answer cannot be used")
	// ErrInvalidArgument marks a call that was refused before anything was sent. Sending it again cannot help.
	ErrInvalidArgument = errors.New("invalid argument")
)

// Error is every failure of a call. Its text and its cause are clean: bounded, without control characters or the token.
type Error struct {
	Op     string // what was asked, in words: "create snapshot"
	Method string
	Path   string // below the base URL, without the query: "/snapshots/"
	// Status is the HTTP status of the answer; 0 when there was no answer.
	Status int
	// Message is the API's own words where it had any, else what went wrong and what to do about it.
	Message string
	// RetryAfter is what the API asked for, at most one hour; 0 when it did not ask.
	RetryAfter time.Duration
	// NotSent means that provably nothing of the request reached the API.
	NotSent bool
	// Ambiguous means that a write may have taken effect. Reads are never ambiguous.
	Ambiguous bool
	// Err is the cause, where there is one besides the answer's status.
	Err error
}

// Error tells what was asked, what came back and what that means for a write.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s %s)", e.Op, e.Method, e.Path)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": HTTP %d", e.Status)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	switch {
	case e.Status == http.StatusUnauthorized:
		b.WriteString("; check the API token (VPS_API_TOKEN)")
	case e.RetryAfter > 0:
		fmt.Fprintf(&b, "; try again in %s", e.RetryAfter)
	case e.NotSent:
		b.WriteString("; nothing was sent")
	}
	if e.Ambiguous {
		b.WriteString("; it may have taken effect: look before it is sent again")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// IsStatus says whether the API answered with one of the codes.
func IsStatus(err error, codes ...int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status != 0 && slices.Contains(codes, e.Status)
}

// IsAmbiguous says whether the request may have taken effect.
func IsAmbiguous(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Ambiguous
}

// IsNotSent says whether provably nothing of the failed request reached the API: the context or the limiter ended it
// before it was sent, the name did not resolve, the connect was refused, the TLS handshake failed. Of a listing it
// speaks about the page that failed.
func IsNotSent(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.NotSent
}

// Answered says whether the network path to the API works: the call succeeded, or failed with an HTTP answer of any kind.
func Answered(err error) bool {
	if err == nil {
		return true
	}
	var e *Error
	return errors.As(err, &e) && e.Status != 0
}

// definiteNo says whether a status proves that a write did not take effect. 408 does not: a proxy on the way may say it
// after it passed the request on.
func definiteNo(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusRequestTimeout
}

// fail completes an Error. It is the only place where ambiguity is decided: a write that was not provably unsent and
// got no clear no may have taken effect, and that includes a 2xx whose body cannot be used.
func (c *Client) fail(call call, e Error) error {
	e.Op, e.Method, e.Path = call.op, call.method, call.path
	e.Message = c.cleanText(e.Message)
	e.Err = c.cleanError(e.Err)
	e.Ambiguous = call.isWrite() && !e.NotSent && !definiteNo(e.Status)
	return &e
}

// refuse is for calls that must not be sent at all.
func (c *Client) refuse(call call, format string, args ...any) error {
	return c.fail(call, Error{NotSent: true, Message: fmt.Sprintf(format, args...), Err: ErrInvalidArgument})
}
