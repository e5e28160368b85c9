package cli

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"
)

// compared is what a test looks at of a comparison.
type compared struct {
	Counts struct{ Opened, Closed, Changed, Risky int }
	Flows  []struct {
		Change              string
		Source, Destination struct{ Namespace, Name, CIDR string }
		Before, After       string
		Causes              []struct{ Cause, Direction, Policy, Path, PolicyChange, Origin string }
	}
}

func diffOf(t *testing.T, args ...string) compared {
	t.Helper()
	code, out, errs := run(t, append([]string{"diff", "-o", "json"}, args...)...)
	if code != 0 || len(errs) > 0 {
		t.Fatalf("exit code %d, %s", code, errs)
	}
	fits(t, schema(t, "flowdiff"), out)
	var d compared
	if err := json.Unmarshal(out, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// Of every way to break the shop it is told which flows it closes, by the policy that does it; mending
// it opens them again.
func TestDiffOfTheBrokenShops(t *testing.T) {
	t.Parallel()
	base := filepath.Join(shop, "base")
	for overlay, policy := range map[string]string{
		"wrong-labels": "production/payment-ingress", "wrong-namespace": "production/allow-metrics", "missing-ingress": "production/payment-db-ingress",
		"missing-egress": "production/order-egress", "dns-blocked": "production/allow-dns", "dns-incident": "production/allow-dns",
		"port-mismatch": "production/payment-ingress", // egress does not allow the wrong port, so nothing is opened
	} {
		d := diffOf(t, "-f", base, "--with", filepath.Join(shop, "broken", overlay))
		if d.Counts.Closed == 0 || d.Counts.Opened+d.Counts.Changed+d.Counts.Risky > 0 || len(d.Flows) != d.Counts.Closed {
			t.Errorf("%s: %+v", overlay, d.Counts)
		}
		for _, f := range d.Flows {
			if len(f.Causes) != 1 || f.Causes[0].Cause != "NoLongerAdmits" || f.Causes[0].Policy != policy || f.Causes[0].PolicyChange != "changed" || f.Causes[0].Origin == "" {
				t.Errorf("%s: %+v", overlay, f)
			}
		}
	}
}

// The documents of a whole cluster without its policies and the other way around fit the schema, by
// whatever the ends are, and are mirrors of each other; two runs write the same in every format.
func TestDiffOfTheShopWithoutPolicies(t *testing.T) {
	t.Parallel()
	base, open := filepath.Join(shop, "base"), filepath.Join(shop, "base", "production-workloads.yaml")
	for _, by := range []string{"workload", "pod", "namespace"} {
		forth, back := diffOf(t, base, open, "--by", by), diffOf(t, open, base, "--by", by)
		if forth.Counts.Opened != back.Counts.Closed || forth.Counts.Closed != back.Counts.Opened || forth.Counts.Changed != back.Counts.Changed || len(forth.Flows) == 0 {
			t.Errorf("by %s: %+v and back %+v", by, forth.Counts, back.Counts)
		}
		var kinds []string
		for _, f := range forth.Flows {
			kinds = append(kinds, f.Change)
		}
		// On some network plugins hostNetwork pods and the like are not known.
		if order := slices.Compact(kinds); !slices.Equal(order, []string{"opened", "changed", "closed"}) {
			t.Errorf("by %s: in order %v", by, order)
		}
	}
	for _, format := range []string{"table", "json", "yaml", "csv", "markdown"} {
		_, first, errs := run(t, "diff", base, open, "-o", format)
		_, second, _ := run(t, "diff", base, open, "-o", format)
		if !bytes.Equal(first, second) || len(first) == 0 || len(errs) > 0 {
			t.Errorf("%s: two runs differ, or nothing was written; %s", format, errs)
		}
	}
}
