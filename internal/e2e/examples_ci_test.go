package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/safepoint-dev/safepoint/workflows"
)

// ciJob is the shell of an example of a CI system, as that system would run it.
type ciJob struct {
	// env is what the example itself sets; deploy and after are its steps.
	env           map[string]string
	deploy, after string
	// report is the file that after writes; empty when it writes none.
	report string
}

// ciExamples read the examples. Each is given what its CI system knows: the same for both tries of one job.
var ciExamples = []struct {
	file string
	read func(t *testing.T, text string) ciJob
}{
	{"github-actions.yml", githubJob},
	{"gitlab-ci.yml", gitlabJob},
	{"Jenkinsfile", jenkinsJob},
	{"crontab", cronJob},
}

func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repo, "starter/examples", name))
	require.NoError(t, err)
	return string(text)
}

// githubJob fills in the expressions. Only those that stay the same when a job is re-run are known here.
func githubJob(t *testing.T, text string) ciJob {
	t.Helper()
	var file struct {
		Concurrency struct {
			Cancel bool `yaml:"cancel-in-progress"`
		}
		Env  map[string]string
		Jobs map[string]struct {
			Steps []struct{ Name, Uses, Run, If string }
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &file))
	require.False(t, file.Concurrency.Cancel)
	steps := file.Jobs["web01"].Steps
	require.Len(t, steps, 3)
	require.Equal(t, "always()", steps[2].If)
	known := map[string]string{"github.repository_id": "77", "github.run_id": "4711"}
	job := ciJob{env: map[string]string{"GITHUB_REF_NAME": "web-2.14.0", "GITHUB_ACTOR": "octocat", "GITHUB_STEP_SUMMARY": "summary.md"}, report: "summary.md"}
	for name, value := range file.Env {
		if strings.HasPrefix(name, "TEMPORAL_") { // the stack's own
			continue
		}
		job.env[name] = regexp.MustCompile(`\$\{\{ (\S+) \}\}`).ReplaceAllStringFunc(value, func(expression string) string {
			word := known[strings.Trim(expression, "${} ")]
			require.NotEmpty(t, word, "%s is another one when the job is re-run, or is not known", expression)
			return word
		})
	}
	job.deploy, job.after = steps[1].Run, steps[2].Run
	require.NotContains(t, job.deploy+job.after, "${{", "a name of a branch would be read as shell")
	return job
}

func gitlabJob(t *testing.T, text string) ciJob {
	t.Helper()
	var file map[string]yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(text), &file))
	var job struct {
		Variables   map[string]string
		Script      []string
		AfterScript []string `yaml:"after_script"`
		Artifacts   struct{ Paths []string }
		Interrupt   bool `yaml:"interruptible"`
	}
	node := file["deploy:web01"]
	require.NoError(t, node.Decode(&job))
	require.False(t, job.Interrupt)
	known := map[string]string{"CI_PROJECT_ID": "77", "CI_PIPELINE_ID": "4711", "CI_COMMIT_TAG": "web-2.14.0", "GITLAB_USER_LOGIN": "tanuki"}
	for name, value := range job.Variables {
		known[name] = os.Expand(value, func(word string) string {
			require.Contains(t, known, word, "%s is another one when the job is tried again, or is not known", word)
			return known[word]
		})
	}
	return ciJob{env: known, deploy: strings.Join(job.Script, "\n"), after: strings.Join(job.AfterScript, "\n"), report: job.Artifacts.Paths[0]}
}

func jenkinsJob(t *testing.T, text string) ciJob {
	t.Helper()
	code := regexp.MustCompile(`(?m)^\s*//.*$`).ReplaceAllString(text, "")
	require.Equal(t, strings.Count(code, "{"), strings.Count(code, "}"))
	require.Equal(t, strings.Count(code, "("), strings.Count(code, ")"))
	deploy := regexp.MustCompile(`(?s)sh '''(.*?)'''`).FindStringSubmatch(code)
	after := regexp.MustCompile(`sh '([^'\n]+)'`).FindStringSubmatch(code)
	id := regexp.MustCompile(`DEPLOY_ID = "\$\{env\.(\w+)\}"`).FindStringSubmatch(code)
	require.Len(t, deploy, 2)
	require.Len(t, after, 2)
	require.Equal(t, []string{`DEPLOY_ID = "${env.BUILD_TAG}"`, "BUILD_TAG"}, id, "another name may differ between two tries of a build")
	return ciJob{env: map[string]string{"DEPLOY_ID": "jenkins-deploy-web-12", "VERSION": "2.14.0"}, deploy: deploy[1], after: after[1], report: "report.md"}
}

// cronJob takes the command of the first line. The second one is the retry, and is the same.
func cronJob(t *testing.T, text string) ciJob {
	t.Helper()
	var commands []string
	line := regexp.MustCompile(`^(\d+|\*) (\d+|\*) (\S+) (\S+) (\S+)  (.+)$`)
	for one := range strings.Lines(text) {
		one = strings.TrimSuffix(one, "\n")
		if m := line.FindStringSubmatch(one); m != nil {
			require.NotContains(t, strings.ReplaceAll(m[6], `\%`, ""), "%", "cron ends a command at %")
			commands = append(commands, strings.ReplaceAll(m[6], `\%`, "%"))
			continue
		}
		require.Regexp(t, `^(#.*|[A-Z_]+=\S+|)$`, one)
	}
	require.Len(t, commands, 2)
	require.Equal(t, commands[0], commands[1], "a retry that differs is another deploy")
	return ciJob{deploy: commands[0], after: "true"}
}

// ciReader has a deploy script, and an ssh that runs it, which write down each change that they make.
func ciReader(t *testing.T) *reader {
	t.Helper()
	r := newReader(t)
	change := fmt.Sprintf("#!/bin/bash\necho \"$*\" >> changes\nexec curl -fsS -X POST '%shooks/deploy?version=2.0.0&healthy=true'\n", stack.SiteURL(r.server))
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "deploy.sh"), []byte(change), 0o755))
	tools := filepath.Dir(temporalOnPath(t, r.dir))
	require.NoError(t, os.WriteFile(filepath.Join(tools, "ssh"), []byte(change), 0o755))
	r.also = []string{
		"--check https://web01.example.com/healthz", "--initial-delay 0s --interval 250ms --check " + stack.SiteURL(r.server) + "healthz",
		"upgrade-web01", r.named("upgrade-web01"), // the test runs for one week's name at a time
	}
	return r
}

// exports are the job's variables for a shell.
func (j ciJob) exports(r *reader) string {
	var b strings.Builder
	for name, value := range j.env {
		if name == "DEPLOY_ID" {
			value = r.named(value)
		}
		fmt.Fprintf(&b, "export %s='%s'\n", name, value)
	}
	return b.String()
}

// Every example is run twice, as a job that is tried again: one snapshot, one change, and both get the verdict.
func TestTheExamplesForCISystemsDeployOnceHoweverOftenTheyAreTried(t *testing.T) {
	t.Parallel()
	for _, one := range ciExamples {
		t.Run(one.file, func(t *testing.T) {
			t.Parallel()
			job := one.read(t, example(t, filepath.Join("ci", one.file)))
			r := ciReader(t)
			for range 2 {
				code, out := r.follow("set -e\n" + job.exports(r) + job.deploy)
				require.Zero(t, code, out)
			}
			changes, err := os.ReadFile(filepath.Join(r.dir, "changes"))
			require.NoError(t, err)
			require.Equal(t, 1, strings.Count(string(changes), "\n"), "changes made: %s", changes)
			server, _ := r.state()
			require.Equal(t, "2.0.0", server.Version)
			r.oneSnapshotOfOurs()
			r.lawful()

			code, out := r.follow(job.exports(r) + job.after)
			require.Zero(t, code, out)
			if job.report != "" {
				report, err := os.ReadFile(filepath.Join(r.dir, job.report))
				require.NoError(t, err)
				require.Contains(t, strings.ToLower(string(report)), string(workflows.OutcomeCommitted))
			}
		})
	}
}

func TestABadDeployOfACIJobIsRolledBackAndRed(t *testing.T) {
	t.Parallel()
	job := githubJob(t, example(t, "ci/github-actions.yml"))
	r := ciReader(t)
	bad := fmt.Sprintf("#!/bin/bash\nexec curl -fsS -X POST '%shooks/deploy?version=3.0.0&healthy=false'\n", stack.SiteURL(r.server))
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "deploy.sh"), []byte(bad), 0o755))
	for range 2 { // a second try must not look green
		code, out := r.follow(job.exports(r) + job.deploy)
		require.Equal(t, 3, code, out)
	}
	server, _ := r.state()
	require.Equal(t, "1.0.0", server.Version)
	r.lawful()
}
