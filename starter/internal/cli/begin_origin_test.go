package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/api/serviceerror"

	"github.com/safepoint-dev/safepoint/workflows"
)

func TestBeginDoesNotJoinARunThatIsNotThisDeploy(t *testing.T) {
	for name, event := range strangers(t) {
		for _, over := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				f, address := newFrontend(t)
				f.first, f.status, f.answers[workflows.UpdateBegin] = event, changing("r1"), grant()
				if over {
					f.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
				}
				got := safepoint(t, address, "begin", "deploy-1", "--server=7", "--runner=r1")
				assert.Equal(t, codeUsage, got.code, got.err)
				assert.Contains(t, got.err, "the id deploy-1 belongs to")
				assert.Contains(t, got.err, "Nothing was begun")
				assert.Empty(t, got.out, "its verdict is not this deploy's")
				assert.Empty(t, f.starts)
				assert.Empty(t, f.updates)
			})
		}
	}
}

// Two begins with one id ask at the same time: neither sees a run, and the second is answered by the first one's.
func TestARunThatAnotherBeginStartedMeanwhileIsLookedAtBeforeItsAnswerCounts(t *testing.T) {
	for name, event := range strangers(t) {
		for how, refuse := range map[string]func(f *frontend){
			"granted": func(*frontend) {},
			"not granted": func(f *frontend) {
				f.answers[workflows.UpdateBegin] = workflows.BeginAnswer{Detail: "another runner makes it"}
			},
			"ended": func(f *frontend) { f.closed = completed(f.t, aReport(workflows.OutcomeCommitted, "")) },
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				f, address := newFrontend(t)
				f.status, f.answers[workflows.UpdateBegin] = changing("r1"), grant()
				f.fails = func(method string) error {
					if strings.HasSuffix(method, "/ExecuteMultiOperation") {
						f.first = event
						refuse(f)
					}
					return nil
				}
				ctx, cancel := context.WithTimeout(t.Context(), longOutage) // it must not follow the run
				defer cancel()
				got := safepointIn(t, ctx, address, "", "begin", "deploy-1", "--server=7", "--runner=r1")
				assert.Equal(t, codeUsage, got.code, got.err)
				assert.Contains(t, got.err, "belongs to")
				assert.Empty(t, got.out)
				assert.Equal(t, how == "granted", strings.Contains(got.err, "safepoint report deploy-1 --runner r1 --result not_started"), "or the run would wait for nobody")
			})
		}
	}
}

func TestAGrantIsNotThrownAwayByASecondLookThatFails(t *testing.T) {
	f, address := newFrontend(t)
	f.status, f.answers[workflows.UpdateBegin] = changing("r1"), grant()
	asked := false
	f.fails = func(method string) error {
		asked = asked || strings.HasSuffix(method, "/ExecuteMultiOperation")
		if asked && strings.HasSuffix(method, "/GetWorkflowExecutionHistory") {
			return serviceerror.NewUnimplemented("no histories today")
		}
		return nil
	}
	got := safepoint(t, address, "begin", "deploy-1", "--server=7", "--runner=r1")
	assert.Equal(t, codeOK, got.code, got.err)
	assert.Contains(t, got.out, "make the change now")
	assert.Contains(t, got.err, "could not be looked at again")
}

func TestBeginThatCannotLookWhoseIDItIsStartsNothing(t *testing.T) {
	f, address := newFrontend(t)
	f.fails = func(method string) error {
		if strings.HasSuffix(method, "/GetWorkflowExecutionHistory") {
			return serviceerror.NewUnimplemented("no histories today")
		}
		return nil
	}
	got := safepoint(t, address, "begin", "deploy-1", "--server=7")
	assert.Equal(t, codeNotChanged, got.code, got.err)
	assert.Contains(t, got.err, "Nothing was started")
	assert.Empty(t, f.starts)
}
