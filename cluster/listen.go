package cluster

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// listening is the name of a flag or variable that says where a server listens, such as
// --metrics-bind-address, --web.listen-address or LISTEN_ADDR.
var listening = regexp.MustCompile(`(?i)(^|[-_.])(bind|listen)([-_.]|$)`)

// serverWide is the name of one that is about all that a server listens on, so that the port may be
// said elsewhere.
var serverWide = regexp.MustCompile(`(?i)^-*(bind|listen)([-_.](address|addr|host|ip))?$`)

// loopbackPorts lists the ports that containers are told to listen on at the loopback alone. Where
// the port is not written beside the address, it is any that the container declares. What is told
// by other ways than flags and variables is not seen.
func loopbackPorts(containers []corev1.Container) []int32 {
	var ports, elsewhere []int32
	for i := range containers {
		c := &containers[i]
		all := slices.Concat(arguments("command", 0, c.Command), arguments("args", 0, c.Args))
		for _, e := range c.Env {
			all = append(all, setting{key: e.Name, text: e.Value})
		}
		for _, s := range all {
			if !listening.MatchString(s.key) {
				continue
			}
			for value := range strings.SplitSeq(s.text, ",") {
				switch port, ok := loopback(value); {
				case !ok:
					elsewhere = append(elsewhere, port)
				case port != 0:
					ports = append(ports, port)
				case serverWide.MatchString(s.key):
					for _, declared := range c.Ports {
						ports = append(ports, declared.ContainerPort)
					}
				}
			}
		}
	}
	ports = slices.DeleteFunc(ports, func(p int32) bool { return slices.Contains(elsewhere, p) })
	slices.Sort(ports)
	return slices.Compact(ports)
}

// loopback tells whether an address to listen on is the loopback's, and which port is beside it, 0
// where none is.
func loopback(text string) (port int32, ok bool) {
	if _, rest, isURL := strings.Cut(text, "://"); isURL {
		text = rest
	}
	text = strings.TrimSuffix(text, "/")
	host, number, _ := strings.Cut(text, ":")
	if host == "localhost" {
		port, _ = portNumber(number)
		return port, true
	}
	if both, err := netip.ParseAddrPort(text); err == nil {
		return int32(both.Port()), both.Addr().IsLoopback()
	}
	if alone, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return 0, alone.IsLoopback()
	}
	port, _ = portNumber(number)
	return port, false
}

// directTarget tells whether load balancers send traffic to a pod by its own address: their
// controllers add a readiness gate to such pods.
// Sources: AWS Load Balancer Controller, "Pod readiness gate"; GKE, "Container-native load
// balancing", pod readiness.
func directTarget(spec *corev1.PodSpec) bool {
	return slices.ContainsFunc(spec.ReadinessGates, func(g corev1.PodReadinessGate) bool {
		kind := string(g.ConditionType)
		return strings.HasPrefix(kind, "target-health.elbv2.k8s.aws/") || kind == "cloud.google.com/load-balancer-neg-ready"
	})
}
