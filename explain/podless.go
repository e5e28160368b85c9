package explain

import (
	"fmt"

	"k8s.io/apimachinery/pkg/labels"
)

// withoutPods says why there are no pods to speak of; the second result tells whether that is so.
// That none were found means something only where pods could be read.
func (s *subject) withoutPods() (Line, bool) {
	if len(s.pods) > 0 || s.end.Unread != nil {
		return Line{}, false
	}
	v := s.end.Service
	if v != nil && len(v.Selector) == 0 {
		return Line{Status: Skipped, Text: "the Service has no selector, so it has no pods of its own; its endpoints are what somebody wrote down (ask for the pod or workload itself, or for the address of an endpoint)"}, true
	}
	for _, g := range s.pass.Snapshot.GapsFor("pods", s.namespace) {
		return Line{Status: NotKnown, Text: fmt.Sprintf("no pods are known: %s", g)}, true
	}
	text := "no pod is in the namespace, and no workload"
	if v != nil {
		text = fmt.Sprintf("the selector of the Service, %s, matches no pod and no workload of namespace %s", labels.FormatLabels(v.Selector), s.namespace)
	}
	return Line{Status: Skipped, Text: text}, true
}
