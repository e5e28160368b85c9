package snapshot

import (
	"net/netip"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/ends"
)

// declaredText is the annotation that says what a pod declares.
//
// While a cluster is read, every word that could be the name of a Service counts as one that is
// mentioned, and so a password may. In a file are only those that mean something: names of Services
// that are there, and hosts that are sure to be some.
func declaredText(s *cluster.Snapshot, p *cluster.Pod) string {
	if p.Declared == nil {
		return ""
	}
	kept := *p.Declared
	kept.Mentions = nil
	for _, m := range p.Declared.Mentions {
		if isHost(s, m, p.Namespace) {
			kept.Mentions = append(kept.Mentions, m)
		}
	}
	return kept.Text()
}

// isHost tells whether a mention is sure to be of a host: no answer hangs on others.
func isHost(s *cluster.Snapshot, m cluster.Mention, namespace string) bool {
	if _, err := netip.ParseAddr(m.Host); err == nil {
		return true
	}
	t, means := ends.Called(s, m.Host, namespace)
	if !means || t.Kind == "Service" {
		return means
	}
	labels := strings.Split(m.Host, ".")
	return m.Port != 0 || ends.Certain(m.Host) || known(s, labels[1])
}

// known tells whether there is a namespace of that name. A Service of it may be meant although its
// Services were not read.
func known(s *cluster.Snapshot, namespace string) bool {
	for _, n := range s.AllNamespaces() {
		if n.Name == namespace {
			return true
		}
	}
	return false
}
