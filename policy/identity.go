package policy

import (
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// This file is about plugins that know a pod by an identity made of its labels, and leave some of
// these out: a selector sees such a label on no pod. Labels of namespaces are all part of it.

// outsideIdentity tells whether a pod label is one that Cilium leaves out of identities, in some
// version at least, unless it is set up otherwise. Its patterns count from the start of a key, and
// app.kubernetes.io stays in. All versions that were looked at leave out the first eight and those
// of beta.kubernetes.io; the others came one by one, the first after v1.14.
// Sources: Cilium documentation, "Limiting Identity-Relevant Labels"; cilium/cilium
// pkg/labelsfilter, defaultLabelPrefixCfg; cilium/cilium#28003.
func outsideIdentity(key string) bool {
	return strings.Contains(key, "beta.kubernetes.io") ||
		slices.ContainsFunc(outsidePrefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

var outsidePrefixes = []string{
	"io.kubernetes",
	"kubernetes.io",
	"k8s.io",
	"pod-template-generation",
	"pod-template-hash",
	"controller-revision-hash",
	"annotation",
	"etcd_node",

	"statefulset.kubernetes.io/pod-name",
	"apps.kubernetes.io/pod-index",
	"batch.kubernetes.io/job-completion-index",
	"batch.kubernetes.io/controller-uid",
	"controller-uid",
}

// require holds one requirement against a label that is there with a value, or not. A label that
// the plugin leaves out counts as not there; byPlugin tells that this made a difference, or may.
func (s *Set) require(w *world, r requirement, o labelled, value string, present bool) (t Truth, byPlugin bool) {
	t, without := truth(r.holds(value, present)), truth(r.holds("", false))
	if t == without || o.kind != PodLabel || !outsideIdentity(r.key) {
		return t, false
	}
	ignored := s.profile.Of(PodLabelsIgnored).Answer
	if ignored == Maybe {
		// Settings and versions leave out some and not others, so each is a fact of its own.
		ignored = w.is(Fact{Kind: PodLabelIgnored, Object: cluster.Ref{Kind: "NetworkPlugin", Name: s.profile.Name}, Key: r.key})
	}
	switch ignored {
	case Yes:
		return without, true
	case Maybe:
		return Maybe, true
	}
	return t, false
}
