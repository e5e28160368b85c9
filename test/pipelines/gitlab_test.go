package pipelines

import (
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestGitLabExample runs the script of the example, but for what installs programs and fetches the scripts: those
// are taken from this repository.
func TestGitLabExample(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "jq", "curl")
	var file struct {
		Job struct {
			Script    []string `json:"script"`
			Artifacts struct {
				Reports struct {
					JUnit string `json:"junit"`
				} `json:"reports"`
			} `json:"artifacts"`
		} `json:"network-policies"`
	}
	if err := yaml.Unmarshal([]byte(read(t, filepath.Join(root(t), "examples/ci/gitlab-ci.yml"))), &file); err != nil {
		t.Fatal(err)
	}
	var lines []string
	left := 0
	for _, line := range file.Job.Script {
		if strings.HasPrefix(line, "apt-get ") || strings.HasPrefix(line, "git clone ") {
			left++
			continue
		}
		lines = append(lines, strings.ReplaceAll(line, "/opt/netpol-doctor", root(t)))
	}
	if left != 2 || len(lines) != 4 {
		t.Fatalf("%q", file.Job.Script)
	}
	f, r := newForge(t), branch(t)
	env := forges(f)["GitLab"]
	env["NETPOL_DOCTOR"], env["CI_COMMIT_SHA"], env["CI_MERGE_REQUEST_DIFF_BASE_SHA"], env["CI_JOB_URL"] = program(t), "branch", "main", "https://forge.example/job"
	got := run(t, r.dir, env, "bash", "-eo", "pipefail", "-c", strings.Join(lines, "\n"))
	if got.code != 1 || strings.Contains(got.out+got.errors, "t0ken") {
		t.Fatalf("%+v", got)
	}
	if comments, _ := f.said(); len(comments) != 1 || !strings.Contains(comments[0].Body, "1 opened") {
		t.Errorf("%+v", comments)
	}
	if junit := read(t, filepath.Join(r.dir, file.Job.Artifacts.Reports.JUnit)); !strings.Contains(junit, `failures="2"`) {
		t.Errorf("%s", junit)
	}
	f.refuses("GET", 403)
	delete(env, "LOG_URL")
	if got := run(t, r.dir, env, "bash", "-eo", "pipefail", "-c", strings.Join(lines, "\n")); got.code != 1 || !strings.Contains(got.out, "There is no comment") {
		t.Errorf("%+v", got)
	}
}
