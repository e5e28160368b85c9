package cli

import (
	"bytes"
	"strings"
	"testing"
)

// The maps of the shop in docs are what the command prints.
func TestMapsOfTheShopAreUpToDate(t *testing.T) {
	t.Chdir("../..")
	for file, format := range map[string]string{"docs/map.html": "html", "docs/shop-map.md": "markdown"} {
		_, out, errs := run(t, "map", "-f", "examples/shop/base", "-o", format)
		if len(errs) > 0 || !bytes.Equal(read(t, file), out) {
			t.Errorf("%s is not what map prints; run make generate. %s", file, errs)
		}
	}
}

// The page has the rules that the JSON has no place for.
func TestPageNamesRules(t *testing.T) {
	t.Chdir("../..")
	_, out, _ := run(t, "map", "-f", "examples/shop/base", "-n", "customer-a", "--from", "customer-a/deploy/portal", "--to", "customer-a/sts/db", "-o", "html")
	for _, want := range []string{
		`"scope":"namespace customer-a; only from customer-a/deploy/portal; only to customer-a/sts/db"`,
		`"egress":{"policies":[0,1,2],"rules":[{"policy":2,"path":"spec.egress[0].to[0]"}]}`,
		`"policies":["customer-a/allow-dns","customer-a/default-deny","customer-a/portal-egress",`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the page does not say %s", want)
		}
	}
}
