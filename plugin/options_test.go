package plugin

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestTyped: what somebody else is told to run is what was asked, fit for a shell, without what
// holds on this machine only.
func TestTyped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typed []string
		want  string
	}{
		{[]string{"deploy/a", "svc/b:443/tcp", "-n", "prod", "-f", "x.yaml", "-o", "json"}, "kubectl netpol-doctor diagnose deploy/a svc/b:443/tcp --filename x.yaml --namespace prod"},
		{[]string{"deploy/a", "[2001:db8::1]:443", "-A"}, "kubectl netpol-doctor diagnose deploy/a '[2001:db8::1]:443' --all-namespaces"},
		{[]string{"a", "b", "--all-namespaces=false", "--network-plugin", "cilium"}, "kubectl netpol-doctor diagnose a b --network-plugin cilium"},
		{[]string{"a", "b", "--with", "new.yaml", "--with", "my files/it's, new"}, `kubectl netpol-doctor diagnose a b --with new.yaml --with 'my files/it'\''s, new'`},
		{[]string{"a", "b", "--without", "netpol/deny", "--with", "new.yaml", "--without", "prod/deploy/b"}, `kubectl netpol-doctor diagnose a b --with new.yaml --without netpol/deny --without prod/deploy/b`},
		{[]string{"a", "b", "--context", "team (eu); $HOME"}, "kubectl netpol-doctor diagnose a b --context 'team (eu); $HOME'"},
		{[]string{"a", "b", "--context", ""}, "kubectl netpol-doctor diagnose a b --context ''"},
	} {
		f := &flags{}
		command := &cobra.Command{Use: "diagnose"}
		f.register(command)
		if err := command.ParseFlags(c.typed); err != nil {
			t.Fatal(err)
		}
		if got := typed(command); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", strings.Join(c.typed, " "), got, c.want)
		}
	}
}

// TestTypedDiff: of a comparison both sources, and what makes it fail.
func TestTypedDiff(t *testing.T) {
	t.Parallel()
	for typedAs, want := range map[string]string{
		"old new dir -o json --fail-on opened --by pod":   "kubectl netpol-doctor diff old new dir --by pod --fail-on opened",
		"--with new.yaml -f x -A --to ns/prod --port 443": "kubectl netpol-doctor diff --all-namespaces --filename x --port 443 --to ns/prod --with new.yaml",
	} {
		command := newDiff(Streams{})
		if err := command.ParseFlags(strings.Fields(typedAs)); err != nil {
			t.Fatal(err)
		}
		if got := typed(command); got != want {
			t.Errorf("%s\n got %s\nwant %s", typedAs, got, want)
		}
	}
}
