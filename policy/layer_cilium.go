package policy

import (
	"slices"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// compileCilium reads CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy. Selecting a pod
// isolates it, rules admit, deny rules win. Source: Cilium documentation, "Layer 3 Policies".
func compileCilium(s *Set, f *cluster.Foreign, l *layer) {
	specs := list(f.Spec["specs"])
	if inner, ok := f.Spec["spec"].(map[string]any); ok {
		specs = append(specs, inner)
	} else if len(specs) == 0 {
		specs = append(specs, f.Spec)
	}
	var selects []*ciliumSelector
	nodes, unclear := false, false
	for _, spec := range specs {
		for dir, field := range map[Direction]string{Egress: "egress", Ingress: "ingress"} {
			_, admits := spec[field]
			_, denies := spec[field+"Deny"]
			l.reverses[dir].denied = l.reverses[dir].denied || admits
			l.reverses[dir].allowed = l.reverses[dir].allowed || denies || isolates(spec, field, admits)
		}
		switch endpoints, ok := spec["endpointSelector"]; {
		case ok:
			c := s.ciliumSelector(endpoints, f.Namespace)
			if c == nil {
				unclear = true
				continue
			}
			if c.unclear {
				l.hosts = Maybe
			}
			selects = append(selects, c)
		case spec["nodeSelector"] != nil:
			nodes = true
		default:
			unclear = true
		}
	}
	if nodes || unclear {
		l.hosts = Maybe
	}
	l.subjects = func(w *world, p *cluster.Pod) Truth {
		result := No
		if unclear {
			result = Maybe
		}
		for _, c := range selects {
			result = or(result, s.selectsEndpoint(w, c, p))
		}
		return result
	}
}

// isolates tells whether rules of a direction, or the word of the policy, can shut out what they
// do not admit. Without the default deny, only a rule that demands more than it admits can.
// Source: cilium.io/v2 Rule, enableDefaultDeny: "If not specified, the default is true for each
// traffic direction that has rules, and false otherwise".
func isolates(spec map[string]any, field string, admits bool) bool {
	modes, _ := spec["enableDefaultDeny"].(map[string]any)
	if mode, ok := modes[field].(bool); ok {
		return mode || slices.ContainsFunc(list(spec[field]), func(rule map[string]any) bool {
			return rule["fromRequires"] != nil || rule["toRequires"] != nil || rule["authentication"] != nil
		})
	}
	return admits
}
