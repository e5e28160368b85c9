package cli

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestHealthyShopGetsWhatItsWorkloadsAreDeclaredToNeed: every workload of the shop that opens a
// connection, asked without a destination.
func TestHealthyShopGetsWhatItsWorkloadsAreDeclaredToNeed(t *testing.T) {
	t.Parallel()
	compiled := schema(t, "needs")
	asked := map[string]bool{}
	for line := range strings.Lines(strings.TrimSpace(declared)) {
		var namespace, from, to string
		if _, err := fmt.Sscan(line, &namespace, &from, &to); err != nil {
			t.Fatal(err)
		}
		if from == "internet" || asked[namespace+from] {
			continue
		}
		asked[namespace+from] = true
		code, out, errs := run(t, "diagnose", from, "-n", namespace, "-f", filepath.Join(shop, "base"), "-o", "json")
		fits(t, compiled, out)
		var n struct {
			Result string
			Needs  []struct{ Kind, Direction, Peer, Result, Code string }
		}
		if err := json.Unmarshal(out, &n); err != nil {
			t.Fatal(err)
		}
		if code != 0 || n.Result != "Works" || len(errs) > 0 || len(n.Needs) < 1 {
			t.Errorf("%s %s: exit code %d, %+v, standard error %q", namespace, from, code, n, errs)
		}
	}
}

// TestBrokenShopFailsWhereItIsBroken: the need that an overlay breaks is the first, with its code,
// and what it does not break is not among those that fail.
func TestBrokenShopFailsWhereItIsBroken(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ overlay, from, fails, code string }{
		{"wrong-labels", "deploy/api-gateway", "egress svc/payment:443", "NPD101"},
		{"wrong-labels", "deploy/payment", "ingress deploy/api-gateway", "NPD101"},
		{"wrong-labels", "deploy/order", "", ""},
		{"missing-ingress", "deploy/payment", "egress svc/payment-db", "NPD401"},
		{"missing-egress", "deploy/order", "egress svc/inventory:80", "NPD402"},
		{"missing-egress", "deploy/inventory", "ingress deploy/order", "NPD402"},
		{"port-mismatch", "deploy/order", "egress svc/payment-service:443", "NPD301"},
	} {
		_, out, _ := run(t, "diagnose", row.from, "-n", "production", "-f", filepath.Join(shop, "base"), "--with", filepath.Join(shop, "broken", row.overlay), "-o", "json")
		var n struct {
			Needs []struct{ Direction, Peer, Result, Code string }
		}
		if err := json.Unmarshal(out, &n); err != nil {
			t.Fatal(err)
		}
		var failing []string
		for _, need := range n.Needs {
			if need.Result != "Works" {
				failing = append(failing, need.Direction+" "+need.Peer+" "+need.Code)
			}
		}
		var want []string
		if row.fails != "" {
			want = []string{row.fails + " " + row.code}
		}
		if !slices.Equal(failing, want) {
			t.Errorf("%s %s: %q, want %q", row.overlay, row.from, failing, want)
		}
	}
}
