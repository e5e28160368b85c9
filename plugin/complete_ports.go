package plugin

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// port is one that may be typed, by its number or its name.
type port struct {
	number   int32
	name     string
	protocol corev1.Protocol
	about    string // what is said beside its number
}

// typed is its number as a destination has it: without a protocol TCP is meant.
func (p port) typed() string {
	text := strconv.Itoa(int(p.number))
	if p.protocol != corev1.ProtocolTCP {
		text += "/" + strings.ToLower(string(p.protocol))
	}
	return text
}

// portsOf lists the ports of the target that stands before the colon.
func (t *tab) portsOf(host string) []word {
	target, err := parseTarget(host, t.namespace())
	if err != nil || target.Name == "" {
		return nil
	}
	of := cluster.Ref{Kind: target.Kind, Namespace: target.Namespace, Name: target.Name}
	if target.Kind == "" {
		all := unambiguous(t.known().bare(target.Namespace))
		i := slices.IndexFunc(all, func(r cluster.Ref) bool { return r.Name == target.Name })
		if i < 0 {
			return nil
		}
		of = all[i]
	}
	_, of.APIVersion = kindNamed(strings.ToLower(of.Kind))
	var all []word
	for _, p := range t.known().ports(of) {
		all = append(all, word{host + ":" + p.typed(), p.about})
		if p.name != "" {
			all = append(all, word{host + ":" + p.name, fmt.Sprintf("%d/%s", p.number, p.protocol)})
		}
	}
	return all
}

// portsOfService are a Service's own; beside each stands what it is called and where it leads.
func portsOfService(v *cluster.Service) []port {
	var all []port
	for _, p := range v.Ports {
		about := strings.TrimSpace(p.Name + " → pod port " + p.TargetPort.String())
		all = append(all, port{p.Port, p.Name, p.Protocol, about})
	}
	return all
}

func portsOfPods(pods ...*cluster.Pod) []port {
	var all []port
	for _, pod := range pods {
		for _, c := range pod.Ports {
			if one := (port{c.Number, c.Name, c.Protocol, c.Name}); !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	return all
}

// mostOwners is how many that have a port are named beside it.
const mostOwners = 3

// podPortWords are the numbers of ports that pods have; beside each stands who has it.
func podPortWords(t *tab) []word {
	namespace := t.namespace()
	if all, _ := t.command.Flags().GetBool("all-namespaces"); all || !t.command.Flags().Changed("namespace") && t.fromFiles() {
		namespace = ""
	}
	owners := map[string][]string{}
	for _, p := range t.known().arrivals(namespace) {
		if text := p.typed(); !slices.Contains(owners[text], p.about) {
			owners[text] = append(owners[text], p.about)
		}
	}
	var all []word
	for text, names := range owners {
		slices.Sort(names)
		about := strings.Join(names[:min(len(names), mostOwners)], ", ")
		if more := len(names) - mostOwners; more > 0 {
			about += fmt.Sprintf(" and %d more", more)
		}
		all = append(all, word{text, about})
	}
	return all
}

// portsOfSlices are the ports at which connections to Services arrive at their pods.
func portsOfSlices(all []*cluster.EndpointSlice) []port {
	var out []port
	for _, s := range all {
		for _, p := range s.Ports {
			if p.Port != nil {
				protocol := corev1.ProtocolTCP
				if p.Protocol != nil {
					protocol = *p.Protocol
				}
				out = append(out, port{number: *p.Port, protocol: protocol, about: cmp.Or(s.Service, s.Name)})
			}
		}
	}
	return out
}
