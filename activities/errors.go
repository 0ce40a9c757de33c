package activities

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

const (
	// longestDetail is how many bytes of a detail go into a history.
	longestDetail = 500
	// handOver is how soon another worker goes on with the wait of a worker that stops.
	handOver = 500 * time.Millisecond
)

// answer turns what the client says about a write into what is known about it. It is the only translator of writes.
func answer(err error) contract.WriteAnswer {
	if err == nil {
		return contract.WriteAnswer{Outcome: contract.WriteAccepted}
	}
	known := contract.WriteAnswer{Outcome: contract.WriteAmbiguous, Detail: short(err.Error())}
	var e *vpsorg.Error
	if !errors.As(err, &e) {
		return known // not the client's own word: nothing is proved
	}
	known.Status, known.RetryAfter = e.Status, contract.Duration(e.RetryAfter)
	switch {
	case e.Ambiguous:
	case errors.Is(err, vpsorg.ErrInvalidArgument):
		known.Outcome = contract.WriteRefused // by our own client: sending it again cannot help
	case e.NotSent, e.Status == http.StatusTooManyRequests:
		known.Outcome = contract.WriteNotSent
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden:
		known.Outcome = contract.WriteUnauthorized
	case e.Status >= 400 && e.Status < 500:
		known.Outcome = contract.WriteRefused
	default:
		// No clear no and no proof that nothing was sent: it may have taken effect.
	}
	return known
}

// unread is the answer of a write that was not sent because the look before it failed.
func unread(err error) contract.WriteAnswer {
	known := contract.WriteAnswer{
		Outcome: contract.WriteNotSent, Detail: short("nothing was sent, because the look before it failed: " + err.Error()),
	}
	var e *vpsorg.Error
	if errors.As(err, &e) {
		known.RetryAfter = contract.Duration(e.RetryAfter)
		if e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden {
			known.Outcome, known.Status = contract.WriteUnauthorized, e.Status
		}
	}
	return known
}

// readError turns the error of a read into a Temporal error; its type fixes whether it is retried. It is the only
// translator of reads.
func readError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err() // cancelled, or its worker ends: it says nothing about the API
	}
	class, final := contract.ErrUnavailable, false
	var e *vpsorg.Error
	var delay time.Duration
	if errors.As(err, &e) {
		delay = e.RetryAfter
		switch {
		case errors.Is(err, vpsorg.ErrInvalidArgument):
			class, final = contract.ErrRefused, true
		case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden:
			class, final = contract.ErrUnauthorized, true
		case e.Status == http.StatusNotFound:
			class, final = contract.ErrNotFound, true
		case e.Status == http.StatusTooManyRequests, e.Status == http.StatusRequestTimeout:
		case e.Status >= 400 && e.Status < 500:
			class, final = contract.ErrRefused, true
		default: // no answer, 5xx, or one that cannot be used: the next one may be better
		}
	}
	return temporal.NewApplicationErrorWithOptions(short(err.Error()), class, temporal.ApplicationErrorOptions{
		NonRetryable: final, NextRetryDelay: delay, // no Cause: the history would show the same text twice
	})
}

// hopeless says whether asking again cannot help: a wait that asks the API itself ends with such an error.
func hopeless(err error) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.NonRetryable()
}

// workerStopping ends a wait so that another worker goes on with it at once. It is expected, so it is kept out of error
// logs and metrics.
func workerStopping(why string) error {
	return temporal.NewApplicationErrorWithOptions(why, contract.ErrWorkerStopping, temporal.ApplicationErrorOptions{
		NextRetryDelay: handOver, Category: temporal.ApplicationErrorCategoryBenign,
	})
}

// short makes text from outside fit for one line of a history.
func short(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(text, " "))
	if len(text) <= longestDetail {
		return text
	}
	cut := longestDetail - len("…")
	for cut > 0 && text[cut]&0xC0 == 0x80 { // not in the middle of a character
		cut--
	}
	return text[:cut] + "…"
}
