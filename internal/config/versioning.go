package config

import (
	"regexp"
	"strings"
)

// VersioningBehavior is where a run goes on when another build becomes the current one.
type VersioningBehavior string

const (
	// VersioningPinned keeps a run, what it starts and what it continues as on the build that it began on.
	VersioningPinned VersioningBehavior = "pinned"
	// VersioningAutoUpgrade moves a run to the current build at its next step, as if the worker had been replaced in place.
	VersioningAutoUpgrade VersioningBehavior = "auto-upgrade"
)

// Temporal parts name and build by "." or ":", so a name has neither, and keeps what begins with "__" for itself. The
// rest is what needs no quotes in the command that the worker's log shows. Temporal takes about 470 bytes of each.
var (
	deploymentName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)
	buildID        = regexp.MustCompile(`^[A-Za-z0-9._+-]{1,200}$`)
)

// Versioned says whether worker versioning is on.
func (c Config) Versioned() bool { return c.DeploymentName != "" && c.BuildID != "" }

// checkVersioning wants both names or neither: half of them would quietly run without versions.
func (p *problemSet) checkVersioning(c Config) {
	const deployment, build, behavior = "SAFEPOINT_DEPLOYMENT_NAME", "SAFEPOINT_BUILD_ID", "SAFEPOINT_VERSIONING_BEHAVIOR"
	switch {
	case c.DeploymentName == "" && c.BuildID != "":
		p.add(deployment, "it is not set, but "+build+" is; set both, or neither")
	case c.DeploymentName != "" && c.BuildID == "":
		p.add(build, "it is not set, but "+deployment+" is; set both, or neither")
	}
	if c.DeploymentName != "" && (!deploymentName.MatchString(c.DeploymentName) || strings.HasPrefix(c.DeploymentName, "__")) {
		p.add(deployment, quote(c.DeploymentName)+` is not a name; give up to 200 letters, digits, "-" and "_", such as safepoint, that do not begin with "__"`)
	}
	if c.BuildID != "" && (!buildID.MatchString(c.BuildID) || strings.HasPrefix(c.BuildID, "__")) {
		p.add(build, quote(c.BuildID)+` is not a build; give up to 200 letters, digits, ".", "+", "-" and "_", such as v2.14.0, that do not begin with "__"`)
	}
	if c.VersioningBehavior != VersioningPinned && c.VersioningBehavior != VersioningAutoUpgrade {
		p.add(behavior, quote(string(c.VersioningBehavior))+" is not a behaviour; "+wanted(behavior))
	}
}
