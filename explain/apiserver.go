package explain

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// hedge takes back a denial of what comes from the API server where it is not known from where that
// is: the control plane may share a node with the pod, or send its connections through pods that
// some selector means. What everybody may do is allowed all the same.
func hedge(source ends.End, d policy.Decision) policy.Decision {
	if !source.Target.APIServer || source.Name == "" || d.Verdict != policy.Denied {
		return d
	}
	d.Verdict, d.Ingress.Verdict = policy.Unknown, policy.Unknown
	fact := policy.Fact{Kind: policy.NameAddress, Object: d.Flow.Source.Ref()}
	d.Facts, d.Ingress.Facts = append(slices.Clip(d.Facts), fact), append(slices.Clip(d.Ingress.Facts), fact)
	return d
}
