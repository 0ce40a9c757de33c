package activities

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
)

// names is a registry that only remembers.
type names struct{ registered []string }

func (n *names) RegisterActivityWithOptions(_ any, o activity.RegisterOptions) {
	n.registered = append(n.registered, o.Name)
}
func (n *names) RegisterActivity(any)                                         {}
func (n *names) RegisterDynamicActivity(any, activity.DynamicRegisterOptions) {}

func TestEveryActivityOfTheContractIsRegisteredOnce(t *testing.T) {
	source, err := os.ReadFile("../internal/contract/activities.go")
	require.NoError(t, err)
	var want []string
	for _, m := range regexp.MustCompile(`(?m)^\tActivity\w+\s+= "(\w+)"`).FindAllSubmatch(source, -1) {
		want = append(want, string(m[1]))
	}
	require.NotEmpty(t, want)

	a := New(Options{})
	short, long := &names{}, &names{}
	Register(short, a)
	RegisterWaits(long, a)
	assert.ElementsMatch(t, want, slices.Concat(short.registered, long.registered))
	assert.ElementsMatch(t,
		[]string{"AwaitSnapshot", "AwaitRestore", "AwaitServer", "AwaitAccess", "FindSnapshot", "Verify", "AwaitLock", "FindBackup", "AwaitBackup", "AwaitRun"},
		long.registered, "the long waits have a worker of their own")
}
