package plugin

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	clusterlive "github.com/netpol-doctor/netpol-doctor/cluster/live"
	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
)

// beside finds out what else decides about the pods of the trials: policies of other layers that may
// let through what NetworkPolicies deny, or that could not be read. NetworkPolicies that something else
// made for them are an error. Each reading is a new one, since a Source sees one and the same cluster.
func (o *options) beside(ctx context.Context, s *live.Scratch) ([]policy.Fact, []cluster.Gap, error) {
	source, err := clusterlive.Open(o.network, clusterlive.Options{Foreign: foreignKinds()})
	if err != nil {
		return nil, nil, err
	}
	snapshot, err := source.Read(ctx, cluster.Scope{Objects: []cluster.Ref{{Kind: "Namespace", Name: s.Namespace}, {Kind: "Namespace", Name: s.Guests}}})
	if err != nil {
		return nil, nil, err
	}
	return rivals(snapshot, s)
}

// rivals is what a snapshot holds of all that beside looks for.
func rivals(snapshot *cluster.Snapshot, s *live.Scratch) (facts []policy.Fact, gaps []cluster.Gap, err error) {
	for _, p := range snapshot.Policies {
		if p.Annotations[live.Annotation] == "" {
			return nil, nil, &live.UnableError{Doing: "looking at namespace " + p.Namespace, Why: "something created NetworkPolicy " + p.Name + " in it, so that what is seen there is not the trials' doing"}
		}
	}
	set := policy.Compile(snapshot, policy.Profiles[0])
	for _, object := range s.Objects() {
		if pod, ok := object.(*corev1.Pod); ok {
			facts = append(facts, set.Openers(cluster.NewPod(pod, cluster.Origin{}))...)
		}
	}
	for _, g := range snapshot.Gaps {
		// Policies that cannot be listed may be there, and open something just as well.
		if g.Resource == policy.PoliciesResource {
			facts = append(facts, policy.Fact{Kind: policy.PoliciesUnread, Object: cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: g.Namespace}})
		} else if !slices.ContainsFunc(facts, func(f policy.Fact) bool { return f.Kind == policy.LayerUnread && f.Object.Name == g.Resource }) {
			continue
		}
		gaps = append(gaps, g)
	}
	return facts, gaps, nil
}
