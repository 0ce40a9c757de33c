package main

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/config"
)

func versioned(behavior config.VersioningBehavior) config.Config {
	return config.Config{DeploymentName: "safepoint", BuildID: "v2.14.0", VersioningBehavior: behavior}
}

func TestWithoutADeploymentTheWorkersHaveNoVersion(t *testing.T) {
	assert.Zero(t, deployment(config.Config{VersioningBehavior: config.VersioningPinned}))
	var said bytes.Buffer
	sayVersion(slog.New(slog.NewTextHandler(&said, nil)), config.Config{}, "default")
	assert.Empty(t, said.String())
}

func TestAVersionIsThatOfTheSettings(t *testing.T) {
	for behavior, want := range map[config.VersioningBehavior]workflow.VersioningBehavior{
		config.VersioningPinned: workflow.VersioningBehaviorPinned, config.VersioningAutoUpgrade: workflow.VersioningBehaviorAutoUpgrade,
	} {
		got := deployment(versioned(behavior))
		assert.True(t, got.UseVersioning)
		assert.Equal(t, "safepoint", got.Version.DeploymentName)
		assert.Equal(t, "v2.14.0", got.Version.BuildID)
		assert.Equal(t, want, got.DefaultVersioningBehavior)
	}
}

func TestAVersionedWorkerSaysInOneLineHowItsBuildBecomesCurrent(t *testing.T) {
	var said bytes.Buffer
	sayVersion(slog.New(slog.NewTextHandler(&said, nil)), versioned(config.VersioningPinned), "ops")
	assert.Equal(t, 1, bytes.Count(said.Bytes(), []byte("\n")))
	assert.Contains(t, said.String(), `make_it_current="temporal worker deployment set-current-version --namespace ops --deployment-name safepoint --build-id v2.14.0"`)
}
