package plugin

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
)

// Target is what the user typed, parsed; looked up in a Snapshot it becomes endpoints.
type Target = ends.Target

// kindOf finds the kind that a name or short name stands for, as kubectl has them: alone, with its
// group as "deployment.apps", or with version and group as "deployments.v1.apps".
func kindOf(text string) (kind string, known bool) {
	name, group, hasGroup := strings.Cut(strings.ToLower(text), ".")
	kind, of := kindNamed(name)
	return kind, kind != "" && (!hasGroup || strings.TrimPrefix(group, "v1.") == of)
}

// kindNamed finds the kind that a name without a group stands for, and the group it is in.
func kindNamed(name string) (kind, group string) {
	switch name {
	case "po", "pod", "pods":
		return "Pod", ""
	case "deploy", "deployment", "deployments":
		return "Deployment", "apps"
	case "sts", "statefulset", "statefulsets":
		return "StatefulSet", "apps"
	case "ds", "daemonset", "daemonsets":
		return "DaemonSet", "apps"
	case "rs", "replicaset", "replicasets":
		return "ReplicaSet", "apps"
	case "job", "jobs":
		return "Job", "batch"
	case "cj", "cronjob", "cronjobs":
		return "CronJob", "batch"
	case "svc", "service", "services":
		return "Service", ""
	case "ing", "ingress", "ingresses":
		return "Ingress", "networking.k8s.io"
	case "gtw", "gateway", "gateways":
		return "Gateway", cluster.GatewayGroup
	case "no", "node", "nodes":
		return "Node", ""
	}
	for _, k := range cluster.GatewayKinds {
		if k.Route && (name == k.Resource || name == strings.ToLower(k.Kind)) {
			return k.Kind, cluster.GatewayGroup
		}
	}
	return "", ""
}

// ParseSource parses the end that opens a connection, or the one end that a command takes: a
// target without a port.
func ParseSource(text, namespace string) (Target, error) {
	if strings.Contains(text, "://") {
		return Target{}, fmt.Errorf("target %q: a URL is no target here; type what connects, such as deploy/web", text)
	}
	host, port, err := splitPort(text)
	if err == nil && !port.IsZero() {
		return Target{}, fmt.Errorf("target %q: only a destination has a port; leave out :%s", text, port)
	}
	if err != nil {
		host = text
	}
	return parseTarget(host, namespace)
}

func isNamespaceKind(text string) bool {
	return slices.Contains([]string{"ns", "namespace", "namespaces"}, strings.ToLower(text))
}

// parseOne parses the target of a command that takes one: what can open a connection, or a
// namespace as ns/NAME.
func parseOne(text, namespace string) (Target, error) {
	kind, name, ok := strings.Cut(text, "/")
	if ok && isNamespaceKind(kind) {
		switch {
		case name == "":
			return Target{}, noName(text)
		case len(validation.IsDNS1123Label(name)) > 0:
			return Target{}, fmt.Errorf("target %q: %q is no name of a namespace: %s", text, name, namesAre)
		}
		return Target{Text: text, Kind: "Namespace", Name: name}, nil
	}
	t, err := ParseSource(text, namespace)
	if ends.IsWayIn(t.Kind) {
		return t, fmt.Errorf("target %q: %s can only be the source of diagnose, ports and rules", text, aKind(t.Kind))
	}
	return t, err
}

// ParseDestination parses a target that may end in ":PORT[/PROTOCOL]".
func ParseDestination(text, namespace string) (Target, error) {
	host, port, err := splitPort(text)
	if err != nil {
		return Target{}, err
	}
	t, err := parseTarget(host, namespace)
	if t.APIServer {
		return t, fmt.Errorf("destination %q: as a destination the API server is default/svc/kubernetes", text)
	}
	if ends.IsWayIn(t.Kind) {
		return t, fmt.Errorf("destination %q: %s is only where connections come from; name the Service behind it", text, aKind(t.Kind))
	}
	t.Port = port
	return t, err
}

// aKind is a kind with its article: "an Ingress", "an HTTPRoute", "a Gateway".
func aKind(kind string) string {
	if kind == "Ingress" || kind == "HTTPRoute" {
		return "an " + kind
	}
	return "a " + kind
}

// splitPort takes the port off a destination. A bare IPv6 address has colons of its own, so with
// a port it has to be in brackets.
func splitPort(text string) (host string, port ends.Port, err error) {
	if err := noURL(text); err != nil {
		return "", port, err
	}
	i := strings.LastIndexByte(text, ':')
	if i < 0 || strings.HasSuffix(text, "]") {
		return text, port, nil
	}
	if _, err := netip.ParseAddr(text); err == nil {
		return text, port, nil
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return text, port, nil
	}
	port, err = parsePort(text[i+1:])
	if err != nil {
		return "", port, fmt.Errorf("destination %q: %w", text, err)
	}
	return text[:i], port, nil
}

// schemePorts are the ports of the schemes of URLs that are looked at.
var schemePorts = map[string]string{"http": "80", "https": "443"}

// noURL refuses a URL and says what to type instead. A name without dots in it is a Service of the
// namespace of whoever connects.
func noURL(text string) error {
	if !strings.Contains(text, "://") {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return fmt.Errorf("target %q: a URL is no target; type only its host and port, such as svc/payment:443", text)
	}
	host, port := u.Hostname(), cmp.Or(u.Port(), schemePorts[u.Scheme])
	switch {
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	case !strings.Contains(host, "."):
		host = "svc/" + host
	}
	if port != "" {
		host += ":" + port
	}
	return fmt.Errorf("target %q: a URL is no target; type %s", u.Redacted(), host)
}

// dottedService says what to type instead of a Service with dots in its name.
// Source: core/v1 Service, whose name has to be a DNS label.
func dottedService(text, name string) error {
	if _, err := netip.ParseAddr(name); err == nil {
		return fmt.Errorf("target %q: an address takes no kind; type %s", text, name)
	}
	labels := strings.Split(name, ".")
	if len(validation.IsDNS1123Label(labels[0]))+len(validation.IsDNS1123Label(labels[1])) > 0 {
		return fmt.Errorf("target %q: %q is no name of a Service", text, name)
	}
	return fmt.Errorf("target %q: the name of a Service has no dots; type %s/svc/%s", text, labels[1], labels[0])
}

// parsePort parses PORT[/PROTOCOL], PORT a number or a name.
func parsePort(text string) (ends.Port, error) {
	number, protocol, hasProtocol := strings.Cut(text, "/")
	var p ends.Port
	if hasProtocol {
		p.Protocol = corev1.Protocol(strings.ToUpper(protocol))
		if !slices.Contains([]corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}, p.Protocol) {
			return p, fmt.Errorf("protocol %q: there is tcp, udp and sctp", protocol)
		}
	}
	if n, err := strconv.ParseInt(number, 10, 32); err == nil {
		if problems := validation.IsValidPortNum(int(n)); len(problems) > 0 {
			return p, fmt.Errorf("port %q: %s", number, problems[0])
		}
		if plain := strconv.FormatInt(n, 10); plain != number {
			return p, fmt.Errorf("port %q: write it as %s", number, plain)
		}
		p.Number = int32(n)
		return p, nil
	}
	if problems := validation.IsValidPortName(number); len(problems) > 0 {
		return p, fmt.Errorf("port %q is neither a number nor a port name: %s", number, problems[0])
	}
	p.Name = number
	return p, nil
}

// parseTarget parses [NAMESPACE/]KIND/NAME, NAME, an address, a CIDR, a DNS name or "internet".
func parseTarget(text, namespace string) (Target, error) {
	t := Target{Text: text, Namespace: namespace}
	bare := text
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if bare, ok = strings.CutSuffix(inner, "]"); !ok {
			return t, fmt.Errorf("target %q: the bracket is not closed; an address in brackets takes the form [ADDRESS] or [ADDRESS]:PORT", text)
		}
	}
	if addr, err := netip.ParseAddr(bare); err == nil {
		if addr.Zone() != "" {
			return t, fmt.Errorf("target %q: an address with a zone means nothing outside one machine", text)
		}
		addr = addr.Unmap()
		t.Prefix = netip.PrefixFrom(addr, addr.BitLen())
		return t, nil
	}
	if prefix, err := netip.ParsePrefix(bare); err == nil {
		t.Prefix, t.IsCIDR = prefix.Masked(), true
		return t, nil
	}
	if err := misspelt(text); err != nil {
		return t, err
	}
	parts := strings.Split(text, "/")
	switch {
	case text == "internet":
		t.Internet = true
		return t, nil
	case text == "apiserver":
		t.APIServer = true
		return t, nil
	case len(parts) == 1 && strings.Contains(text, "."):
		t.DNSName = strings.ToLower(strings.TrimSuffix(text, "."))
		if len(validation.IsDNS1123Subdomain(t.DNSName)) > 0 {
			return t, fmt.Errorf("target %q is not a DNS name: %s", text, namesAre)
		}
		return t, nil
	case len(parts) > 3:
		return t, fmt.Errorf("target %q: it takes the form [NAMESPACE/]KIND/NAME, NAME, an address, a CIDR, a DNS name or internet", text)
	}
	t.Name = parts[len(parts)-1]
	if len(parts) >= 2 {
		kind, known := kindOf(parts[len(parts)-2])
		if !known {
			return t, noKind(text, parts)
		}
		t.Kind = kind
	}
	if len(parts) == 3 {
		t.Namespace = parts[0]
		if len(validation.IsDNS1123Label(t.Namespace)) > 0 {
			return t, fmt.Errorf("target %q: %q is no name of a namespace: %s", text, t.Namespace, namesAre)
		}
	}
	if t.Kind == "Service" && strings.Contains(t.Name, ".") {
		return t, dottedService(text, t.Name)
	}
	if len(validation.IsDNS1123Subdomain(t.Name)) > 0 {
		return t, fmt.Errorf("target %q: %q is no name of an object: %s", text, t.Name, namesAre)
	}
	if t.Kind == "Node" {
		t.Namespace = ""
	}
	return t, nil
}

// wayInKind returns the kind of the first target where it is an Ingress, a Gateway or a route.
func wayInKind(args []string) string {
	if len(args) == 0 {
		return ""
	}
	t, err := ParseSource(args[0], "")
	if err != nil || !ends.IsWayIn(t.Kind) {
		return ""
	}
	return t.Kind
}
