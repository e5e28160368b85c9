package pipelines

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// action is action.yaml, as the runner of GitHub reads it.
type action struct {
	Inputs map[string]struct {
		Description string `json:"description"`
		Default     string `json:"default"`
	} `json:"inputs"`
	Outputs map[string]struct {
		Value string `json:"value"`
	} `json:"outputs"`
	Runs struct {
		Using string `json:"using"`
		Steps []step `json:"steps"`
	} `json:"runs"`
}

type step struct {
	ID    string            `json:"id,omitempty"`
	Name  string            `json:"name"`
	If    string            `json:"if,omitempty"`
	Shell string            `json:"shell"`
	Env   map[string]string `json:"env"`
	Run   string            `json:"run"`
}

func shipped(t *testing.T) action {
	t.Helper()
	var a action
	if err := yaml.Unmarshal([]byte(read(t, filepath.Join(root(t), "action.yaml"))), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

var expression = regexp.MustCompile(`\$\{\{ ([^}]*) \}\}`)

// evaluate puts values in place of expressions: the first operand of || that is not empty. One that is not among
// the values is an error of the test.
func evaluate(t *testing.T, text string, values map[string]string) string {
	t.Helper()
	return expression.ReplaceAllStringFunc(text, func(match string) string {
		var out string
		for _, operand := range strings.Split(expression.FindStringSubmatch(match)[1], " || ") {
			value, known := values[operand]
			if !known {
				t.Fatalf("the test does not know %s", operand)
			}
			out = cmp.Or(out, value)
		}
		return out
	})
}

// commenting is the one condition in the action.
const commenting = "inputs.comment == 'true' && github.event.pull_request.number"

// runAction runs the steps of action.yaml as they ship, as the runner does, and returns what each became; the
// last is the result. Environments are of the steps, not of the test.
func runAction(t *testing.T, r *repository, f *forge, inputs map[string]string) map[string]ran {
	t.Helper()
	needs(t, "bash", "jq", "curl")
	a, temp := shipped(t), t.TempDir()
	values := map[string]string{
		"github.action_path": root(t), "runner.temp": temp, "github.sha": "HEAD", "github.token": "t0ken", "github.server_url": "https://forge.example",
		"github.repository": "o/r", "github.run_id": "77", "github.event.pull_request.base.sha": "main", "github.event.pull_request.head.sha": "branch",
		"github.event.pull_request.number": "5",
	}
	for key, value := range inputs {
		if strings.HasPrefix(key, "github.") {
			values[key] = value
		}
	}
	for name, input := range a.Inputs {
		values["inputs."+name] = evaluate(t, input.Default, values)
		if given, ok := inputs[name]; ok {
			values["inputs."+name] = given
		}
	}
	out := map[string]ran{}
	for i, s := range a.Runs.Steps {
		if s.Shell != "bash" {
			t.Fatalf("step %s has the shell %q", s.Name, s.Shell)
		}
		switch s.If {
		case "":
		case commenting:
			if values["inputs.comment"] != "true" || values["github.event.pull_request.number"] == "" {
				continue
			}
		default:
			t.Fatalf("the test does not know the condition %q", s.If)
		}
		script, outputs := filepath.Join(temp, fmt.Sprintf("step%d.sh", i)), filepath.Join(temp, fmt.Sprintf("outputs%d", i))
		for path, text := range map[string]string{script: s.Run, outputs: ""} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		env := map[string]string{
			"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": outputs, "GITHUB_STEP_SUMMARY": filepath.Join(temp, "summary"), "GITHUB_REPOSITORY": "o/r", "GITHUB_API_URL": f.URL,
		}
		for key, value := range s.Env {
			env[key] = evaluate(t, value, values)
		}
		out[s.Name] = run(t, r.dir, env, "bash", "--noprofile", "--norc", "-eo", "pipefail", script)
		for line := range strings.Lines(read(t, outputs)) {
			if key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok && s.ID != "" {
				values["steps."+s.ID+".outputs."+key] = value
			}
		}
		if out[s.Name].code != 0 { // the runner stops here
			break
		}
	}
	for name, output := range a.Outputs {
		out["output "+name] = ran{out: evaluate(t, output.Value, values)}
	}
	return out
}

// branch is a repository with a branch that opens a flow.
func branch(t *testing.T) *repository {
	t.Helper()
	r := before(t)
	r.git("checkout", "--quiet", "-b", "branch")
	r.commit(map[string]string{"manifests/policy.yaml": open})
	return r
}

// TestAction: it compares, comments and fails, and its outputs are there.
func TestAction(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	got := runAction(t, branch(t), f, map[string]string{"manifests": "manifests", "fail-on": "opened", "binary": program(t), "network-plugin": "cilium"})
	if got["Compare"].code != 0 || got["Comment"].code != 0 || got["Result"].code != 1 || !strings.Contains(got["Result"].out, "::error title=netpol-doctor::There are flows") {
		t.Fatalf("%+v", got)
	}
	comments, _ := f.said()
	if len(comments) != 1 || !strings.Contains(comments[0].Body, "1 opened") {
		t.Errorf("%+v", comments)
	}
	if got["output exit-code"].out != "1" || got["output changes"].out != "1" {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{"comment", "sarif", "junit"} {
		if text := read(t, got["output "+name].out); text == "" {
			t.Errorf("%s is empty", name)
		}
	}
	if summary := read(t, filepath.Join(filepath.Dir(filepath.Dir(filepath.Dir(got["output comment"].out))), "summary")); !strings.Contains(summary, "1 opened") {
		t.Errorf("summary: %s", summary)
	}
	// What is printed cannot be a command to the runner.
	first, _, _ := strings.Cut(got["Compare"].out, "\n")
	word, stopped := strings.CutPrefix(first, "::stop-commands::")
	if !stopped || len(word) != 32 || !strings.HasSuffix(got["Compare"].out, "\n::"+word+"::\n") {
		t.Errorf("commands are not stopped: %q", got["Compare"].out)
	}
}

// TestActionWhereItMayNotComment: the forge's 403 is a warning, and the exit code is that of the comparison.
func TestActionWhereItMayNotComment(t *testing.T) {
	t.Parallel()
	for failOn, code := range map[string]int{"opened": 1, "closed": 0} {
		f := newForge(t)
		f.refuses(http.MethodPost, http.StatusForbidden)
		got := runAction(t, branch(t), f, map[string]string{"manifests": "manifests", "fail-on": failOn, "binary": program(t)})
		if got["Comment"].code != 0 || !strings.Contains(got["Comment"].out, "::warning") || !strings.Contains(got["Comment"].errors, "GitHub answered 403") || got["Result"].code != code {
			t.Errorf("--fail-on %s: %+v", failOn, got)
		}
	}
}

// TestActionWithoutComment: nothing is sent, where it is not wanted or there is no pull request.
func TestActionWithoutComment(t *testing.T) {
	t.Parallel()
	for _, inputs := range []map[string]string{{"comment": "false"}, {"github.event.pull_request.number": ""}} {
		f := newForge(t)
		maps.Copy(inputs, map[string]string{"manifests": "manifests", "binary": program(t)})
		got := runAction(t, branch(t), f, inputs)
		if _, requests := f.said(); len(requests) > 0 || got["Result"].code != 0 {
			t.Errorf("%v: %q, %+v", inputs, requests, got)
		}
	}
}

// TestActionTakesAnyText: what a stranger may choose, such as the name of a branch, is never run. Bad input is said
// in the comment, in place of an answer that does not hold any more.
func TestActionTakesAnyText(t *testing.T) {
	t.Parallel()
	for _, inputs := range []map[string]string{
		{"manifests": `"; touch pwned; "`},
		{"manifests": "$(touch pwned)"},
		{"manifests": "manifests", "head": "`touch pwned`"},
		{"manifests": "manifests", "base": "--output=pwned"},
		{"manifests": "manifests", "fail-on": "$(touch pwned)"},
		{"manifests": "manifests", "name": "$(touch pwned)"},
		{"before": "manifests", "after": "-x"},
		{"before": "manifests", "after": "manifests", "network-plugin": "none --fail-on any"},
	} {
		f, r := newForge(t), branch(t)
		f.add(comment{ID: 1, Body: "<!-- netpol-doctor: netpol-doctor -->\nNo flow changes.", User: ours})
		inputs["binary"] = program(t)
		got := runAction(t, r, f, inputs)
		found, err := filepath.Glob(filepath.Join(r.dir, "*pwned*"))
		if err != nil || len(found) > 0 {
			t.Errorf("%v: it was run", inputs)
		}
		if inputs["name"] != "" { // compared, and no comment can have that name
			if got["Comment"].code != 0 || !strings.Contains(got["Comment"].errors, "the name of a comment") {
				t.Errorf("%v: %+v", inputs, got)
			}
			continue
		}
		comments, _ := f.said()
		if got["Result"].code != 2 || len(comments) != 1 || !strings.Contains(comments[0].Body, "Not compared") {
			t.Errorf("%v: %+v %+v", inputs, got, comments)
		}
	}
}

// TestActionIsSafe: no expression in a script, and the token in the step that needs it and in no other.
func TestActionIsSafe(t *testing.T) {
	t.Parallel()
	a := shipped(t)
	if a.Runs.Using != "composite" || len(a.Runs.Steps) != 3 {
		t.Fatalf("%+v", a.Runs)
	}
	for _, s := range a.Runs.Steps {
		if strings.Contains(s.Run, "${{") {
			t.Errorf("step %s has an expression in its script", s.Name)
		}
		for key, value := range s.Env {
			if strings.Contains(value, "token") && (s.Name != "Comment" || key != "GITHUB_TOKEN") {
				t.Errorf("step %s has the token as %s", s.Name, key)
			}
		}
	}
	for name, input := range a.Inputs {
		if input.Description == "" {
			t.Errorf("input %s has no description", name)
		}
	}
}

// asWorkflow is a workflow with the steps of the action, for a linter that knows workflows only.
func asWorkflow(t *testing.T, a action) string {
	t.Helper()
	inputs := map[string]any{}
	for name := range a.Inputs {
		inputs[name] = map[string]any{"type": "string"}
	}
	steps := make([]step, 0, len(a.Runs.Steps))
	for _, s := range a.Runs.Steps {
		delete(s.Env, "ACTION") // github.action_path is for actions only
		steps = append(steps, s)
	}
	text, err := json.Marshal(map[string]any{
		"name": "steps", "on": map[string]any{"workflow_call": map[string]any{"inputs": inputs}, "pull_request": map[string]any{}},
		"jobs": map[string]any{"steps": map[string]any{"runs-on": "ubuntu-latest", "steps": steps}},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := yaml.JSONToYAML(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestWorkflowsAreValid: actionlint finds nothing in the example, in our own workflows, and in the steps of the action; it
// does find an expression that is put into a script.
func TestWorkflowsAreValid(t *testing.T) {
	t.Parallel()
	needs(t, "shellcheck")
	a := shipped(t)
	dir := t.TempDir()
	bad := asWorkflow(t, action{Runs: struct {
		Using string `json:"using"`
		Steps []step `json:"steps"`
	}{Steps: []step{{Name: "bad", Shell: "bash", Run: "echo ${{ github.event.pull_request.title }}"}}}})
	files := map[string]string{"steps.yaml": asWorkflow(t, a), "example.yaml": read(t, filepath.Join(root(t), "examples/ci/github.yaml")), "bad.yaml": bad}
	own, err := filepath.Glob(filepath.Join(root(t), ".github/workflows/*.yaml"))
	if err != nil || len(own) == 0 {
		t.Fatalf("%q: %v", own, err)
	}
	for _, path := range own {
		files["own-"+filepath.Base(path)] = read(t, path)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(files[name]), 0o600); err != nil {
			t.Fatal(err)
		}
		got := run(t, root(t), goEnv(t), "go", "tool", "-modfile=tools/go.mod", "actionlint", "-no-color", path)
		if ok := got.code == 0; ok == (name == "bad.yaml") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// goEnv is what go needs of the environment of the test. What go found out by itself is said, too: the home of what
// is run is an empty one, and all would be fetched and built again.
func goEnv(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "-json", "GOPATH", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GONOPROXY", "GOINSECURE", "GOTOOLCHAIN").Output()
	env := map[string]string{}
	if err == nil {
		err = json.Unmarshal(out, &env)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"HOME", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if value := os.Getenv(key); value != "" {
			env[key] = value
		}
	}
	return env
}
