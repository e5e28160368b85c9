//go:build linux

// Package completion tests completion in the shells that people use: bash with bash-completion, zsh and
// fish, and through kubectl.
package completion

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// program is how the plugin is called, and script what kubectl calls for completion.
const (
	program = "kubectl-netpol_doctor"
	script  = "kubectl_complete-netpol_doctor"
)

// built is the folder with the plugin and the script.
var built string

func TestMain(m *testing.M) { os.Exit(withBuilt(m)) }

func withBuilt(m *testing.M) int {
	dir, err := os.MkdirTemp("", "completion")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	build := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(dir, program), "../../cmd/"+program)
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	text, err := os.ReadFile("../../cmd/" + script)
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile(filepath.Join(dir, script), text, 0o755); err != nil {
		panic(err)
	}
	built = dir
	return m.Run()
}

// environment has the plugin on the PATH, and no kubeconfig.
func environment(t *testing.T, more ...string) []string {
	t.Helper()
	shop, err := filepath.Abs("../../examples/shop/base")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	return append([]string{
		"PATH=" + built + ":" + os.Getenv("PATH"), "HOME=" + home, "KUBECONFIG=" + filepath.Join(home, "none"),
		"TERM=dumb", "LC_ALL=C.UTF-8", "SHOP=" + shop, "PS1=" + ready,
	}, more...)
}

// need skips a test, loudly, where a program or a file of Debian's is not there.
func need(t *testing.T, what string) {
	t.Helper()
	_, err := exec.LookPath(what)
	if filepath.IsAbs(what) {
		_, err = os.Stat(what)
	}
	if err != nil {
		t.Skipf("!!!! SKIPPED: %v (apt-get install bash-completion zsh fish; kubectl is from elsewhere) !!!!", err)
	}
}

// echo is what stands in for the plugin once its completion is set up: it shows the line that was
// completed, and passes on what the completion asks.
const echo = program + `() { if [ "$1" = __complete ]; then command ` + program + ` "$@"; else echo "GOT<$*>"; fi; }`

// typed are lines and what becomes of them behind "diagnose -f $SHOP -n production"; a TAB is \t.
var typed = []struct{ line, becomes string }{
	{"deploy/ord\t", "deploy/order"},
	{"dep\tord\t", "deploy/order"},                                               // no space behind the slash
	{"deploy/order svc/payment:4\t", "deploy/order svc/payment:443"},             // a colon ends words in bash
	{"deploy/order svc/payment:ht\t", "deploy/order svc/payment:https"},          //
	{"deploy/order svc/inventory-d\t:5\t", "deploy/order svc/inventory-db:5432"}, // no space before the port
	{"deploy/order product\tsv\tpayment-s\t:4\t", "deploy/order production/svc/payment-service:443"},
	{"deploy/ord\tsvc/invent\t-d\t", "deploy/order svc/inventory-db"}, // a space behind a source
	{"--without netpol/default\t", "--without netpol/default-deny"},
	{"-o js\t", "-o json"},
	{"deploy/nosuch\t", "deploy/nosuch"},
	{"deploy/order svc/payment:9\t", "deploy/order svc/payment:9"},
}

func complete(t *testing.T, s *shell) {
	t.Helper()
	before := program + " diagnose -f $SHOP -n production "
	for _, row := range typed {
		screen := s.run(before + row.line)
		_, got, _ := strings.Cut(screen, "GOT<diagnose -f ")
		_, got, _ = strings.Cut(got, " -n production ")
		got, _, _ = strings.Cut(got, ">")
		if got != row.becomes {
			t.Errorf("%q becomes %q, want %q; on the screen: %q", row.line, got, row.becomes, screen)
		}
	}
}

func TestBash(t *testing.T) {
	t.Parallel()
	const library = "/usr/share/bash-completion/bash_completion"
	need(t, "bash")
	need(t, library)
	settings := filepath.Join(t.TempDir(), "inputrc")
	if err := os.WriteFile(settings, []byte("set enable-bracketed-paste off\nset bell-style none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, environment(t, "INPUTRC="+settings), "bash", "--norc", "--noprofile", "-i")
	s.run(". " + library)
	s.run("source <(" + program + " completion bash)")
	s.run(echo)
	if screen := s.run(`case "$COMP_WORDBREAKS" in *:*) echo breaks;; esac`); !strings.Contains(screen, "\nbreaks") {
		t.Errorf("a colon does not end a word here, so what is tested means less: %q", screen)
	}
	complete(t, s)
}

func TestZsh(t *testing.T) {
	t.Parallel()
	need(t, "zsh")
	s := start(t, environment(t), "zsh", "-f", "-i")
	s.run("unsetopt prompt_sp prompt_cr; autoload -U compinit && compinit -u -D")
	s.run("source <(" + program + " completion zsh)")
	s.run(echo)
	complete(t, s)
}

// TestFish asks fish for the words: it has no need of a terminal for that.
func TestFish(t *testing.T) {
	t.Parallel()
	need(t, "fish")
	for line, want := range map[string][]string{
		"deploy/ord":                {"deploy/order"},
		"deploy/order svc/payment:": {"svc/payment:443", "svc/payment:https"},
		"deploy/nosuch":             nil,
	} {
		c := exec.Command("fish", "--no-config", "-c", program+` completion fish | source; complete -C "`+program+` diagnose -f $SHOP -n production `+line+`"`)
		c.Env, c.Dir = environment(t), t.TempDir()
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := words(string(out)); !slices.Equal(got, want) {
			t.Errorf("%s: %q", line, out)
		}
	}
}

// words leaves out what is said beside them.
func words(out string) []string {
	var all []string
	for line := range strings.Lines(out) {
		text, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
		all = append(all, text)
	}
	return all
}

// TestScript runs the script as kubectl does, from the PATH and with the words.
func TestScript(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		typed string
		want  []string
	}{
		{"diagnose -f $SHOP -n production deploy/order svc/payment:", []string{"svc/payment:443", "svc/payment:https", ":4"}},
		{"lab", []string{"labels", ":4"}},
		{"diagnose -f $SHOP svc/nosuch:", []string{":4"}},
		{"nosuch ''", []string{":0"}},
	} {
		c := exec.Command("bash", "-c", script+" "+row.typed)
		c.Env, c.Dir = environment(t), t.TempDir()
		out, err := c.Output()
		if err != nil {
			t.Errorf("%s: %v", row.typed, err)
		}
		if got := words(string(out)); !slices.Equal(got, row.want) {
			t.Errorf("%s: %q", row.typed, out)
		}
	}
	printed, err := exec.Command(filepath.Join(built, program), "completion", "kubectl").Output()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile("../../cmd/" + script); err != nil || string(text) != string(printed) {
		t.Errorf("cmd/%s is not what \"completion kubectl\" prints: %v", script, err)
	}
}

// TestKubectl presses TAB behind "kubectl netpol-doctor".
func TestKubectl(t *testing.T) {
	t.Parallel()
	need(t, "kubectl")
	c := exec.Command("bash", "-c", "kubectl __complete netpol-doctor diagnose -f $SHOP -n production deploy/order svc/payment:")
	c.Env, c.Dir = environment(t), t.TempDir()
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := words(string(out)); !slices.Equal(got, []string{"svc/payment:443", "svc/payment:https", ":4"}) {
		t.Errorf("%q", out)
	}
}
