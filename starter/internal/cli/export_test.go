package cli

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestAReportIsTextOnATerminalAndJSONElsewhere(t *testing.T) {
	f, address := newFrontend(t)
	f.end(failed(t, contract.FailRolledBack, "m", aReport(workflows.OutcomeRolledBack, contract.FailRolledBack)))
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, `"outcome": "rolled_back"`}, {[]string{"-o", "json"}, `"outcome": "rolled_back"`}, {[]string{"-o", "text"}, "ROLLED BACK"},
		{[]string{"-o", "markdown"}, "### 🟡 Safepoint: rolled back (server 7)"},
	} {
		got := safepoint(t, address, append([]string{"report", "deploy-1"}, c.args...)...)
		assert.Equal(t, codeOK, got.code, "an export ends with 0, whatever the outcome: %s", got.err)
		assert.Contains(t, got.out, c.want)
	}
	o := reportOptions{}
	assert.NoError(t, o.check(newApp(World{}).reportCommand(), true, true))
	assert.Equal(t, formatText, o.format, "a person reads a terminal")
	assert.Equal(t, codeUsage, safepoint(t, unreachable, "report", "deploy-1", "-o", "html").code)
	assert.Equal(t, codeUsage, safepoint(t, unreachable, "status", "deploy-1", "-o", "markdown").code, "only a report is Markdown")
}

func TestARunThatLeftNoReportIsNoExportAsMarkdownEither(t *testing.T) {
	f, address := newFrontend(t)
	f.end(terminated())
	got := safepoint(t, address, "report", "deploy-1", "-o", "markdown")
	assert.Equal(t, codePerson, got.code)
	assert.Contains(t, got.out, "### 🔴 Safepoint: ended without a report")
}
