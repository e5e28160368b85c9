// Package agreement holds what the engine predicts of connections against what a network makes of
// them. It knows neither how connections are tried nor where the cluster is from.
package agreement

import (
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// Place is where a connection is opened: in a pod, or at an address outside the cluster.
type Place struct {
	Namespace, Pod string
	Outside        netip.Addr
}

// String names the place.
func (p Place) String() string {
	if p.Outside.IsValid() {
		return p.Outside.String()
	}
	return p.Namespace + "/" + p.Pod
}

// Dial is one connection to open.
type Dial struct {
	From     Place
	To       string // what the address belongs to
	Address  netip.Addr
	Port     int32
	Protocol corev1.Protocol
}

// String is the connection on one line.
func (d Dial) String() string {
	return fmt.Sprintf("%s → %s %s:%d/%s", d.From, d.To, d.Address, d.Port, d.Protocol)
}

// Probe is a connection with what is predicted of it.
type Probe struct {
	Dial
	Decision policy.Decision
}

// String says what is predicted, and which policies make it so.
func (p Probe) String() string {
	text := fmt.Sprintf("%s: %s", p.Dial, p.Decision.Verdict)
	for _, d := range []policy.DirectionDecision{p.Decision.Egress, p.Decision.Ingress} {
		var named []string
		for _, isolating := range d.Isolating {
			named = append(named, isolating.Namespace+"/"+isolating.Name)
		}
		text += fmt.Sprintf("; %s %s", d.Direction, d.Verdict)
		if len(named) > 0 {
			text += " under " + strings.Join(named, ", ")
		}
		for _, r := range d.Admitting {
			text += ", by " + r.PolicyName() + " " + r.Path()
		}
	}
	for _, f := range p.Decision.Facts {
		text += fmt.Sprintf("; not known: %s %s %s", f.Kind, f.Object, f.Key)
	}
	return text
}

// Turned are the probes of which something else was predicted before.
func Turned(before, now []Probe) []Probe {
	verdicts := map[Dial]policy.Verdict{}
	for _, p := range before {
		verdicts[p.Dial] = p.Decision.Verdict
	}
	var turned []Probe
	for _, p := range now {
		if old, ok := verdicts[p.Dial]; ok && old != p.Decision.Verdict && p.Decision.Verdict != policy.Unknown {
			turned = append(turned, p)
		}
	}
	return turned
}
