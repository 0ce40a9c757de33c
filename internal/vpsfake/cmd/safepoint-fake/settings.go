package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/cobra"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

// settings come from the environment; flags overrule it.
type settings struct {
	Listen       string        `env:"LISTEN" envDefault:"127.0.0.1:8090"`
	Token        string        `env:"TOKEN" envDefault:"vps_fake_token"`
	Speed        float64       `env:"SPEED" envDefault:"1"`
	Servers      string        `env:"SERVERS" envDefault:"12345"`
	Faults       string        `env:"FAULTS"`
	SnapshotTime time.Duration `env:"SNAPSHOT_TIME" envDefault:"3m"`
	RestoreTime  time.Duration `env:"RESTORE_TIME" envDefault:"5m"`
	PowerTime    time.Duration `env:"POWER_TIME" envDefault:"20s"`
	PageSize     int           `env:"PAGE_SIZE"`
	Settle       time.Duration `env:"SETTLE"`
	ClockOffset  time.Duration `env:"CLOCK_OFFSET"`
}

func readSettings() (*settings, error) {
	s := &settings{}
	if err := env.ParseWithOptions(s, env.Options{Prefix: "SAFEPOINT_FAKE_"}); err != nil {
		return s, fmt.Errorf("settings: %w: correct the SAFEPOINT_FAKE_ variable named above", err)
	}
	return s, nil
}

// bind makes each setting a flag too. The token's present value stays out of the help text.
func (s *settings) bind(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVar(&s.Listen, "listen", s.Listen, "address to listen on (SAFEPOINT_FAKE_LISTEN)")
	flags.StringVar(&s.Token, "token", s.Token, "bearer token to accept (SAFEPOINT_FAKE_TOKEN)")
	flags.Lookup("token").DefValue = ""
	flags.Float64Var(&s.Speed, "speed", s.Speed, "API seconds in one real second (SAFEPOINT_FAKE_SPEED)")
	flags.StringVar(&s.Servers, "servers", s.Servers, "server ids, separated by commas (SAFEPOINT_FAKE_SERVERS)")
	flags.StringVar(&s.Faults, "faults", s.Faults, "faults from the start, a JSON list (SAFEPOINT_FAKE_FAULTS)")
	flags.DurationVar(&s.SnapshotTime, "snapshot-time", s.SnapshotTime, "how long a snapshot takes, unscaled (SAFEPOINT_FAKE_SNAPSHOT_TIME)")
	flags.DurationVar(&s.RestoreTime, "restore-time", s.RestoreTime, "how long a restore takes, unscaled (SAFEPOINT_FAKE_RESTORE_TIME)")
	flags.DurationVar(&s.PowerTime, "power-time", s.PowerTime, "how long a start or stop takes, unscaled (SAFEPOINT_FAKE_POWER_TIME)")
	flags.IntVar(&s.PageSize, "page-size", s.PageSize, "rows in a page of a list, 0 for all (SAFEPOINT_FAKE_PAGE_SIZE)")
	flags.DurationVar(&s.Settle, "settle", s.Settle, "the client's VPS_SETTLE, real time, to check law 1 (SAFEPOINT_FAKE_SETTLE)")
	flags.DurationVar(&s.ClockOffset, "clock-offset", s.ClockOffset, "how far the API's clock is off (SAFEPOINT_FAKE_CLOCK_OFFSET)")
}

// options checks the settings and says everything that is wrong with them.
func (s *settings) options(logger *slog.Logger) (vpsfake.Options, []vpsfake.ServerSpec, error) {
	var problems []error
	if s.Speed <= 0 || s.Speed > 1e6 {
		problems = append(problems, fmt.Errorf("speed: %g is not between 0 and 1000000", s.Speed))
	}
	for name, d := range map[string]time.Duration{"snapshot-time": s.SnapshotTime, "restore-time": s.RestoreTime, "power-time": s.PowerTime} {
		if d <= 0 {
			problems = append(problems, fmt.Errorf("%s: %s is not a positive duration", name, d))
		}
	}
	if s.PageSize < 0 || s.Settle < 0 {
		problems = append(problems, errors.New("page-size and settle: leave them out or give a positive value"))
	}
	servers, err := readServers(s.Servers)
	problems = append(problems, err)
	faults, err := readFaults(s.Faults)
	problems = append(problems, err)
	options := vpsfake.Options{
		Token: s.Token, Speed: s.Speed, SnapshotTime: s.SnapshotTime, RestoreTime: s.RestoreTime, PowerTime: s.PowerTime,
		PageSize: s.PageSize, Settle: s.Settle, ClockOffset: s.ClockOffset, Faults: faults, Logger: logger,
	}
	return options, servers, errors.Join(problems...)
}

// readServers names the servers web01, web02 and so on, in the order given.
func readServers(list string) ([]vpsfake.ServerSpec, error) {
	var servers []vpsfake.ServerSpec
	for i, text := range strings.Split(list, ",") {
		id, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil || id <= 0 {
			return nil, fmt.Errorf("servers: %q is not a server id: write positive numbers such as 101,102", text)
		}
		servers = append(servers, vpsfake.ServerSpec{ID: id, Name: fmt.Sprintf("web%02d", i+1), Version: "1.0.0"})
	}
	return servers, nil
}

func readFaults(text string) ([]vpsfake.Fault, error) {
	if text == "" {
		return nil, nil
	}
	var faults []vpsfake.Fault
	if err := json.Unmarshal([]byte(text), &faults); err != nil {
		return nil, fmt.Errorf(`faults: %w: write a JSON list such as [{"kind":"lost_after","op":"create_snapshot","times":1}]`, err)
	}
	var problems []error
	for i, fault := range faults {
		if err := fault.Validate(); err != nil {
			problems = append(problems, fmt.Errorf("faults[%d]: %w", i, err))
		}
		if fault.Kind == vpsfake.ForeignRestore && fault.Op == "" {
			problems = append(problems, fmt.Errorf("faults[%d]: a foreign_restore at the start needs an op: servers are added only afterwards", i))
		}
	}
	return faults, errors.Join(problems...)
}
