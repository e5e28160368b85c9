package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/netpol-doctor/netpol-doctor/change"
	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// managed is the finding about policies that somebody else writes, NPD725.
var managed = []Check{
	{
		Code: "NPD725", Severity: Info,
		Title:    "the policy to change is managed by a tool",
		Symptoms: []string{"the change is gone again", "kubectl edit is reverted"},
		Doc: `The fix changes a policy that Helm, a GitOps tool or an operator writes. A change by kubectl is
undone with the next upgrade, or within minutes. Policies that come with charts often allow only
what the chart itself needs.

What you see: the change works, and then it is gone again.

Verify: kubectl get networkpolicy NAME -n NAMESPACE -o yaml --show-managed-fields, and look at
labels, annotations and ownerReferences.

Fix: make the change where the policy comes from: the chart's values, the Git repository, the
operator's resource. Or leave it alone and add a policy of your own: policies add up.`,
		Run: func(p *Pass) {
			causes := slices.Clone(p.Causes)
			for _, l := range p.DNS {
				causes = append(causes, l.Causes...)
			}
			for _, c := range causes {
				for _, e := range c.Edits {
					p.writtenBy(e)
				}
			}
		},
	},
}

// writtenBy reports who writes the policy that an edit changes.
func (p *Pass) writtenBy(e change.Edit) {
	i := slices.IndexFunc(p.Snapshot.Policies, func(np *cluster.Policy) bool { return np.Ref() == e.Object })
	if e.Manifest != nil || i < 0 {
		return
	}
	np := p.Snapshot.Policies[i]
	who, where := writer(np)
	if who == "" {
		return
	}
	p.report(Finding{
		Object: np.Ref(), Field: where, Origin: np.Origin, Evidence: map[string]string{"manager": who},
		Message: fmt.Sprintf("%s/%s is managed by %s: a change by kubectl is undone at its next update", np.Namespace, np.Name, who),
		Advice:  "make the change where the policy comes from, or add a policy of your own",
	})
}

// writer tells who writes a policy, and the field that shows it. Sources: "Recommended Labels" concept
// page; Helm's "Labels and Annotations"; Argo CD "Resource Tracking"; Flux "Kustomization" and
// "HelmRelease".
func writer(np *cluster.Policy) (who, field string) {
	labels, annotations := np.Labels, np.Annotations
	for _, s := range []struct{ value, text, field string }{
		{cmp.Or(annotations["argocd.argoproj.io/tracking-id"], labels["argocd.argoproj.io/instance"]), "Argo CD (%s)", "metadata"},
		{labels["kustomize.toolkit.fluxcd.io/name"], "Flux (Kustomization %s)", "metadata.labels[kustomize.toolkit.fluxcd.io/name]"},
		{labels["helm.toolkit.fluxcd.io/name"], "Flux (HelmRelease %s)", "metadata.labels[helm.toolkit.fluxcd.io/name]"},
		{annotations["meta.helm.sh/release-name"], "Helm (release %s)", "metadata.annotations[meta.helm.sh/release-name]"},
	} {
		if s.value != "" {
			return fmt.Sprintf(s.text, s.value), s.field
		}
	}
	for _, o := range np.OwnerReferences {
		if o.Controller != nil && *o.Controller {
			return fmt.Sprintf("the controller of %s %s", o.Kind, o.Name), "metadata.ownerReferences"
		}
	}
	if by := labels["app.kubernetes.io/managed-by"]; by != "" {
		return by, "metadata.labels[app.kubernetes.io/managed-by]"
	}
	if w, ok := np.History.Last("spec"); ok && writers[w.Manager] != "" {
		return fmt.Sprintf("%s (%s)", writers[w.Manager], w.Manager), "metadata.managedFields"
	}
	return "", ""
}

// writers are the names under which tools write that write again. Sources: Argo CD "Server-Side
// Apply"; Flux "kustomize-controller", server-side apply; Helm's field manager is "helm".
var writers = map[string]string{
	"argocd-controller":             "Argo CD",
	"argocd-application-controller": "Argo CD",
	"kustomize-controller":          "Flux",
	"helm-controller":               "Flux",
	"helm":                          "Helm",
}
