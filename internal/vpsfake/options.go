package vpsfake

import (
	"fmt"
	"log/slog"
	"time"
)

// DefaultToken is the bearer token that a Fake accepts when Options names none.
const DefaultToken = "vps_fake_token"

// Default durations, unscaled: inside the vendor's windows of 3-10 and 5-15 minutes. PowerTime is a guess, the
// reference gives no number.
const (
	defaultSnapshotTime = 3 * time.Minute
	defaultRestoreTime  = 5 * time.Minute
	defaultPowerTime    = 20 * time.Second
)

// maxSpeed keeps the API's clock inside what a time.Duration can hold for hours of real time.
const maxSpeed = 1e6

// Options shape a Fake. The zero value is a whole, fault-free API at the speed of the real one.
type Options struct {
	// Token is the accepted bearer token; default DefaultToken.
	Token string
	// Speed is how many API seconds pass in a real second: at 60 a 3-minute snapshot takes 3 s. Default 1, at most 1e6.
	Speed float64
	// SnapshotTime, RestoreTime and PowerTime are how long the actions take, unscaled; defaults 3m, 5m and 20s.
	SnapshotTime, RestoreTime, PowerTime time.Duration
	// PageSize is how many rows a list answers at once; 0 means all.
	PageSize int
	// Settle is the VPS_SETTLE that the client claims to wait after an ambiguous answer, in real time. It is only used to
	// check law 1; 0 asks for a look without a wait.
	Settle time.Duration
	// ClockOffset is how far the API's clock is off, unscaled; negative is slow.
	ClockOffset time.Duration
	// Faults are set from the start. A fault that is not valid makes New panic; check with Fault.Validate first.
	Faults []Fault
	// Logger gets one warning for each violation; default none.
	Logger *slog.Logger
	// Now is the real clock; default time.Now. Tests of waits use their own.
	Now func() time.Time
}

// String leaves the token out: somebody may have put a real one there.
func (o Options) String() string {
	return fmt.Sprintf("vpsfake: speed %g, snapshot %s, restore %s, power %s, page size %d, settle %s, clock offset %s, %d faults",
		o.Speed, o.SnapshotTime, o.RestoreTime, o.PowerTime, o.PageSize, o.Settle, o.ClockOffset, len(o.Faults))
}

// GoString is String, for %#v.
func (o Options) GoString() string { return o.String() }

func (o Options) withDefaults() Options {
	if o.Token == "" {
		o.Token = DefaultToken
	}
	if o.Speed <= 0 {
		o.Speed = 1
	}
	o.Speed = min(o.Speed, maxSpeed)
	if o.SnapshotTime <= 0 {
		o.SnapshotTime = defaultSnapshotTime
	}
	if o.RestoreTime <= 0 {
		o.RestoreTime = defaultRestoreTime
	}
	if o.PowerTime <= 0 {
		o.PowerTime = defaultPowerTime
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// ServerSpec describes a server to add.
type ServerSpec struct {
	ID int64 `json:"id"`
	// Name defaults to "server-<id>".
	Name string `json:"name"`
	// Status defaults to "active".
	Status string `json:"status"`
	// Version is what the server's site shows; default "1.0.0".
	Version string `json:"version"`
	// Location defaults to "amsterdam".
	Location string `json:"location"`
}

// SnapshotSpec describes a snapshot that exists already, such as one made by hand.
type SnapshotSpec struct {
	ServerID    int64  `json:"server_id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	// Status defaults to "completed". "in_progress" completes after SnapshotTime; any other word stays.
	Status string `json:"status"`
	// ReadySeconds is how many seconds of real time "in_progress" takes instead; 0 leaves it at SnapshotTime.
	ReadySeconds int `json:"ready_seconds,omitempty"`
	// CreatedAt is a time of the API's clock; default now.
	CreatedAt time.Time `json:"created_at"`
	// Version is the site that the snapshot holds, healthy; default the server's site as it is now.
	Version string `json:"version"`
}
