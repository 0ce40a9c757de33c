package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// checkTimeout bounds one look at Temporal; probes give up after a few seconds themselves.
	checkTimeout = 2 * time.Second
	// checkEvery is how long a look is good for, so that no crowd of probes becomes a crowd of calls.
	checkEvery = 5 * time.Second
	// headerTimeout and the rest keep a stuck client from holding a connection for ever.
	headerTimeout = 5 * time.Second
	writeTimeout  = 10 * time.Second
	idleTimeout   = time.Minute
)

// Checker asks whether Temporal answers. It is called with a short deadline.
type Checker func(ctx context.Context) error

// Server serves /healthz and /readyz. It starts as not ready.
type Server struct {
	http     *http.Server
	listener net.Listener
	log      *slog.Logger
	now      func() time.Time

	mu     sync.Mutex
	reason string  // why not ready; empty when ready
	check  Checker // nil until ready

	// checking serialises looks at Temporal; it guards the two fields below.
	checking  sync.Mutex
	checkedAt time.Time
	lastErr   error
}

// Start listens on addr (host:port) and serves until Close. An address that cannot be had is an error at once.
func Start(addr string, logger *slog.Logger) (*Server, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot serve health checks (set SAFEPOINT_LISTEN to a free address): %w", err)
	}
	s := &Server{listener: listener, log: logger, now: time.Now, reason: "starting"}
	s.http = &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: headerTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("health checks are no longer served", "error", err)
		}
	}()
	return s, nil
}

// Addr is the address that is listened on, with the real port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Ready makes the worker ready for as long as check finds Temporal answering.
func (s *Server) Ready(check Checker) { s.set("", check) }

// NotReady makes the worker not ready, for the reason given in a few words: "waiting for Temporal", "draining".
func (s *Server) NotReady(reason string) { s.set(reason, nil) }

// Close stops serving. Answers under way get until ctx ends.
func (s *Server) Close(ctx context.Context) error { return s.http.Shutdown(ctx) }

func (s *Server) set(reason string, check Checker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reason, s.check = reason, check
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if reason := s.notReady(r.Context()); reason != "" {
			answer(w, http.StatusServiceUnavailable, "not ready: "+reason)
			return
		}
		answer(w, http.StatusOK, "ready")
	})
	return mux
}

// notReady says why the worker is not ready, or nothing.
func (s *Server) notReady(ctx context.Context) string {
	s.mu.Lock()
	reason, check := s.reason, s.check
	s.mu.Unlock()
	if reason != "" {
		return reason
	}
	if err := s.look(ctx, check); err != nil {
		return "Temporal does not answer"
	}
	return ""
}

// look asks Temporal, or repeats a recent answer. A probe that hung up says nothing about Temporal, so the look does
// not end with it.
func (s *Server) look(ctx context.Context, check Checker) error {
	s.checking.Lock()
	defer s.checking.Unlock()
	if !s.checkedAt.IsZero() && s.now().Sub(s.checkedAt) < checkEvery {
		return s.lastErr
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
	defer cancel()
	err := check(ctx)
	switch {
	case err != nil && s.lastErr == nil:
		s.log.Warn("not ready: Temporal does not answer", "error", err)
	case err == nil && s.lastErr != nil:
		s.log.Info("ready again: Temporal answers")
	}
	s.checkedAt, s.lastErr = s.now(), err
	return err
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // a probe that hung up is not our problem
}
