package ends

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Target is what a user named, parsed but not looked up. One of Kind/Name, Prefix, DNSName,
// Internet and APIServer is set; a Name without a Kind is a bare name.
type Target struct {
	Text      string // as it was typed
	Kind      string // canonical: "Deployment"
	Namespace string
	Name      string
	Prefix    netip.Prefix // an address or a CIDR
	IsCIDR    bool         // Prefix was typed with a length
	DNSName   string       // without the trailing dot
	Internet  bool
	APIServer bool // as what connects: to webhooks and aggregated APIs
	Port      Port
}

// Port is the port of a destination. The zero value means every declared port.
type Port struct {
	Number   int32
	Name     string
	Protocol corev1.Protocol // empty: TCP for a number, any for a name
}

// IsZero tells whether no port was given.
func (p Port) IsZero() bool { return p.Number == 0 && p.Name == "" }

// String prints the port: "443", "https", "53/UDP". So it can be typed too.
func (p Port) String() string {
	text := p.Name
	if text == "" {
		text = strconv.Itoa(int(p.Number))
	}
	if p.Protocol != "" {
		text += "/" + string(p.Protocol)
	}
	return text
}

// fits tells whether a declared port is the one that is meant.
func (p Port) fits(name string, number int32, protocol corev1.Protocol) bool {
	if p.IsZero() {
		return true
	}
	if p.Name != "" {
		return p.Name == name && (p.Protocol == "" || p.Protocol == protocol)
	}
	return p.Number == number && p.protocol() == protocol
}

func (p Port) protocol() corev1.Protocol {
	if p.Protocol == "" {
		return corev1.ProtocolTCP
	}
	return p.Protocol
}

// IsWayIn tells whether objects of a kind bring in connections from outside and stand for the pods
// that do: an Ingress, a Gateway, a route.
func IsWayIn(kind string) bool {
	return kind == "Ingress" || kind == "Gateway" || slices.Contains(cluster.RouteKinds(), kind)
}

// IsAddress tells whether the target is one address, however it was typed.
func (t Target) IsAddress() bool { return t.Prefix.IsValid() && t.Prefix.IsSingleIP() }

// Scope returns what has to be read to look the target up.
func (t Target) Scope() cluster.Scope {
	t = t.unmapped()
	switch {
	case t.IsAddress():
		return cluster.Scope{Addresses: []netip.Addr{t.Prefix.Addr()}}
	case t.DNSName != "":
		if addr, ok := podName(t.DNSName); ok {
			return cluster.Scope{Addresses: []netip.Addr{addr}}
		}
		var refs []cluster.Ref
		for _, c := range serviceNames(t.DNSName) {
			refs = append(refs, cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: c.namespace, Name: c.name})
		}
		return cluster.Scope{Objects: refs}
	case t.Kind == "Ingress": // its controller may run in any namespace
		return cluster.Scope{All: true, Ingresses: []string{t.Namespace}}
	case t.Kind == "Gateway": // its routes may be in any namespace
		return cluster.Scope{All: true, Gateways: cluster.RouteKinds()}
	case IsWayIn(t.Kind): // a route, whose Gateway may be in any namespace
		return cluster.Scope{All: true, Gateways: []string{t.Kind}}
	case t.Name != "":
		return cluster.Scope{Objects: []cluster.Ref{{Kind: t.Kind, Namespace: t.Namespace, Name: t.Name}}}
	}
	if t.Prefix.IsValid() { // pods and nodes may lie in the range
		return cluster.Scope{Ranges: []netip.Prefix{t.Prefix}, Nodes: true}
	}
	return cluster.Scope{Nodes: true}
}

// unmapped returns the target with IPv4 addresses that are written as IPv6 in their own form.
func (t Target) unmapped() Target {
	const mapped = 128 - 32 // bits before the IPv4 address
	if a := t.Prefix.Addr(); t.Prefix.IsValid() && a.Is4In6() && t.Prefix.Bits() >= mapped {
		t.Prefix = netip.PrefixFrom(a.Unmap(), t.Prefix.Bits()-mapped)
	}
	return t
}

// candidate is a Service that a DNS name may stand for, and the pod below it when the name goes
// that deep.
type candidate struct{ namespace, name, pod string }

// serviceNames lists the Services that a DNS name can mean. Only names that end in ".svc" or
// below the cluster domain mean one for certain; "payment.production" may.
// Source: concept page "DNS for Services and Pods".
func serviceNames(dns string) []candidate {
	labels := strings.Split(strings.TrimSuffix(dns, ".cluster.local"), ".")
	if n := len(labels); n >= 3 && labels[n-1] == "svc" {
		labels = labels[:n-1]
	} else if strings.HasSuffix(dns, ".cluster.local") {
		return nil
	}
	switch len(labels) {
	case 2:
		return []candidate{{namespace: labels[1], name: labels[0]}}
	case 3:
		return []candidate{{namespace: labels[2], name: labels[1], pod: labels[0]}}
	}
	return nil
}

// podName reads the name that a cluster's DNS has for an address of a pod, such as
// 10-0-1-1.production.pod.cluster.local. Source: concept page "DNS for Services and Pods", "A/AAAA
// records"; CoreDNS, plugin kubernetes, "pods insecure", answers without looking for the pod.
func podName(dns string) (netip.Addr, bool) {
	labels := strings.Split(strings.TrimSuffix(dns, ".cluster.local"), ".")
	if len(labels) != 3 || labels[2] != "pod" {
		return netip.Addr{}, false
	}
	for _, separator := range []string{".", ":"} {
		if addr, err := netip.ParseAddr(strings.ReplaceAll(labels[0], "-", separator)); err == nil {
			return addr, true
		}
	}
	return netip.Addr{}, false
}
