package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	deploymentVariable = "SAFEPOINT_DEPLOYMENT_NAME"
	buildVariable      = "SAFEPOINT_BUILD_ID"
	behaviorVariable   = "SAFEPOINT_VERSIONING_BEHAVIOR"
)

func TestVersioningIsOffUntilADeploymentAndABuildAreNamed(t *testing.T) {
	c, err := Load([]string{"VPS_API_TOKEN=" + secret, deploymentVariable + "=", buildVariable + "="})
	require.NoError(t, err)
	assert.False(t, c.Versioned())
	c, err = Load([]string{"VPS_API_TOKEN=" + secret, deploymentVariable + "=safepoint", buildVariable + "=v2.14.0"})
	require.NoError(t, err)
	assert.True(t, c.Versioned())
	assert.Equal(t, VersioningPinned, c.VersioningBehavior)
}

func TestHalfOfTheNamesIsAProblemOfTheOtherHalf(t *testing.T) {
	for missing, given := range map[string]string{deploymentVariable: buildVariable, buildVariable: deploymentVariable} {
		_, err := Load([]string{"VPS_API_TOKEN=" + secret, given + "=safepoint"})
		texts := problemsOf(t, err)
		assert.Len(t, texts, 1)
		assert.Contains(t, texts[missing], given)
	}
}

func TestNamesThatTemporalOrAShellWouldTakeForSomethingElseAreRefused(t *testing.T) {
	names := map[string]string{deploymentVariable: "safepoint", buildVariable: "v1"}
	for variable, values := range map[string]struct{ good, bad []string }{
		deploymentVariable: {[]string{"a", "safe_point-2", strings.Repeat("n", 200)}, []string{"a.b", "a:b", "__a", "a b", "ä", "a;b", strings.Repeat("n", 201)}},
		buildVariable:      {[]string{"v2.14.0", "f398e03", "1.0.0+dirty", "a_b"}, []string{"a:b", "__unversioned__", "a b", "$(id)", "a\nb", strings.Repeat("n", 201)}},
		behaviorVariable:   {[]string{"pinned", "auto-upgrade", ""}, []string{"Pinned", "auto_upgrade", "none"}},
	} {
		load := func(value string) error {
			environ := []string{"VPS_API_TOKEN=" + secret}
			for name, other := range names {
				environ = append(environ, name+"="+other)
			}
			_, err := Load(append(environ, variable+"="+value)) // the last of a name counts
			return err
		}
		for _, value := range values.good {
			assert.NoError(t, load(value), "%s=%s", variable, value)
		}
		for _, value := range values.bad {
			assert.NotEmpty(t, problemsOf(t, load(value))[variable], "%s=%s", variable, value)
		}
	}
}
