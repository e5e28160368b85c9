package explain

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/netpol-doctor/netpol-doctor/ends"
	"github.com/netpol-doctor/netpol-doctor/policy"
)

// wayIn looks at what a Service of type LoadBalancer is there for: the internet reaches it, on each
// of its ports.
func wayIn(q Question, namespace string, service ends.End) *Needs {
	plugin, _ := policy.Recognise(q.Snapshot, q.Plugin)
	n := &needs{question: q, namespace: namespace, Needs: &Needs{Source: service, Snapshot: q.Snapshot, Plugin: plugin}}
	v := service.Service
	for _, p := range v.Ports {
		to := ends.Target{
			Kind: "Service", Namespace: v.Namespace, Name: v.Name,
			Port: ends.Port{Number: p.Port},
		}
		text := fmt.Sprintf("port %d", p.Port)
		if p.Protocol != corev1.ProtocolTCP {
			to.Port.Protocol = p.Protocol
			text += "/" + strings.ToLower(string(p.Protocol))
		}
		n.judge(Need{Kind: NeedWayIn, Incoming: true, Peer: "internet", Evidence: []string{text}}, ends.Target{Text: "internet", Internet: true}, to)
	}
	n.conclude()
	return n.Needs
}

// backends looks at the Services that an Ingress sends requests to, from the pods of its controller.
func backends(q Question, namespace string, ingress ends.End) *Needs {
	plugin, _ := policy.Recognise(q.Snapshot, q.Plugin)
	n := &needs{question: q, namespace: namespace, Needs: &Needs{Source: ingress, Snapshot: q.Snapshot, Plugin: plugin}}
	for _, b := range ingress.Ingress.Backends {
		to := ends.Target{
			Kind: "Service", Namespace: ingress.Ref.Namespace, Name: b.Service,
			Port: ends.Port{Number: b.Port, Name: b.PortName},
		}
		need := Need{Kind: NeedBackend, Peer: n.typed(to), Evidence: []string{b.Path}}
		if !n.known(need) {
			n.judge(need, q.Source, to)
		}
	}
	if len(n.List) == 0 {
		n.add(Need{Kind: NeedUnread, Peer: "nothing", Result: Unclear, Summary: "no rule of the Ingress sends requests to a Service"})
	}
	n.conclude()
	return n.Needs
}

// unreadWayIn says of an Ingress, a Gateway or a route that it could not be read.
func unreadWayIn(q Question, namespace string, source ends.End) *Needs {
	plugin, _ := policy.Recognise(q.Snapshot, q.Plugin)
	n := &needs{question: q, namespace: namespace, Needs: &Needs{Source: source, Facts: []policy.Fact{*source.Unread}, Snapshot: q.Snapshot, Plugin: plugin}}
	n.add(Need{Kind: NeedUnread, Peer: "its Services", Result: Unclear, Summary: fmt.Sprintf("not known, as the %s could not be read", source.Ref.Kind)})
	n.conclude()
	return n.Needs
}
