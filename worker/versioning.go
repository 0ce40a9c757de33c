package main

import (
	"fmt"
	"log/slog"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/config"
)

// deployment makes the workers part of a Worker Deployment, or leaves them as they are when no version is set.
//
// One behaviour holds for every runbook, because they start each other, and a run is whole only when all of it is one
// build or all of it may move:
//   - A run that is pinned hands its build on: its ServerLock, its notifications, a fleet's children and pages, and
//     whatever it continues as begin on it too (Temporal inherits the version). Nothing that holds or writes to a server
//     changes its code between the snapshot and the verdict, which is why pinned is the default. The price is time: the
//     old build must be kept for as long as its longest fleet or hold.
//   - A ServerLock that moved alone would win nothing. Waiters need no worker of the holder's build: they read the lock at
//     Temporal, and end a stale one by run id.
//   - With auto-upgrade all of them move at their next workflow task. Then every change must be able to replay what the
//     older build began, as when a worker is replaced without versions.
//
// The queue of the waits belongs to the version like the other one. A wait is half of a step, and the build that asked
// for it knows its input and its answer: an unversioned worker of another build could take it. Both workers of a process
// must have it, for Temporal refuses to make a version current that lacks a queue which the one before had.
func deployment(c config.Config) worker.DeploymentOptions {
	if !c.Versioned() {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{
		UseVersioning:             true,
		Version:                   worker.WorkerDeploymentVersion{DeploymentName: c.DeploymentName, BuildID: c.BuildID},
		DefaultVersioningBehavior: behavior(c.VersioningBehavior),
	}
}

// behavior is Temporal's word for a setting.
func behavior(b config.VersioningBehavior) workflow.VersioningBehavior {
	if b == config.VersioningAutoUpgrade {
		return workflow.VersioningBehaviorAutoUpgrade
	}
	return workflow.VersioningBehaviorPinned // the settings know no third
}

// sayVersion tells what is left to do: until Temporal is told that a build is current, no run starts or goes on on it,
// and with no current build at all and no unversioned worker beside it every run hangs.
func sayVersion(log *slog.Logger, c config.Config, namespace string) {
	if !c.Versioned() {
		return
	}
	log.Info("worker versioning is on: runs come to this build once it is the current version",
		"deployment", c.DeploymentName, "build", c.BuildID, "behavior", c.VersioningBehavior, "make_it_current", setCurrent(c, namespace))
}

// setCurrent is the command that makes this build the current one.
func setCurrent(c config.Config, namespace string) string {
	return fmt.Sprintf("temporal worker deployment set-current-version --namespace %s --deployment-name %s --build-id %s", namespace, c.DeploymentName, c.BuildID)
}
