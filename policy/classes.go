package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Class describes everything of a pod that any verdict of this set can depend on, its node left
// out. Pods of one class are treated alike by every policy, as source and as destination, except
// towards themselves and where it matters which node they are on.
func (s *Set) Class(p *cluster.Pod) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s|%v%v%v|%d|", p.Namespace, p.HostNetwork, p.Owner.Kind == "", p.Template, p.Labels.Open)
	// Whether a mesh carries its traffic.
	fmt.Fprintf(&b, "%q%q|", p.Labels.Known["istio.io/dataplane-mode"], p.Labels.Known["consul.hashicorp.com/connect-inject-status"])
	for _, key := range s.keys {
		if v, ok := p.Labels.Known[key]; ok {
			fmt.Fprintf(&b, "%q=%q,", key, v)
		}
	}
	ports := slices.Clone(p.Ports)
	slices.SortFunc(ports, func(a, b cluster.ContainerPort) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	fmt.Fprintf(&b, "|%v|", ports)
	for _, ip := range p.IPs {
		b.WriteString(string(familyOf(ip)))
		for i, block := range s.blocks {
			if block.Contains(ip) {
				fmt.Fprintf(&b, ",%d", i)
			}
		}
	}
	if p.Template {
		b.WriteString("|" + p.Owner.String())
	}
	return b.String()
}

// Blocks returns every cidr and except that a policy names. Cut at these, a range falls into
// parts whose addresses are treated alike.
func (s *Set) Blocks() []netip.Prefix { return s.blocks }

// SelectsBy tells whether any selector of a policy names a label key.
func (s *Set) SelectsBy(key string) bool {
	_, found := slices.BinarySearch(s.keys, key)
	return found
}
