package check

import "slices"

// runbooksAt is where the pages are read that say what to do about a symptom.
const runbooksAt = "https://github.com/netpol-doctor/netpol-doctor/blob/main/docs/runbooks/"

// runbooks are the pages of docs/runbooks, with the symptoms of the catalogue that each is about. Not
// every page has one: what people say of a whole namespace is in no log.
var runbooks = []struct {
	page     string
	symptoms []string
}{
	{"timeout", []string{"connection timed out", "every other client works", "fails although a rule allows the port", "TLS handshake timeout", "the application works, its Job does not"}},
	{"connection-refused", []string{"connection refused", "no endpoints available", "connection refused on plugins that reject", "kubectl port-forward works, clients do not get through"}},
	{"unknown-host", slices.Concat(noNames, []string{"SERVFAIL", "read udp ... i/o timeout", "external names fail", "some names fail", "NXDOMAIN", "no such host", "Name or service not known", "REFUSED", "works with a trailing dot"})},
	{"502-504-at-the-ingress", slices.Concat(proxied, []string{"502", "503", "504", "upstream timed out", "503 UF", "backend UNHEALTHY", "502 from the load balancer", "503 from the load balancer"})},
	{"metrics-gone", []string{"target DOWN"}},
	{"logs-gone", []string{"no upstream connections available"}},
	{"webhook-timeouts", []string{"failed calling webhook", "FailedDiscoveryCheck"}},
	{"works-from-one-node-only", []string{"works from the same node only", "works from some nodes only", "works through some nodes only"}},
	{"worked-yesterday", []string{"broke after a rollout", "works on the old replica only"}},
	{"policy-has-no-effect", []string{"policy has no effect", "the change is gone again", "kubectl edit is reverted"}},
	{"new-namespace", []string{"no pod of the namespace gets through", "works from the same namespace only"}},
	{"locked-down-namespace", []string{"every client times out"}},
}

// Runbooks lists the pages of docs/runbooks, without their ending.
func Runbooks() (pages []string) {
	for _, r := range runbooks {
		pages = append(pages, r.page)
	}
	return pages
}

// RunbookFor returns the address of the page about a symptom of the catalogue; "" where there is none.
func RunbookFor(symptom string) string {
	for _, r := range runbooks {
		if slices.Contains(r.symptoms, symptom) {
			return runbooksAt + r.page + ".md"
		}
	}
	return ""
}
