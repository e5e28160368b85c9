package cluster

import "slices"

// Openness says which label keys beyond the known ones an object may carry.
type Openness uint8

// How much of an object's label set is known.
const (
	// Closed: Known is the whole set.
	Closed Openness = iota
	// ControllerKeys: a controller may still add the keys it stamps on pods it makes. This is
	// the state of a workload's template.
	ControllerKeys
	// AllKeys: anything may be there. This is the state of a Namespace that is named but was
	// not given or could not be read.
	AllKeys
)

// Labels is a label set that knows how complete it is. The zero value is a known, empty set.
type Labels struct {
	Known map[string]string
	Open  Openness
	// Sure are the keys that are there for certain, while their values are not known.
	Sure []string
}

// Presence of a label key.
type Presence uint8

// Whether a key is there. The zero value is MaybePresent so that nothing is taken for
// absent by accident.
const (
	MaybePresent Presence = iota
	Present
	Absent
)

// Get returns the value of a key and whether the key is there.
func (l Labels) Get(key string) (string, Presence) {
	if v, ok := l.Known[key]; ok {
		return v, Present
	}
	switch l.Open {
	case AllKeys:
		return "", MaybePresent
	case ControllerKeys:
		if StampedByController(key) {
			return "", MaybePresent
		}
	}
	return "", Absent
}

// Stamped tells whether a key is there for certain, with a value that is not known.
func (l Labels) Stamped(key string) bool {
	_, known := l.Known[key]
	return !known && slices.Contains(l.Sure, key)
}

// stampedBy are the pod labels that the controllers behind a kind of workload always add. Those
// that only some versions add are not among them, and a ReplicaSet adds none: those of a Deployment
// have the label in their template.
// Source: as for stamped.
var stampedBy = map[string][]string{
	"Deployment":  {"pod-template-hash"},
	"DaemonSet":   {"controller-revision-hash"},
	"StatefulSet": {"controller-revision-hash", "statefulset.kubernetes.io/pod-name"},
	"Job":         {"job-name", "controller-uid", "batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid"},
	"CronJob":     {"job-name", "controller-uid", "batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid"},
}

// stamped are the pod labels that controllers of Kubernetes add by themselves.
// Source: "Well-Known Labels, Annotations and Taints" and the workload controllers' pages.
var stamped = map[string]bool{
	"pod-template-hash":                          true, // Deployment
	"controller-revision-hash":                   true, // StatefulSet, DaemonSet
	"pod-template-generation":                    true, // DaemonSet
	"statefulset.kubernetes.io/pod-name":         true,
	"apps.kubernetes.io/pod-index":               true,
	"batch.kubernetes.io/controller-uid":         true, // Job
	"batch.kubernetes.io/job-name":               true,
	"batch.kubernetes.io/job-completion-index":   true,
	"batch.kubernetes.io/cronjob-scheduled-time": true,
	"controller-uid":                             true,
	"job-name":                                   true,
}

// StampedByController tells whether a pod label key is one that a controller sets, so that its
// value differs from pod to pod or from rollout to rollout. Such a label is never a good thing
// to select by, and never proposed in a fix.
func StampedByController(key string) bool { return stamped[key] }
