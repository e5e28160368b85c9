package check

import (
	"fmt"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// acmeSolvers is the finding about the short-lived pods that answer for a certificate, NPD722.
var acmeSolvers = []Check{
	{
		Code: "NPD722", Severity: Info,
		Title:    "the destination is a short-lived pod that answers an ACME challenge",
		Symptoms: []string{"challenge pending", "certificate pending", "wrong status code '504'"},
		Doc: `cert-manager answers an HTTP-01 challenge with a pod of its own. It starts the pod in the namespace
of the Ingress and removes it once the certificate is issued. A default deny isolates that pod like
any other. A rule for the pod that runs now does not help at the next renewal: its labels contain
hashes of the domain and the token.

What you see: the Challenge stays pending, the ingress controller answers 504, and the certificate
expires weeks after the policy was added.

Verify: kubectl get challenges -A, and kubectl get pods -A -l
acme.cert-manager.io/http01-solver=true

Fix: write one policy for all of these pods: podSelector acme.cert-manager.io/http01-solver: "true",
with the ingress controller as peer, on TCP 8089.`,
		Run: func(p *Pass) {
			for _, d := range p.decisions() {
				if pod := d.Flow.Destination.Pod; pod != nil && pod.Labels.Known[acmeSolver] == "true" && d.Ingress.Verdict == policy.Denied {
					p.report(Finding{
						Object: pod.Ref(), Origin: pod.Origin,
						Message: fmt.Sprintf("%s answers an ACME challenge, and the next renewal starts another pod with other labels: one policy should allow all pods with %s: \"true\"", pod.Ref(), acmeSolver),
						Advice:  fmt.Sprintf("write a policy with podSelector %s: \"true\" that allows the ingress controller on TCP 8089", acmeSolver),
					})
				}
			}
		},
	},
}

// acmeSolver is the label of pods that answer challenges. Source: cert-manager, pkg/apis/acme/v1.
const acmeSolver = "acme.cert-manager.io/http01-solver"
