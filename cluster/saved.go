package cluster

import (
	"encoding/json"
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// What a snapshot that was written to a file is called. It stands in front of the objects.
const (
	SavedAPIVersion = "netpol-doctor.dev/v1alpha1"
	SavedKind       = "Snapshot"
)

// The annotations in which a snapshot keeps what the product reads from parts of an object that a
// snapshot leaves out.
const (
	// DeclaredAnnotation is a Declared as JSON, instead of the environment and the arguments.
	DeclaredAnnotation = "netpol-doctor.dev/declared"
	// WrittenAnnotation says how a policy was written, where the API server has filled in the rest.
	WrittenAnnotation = "netpol-doctor.dev/written"
)

// Saved says of a snapshot in a file what its objects cannot say: where it was taken, and what was
// read for it, so that what was not is unknown, and not absent.
type Saved struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              SavedSpec `json:"spec"`
}

// SavedSpec is the content of a Saved.
type SavedSpec struct {
	// Source is Cluster or Files.
	Source string `json:"source"`
	// ObservedAt is when the cluster was read, where that is known.
	ObservedAt *metav1.Time `json:"observedAt,omitempty"`
	// AllNamespaces: all were asked for at once. Namespaces were asked for one by one: instead of
	// that, or as that failed.
	AllNamespaces bool      `json:"allNamespaces,omitempty"`
	Namespaces    []string  `json:"namespaces,omitempty"`
	Complete      SavedRead `json:"complete"`
	// Mentioned are namespaces that objects are in of which nothing is kept.
	Mentioned []string `json:"mentioned,omitempty"`
	// Controlled and Derived are those of the Snapshot; Derived as namespace and name.
	Controlled    bool         `json:"controlled,omitempty"`
	Derived       []SavedName  `json:"derived,omitempty"`
	NetworkPlugin *SavedPlugin `json:"networkPlugin,omitempty"`
	Redacted      bool         `json:"redacted,omitempty"`
	Gaps          []SavedGap   `json:"gaps,omitempty"`
}

// SavedRead is what was read in full: Scope of a Snapshot's Read, as far as it outlives a question.
type SavedRead struct {
	AllNamespaces    bool     `json:"allNamespaces,omitempty"`
	Namespaces       []string `json:"namespaces,omitempty"`
	NamespaceObjects bool     `json:"namespaceObjects,omitempty"`
	Nodes            bool     `json:"nodes,omitempty"`
	// Rights are the namespaces whose RBAC was read; "" stands for all of them.
	Rights []string `json:"rights,omitempty"`
}

// SavedName names an object in a namespace.
type SavedName struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// SavedPlugin is the network plugin that was recognised. Declared: the user said so.
type SavedPlugin struct {
	Name     string   `json:"name"`
	Declared bool     `json:"declared,omitempty"`
	Evidence []string `json:"evidence,omitempty"`
}

// SavedGap is a Gap. Wide: it is one of reading all namespaces at once, and those of Namespaces were
// read for themselves after that.
type SavedGap struct {
	Resource  string    `json:"resource"`
	Namespace string    `json:"namespace,omitempty"`
	Name      string    `json:"name,omitempty"`
	Reason    GapReason `json:"reason"`
	Detail    string    `json:"detail,omitempty"`
	Wide      bool      `json:"wide,omitempty"`
}

// Gap is the gap itself.
func (g SavedGap) Gap() Gap { return Gap{g.Resource, g.Namespace, g.Name, g.Reason, g.Detail} }

// The sources of a snapshot.
const (
	SavedCluster = "Cluster"
	SavedFiles   = "Files"
)

// Holds tells whether a namespace was asked for when the snapshot was taken.
func (s *Saved) Holds(namespace string) bool {
	return s.Spec.AllNamespaces || slices.Contains(s.Spec.Namespaces, namespace)
}

// Whole tells whether all of a namespace could be read then.
func (s *Saved) Whole(namespace string) bool {
	return s.Spec.Complete.AllNamespaces || slices.Contains(s.Spec.Complete.Namespaces, namespace)
}

// WholeResources are what is read of a namespace that is read as a whole, as gaps name it.
var WholeResources = []string{
	"pods", "services", "endpointslices.discovery.k8s.io", "networkpolicies.networking.k8s.io",
	"deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps",
	"jobs.batch", "cronjobs.batch",
}

// written is the content of WrittenAnnotation.
type written struct {
	TypesDefaulted bool `json:"policyTypesLeftOut,omitempty"`
	EmptyEgress    bool `json:"emptyEgress,omitempty"`
}

// WrittenText is the content of WrittenAnnotation for a policy; empty where there is nothing to say.
func (p *Policy) WrittenText() string {
	w := written{p.TypesDefaulted, p.EmptyEgress}
	if w == (written{}) {
		return ""
	}
	text, _ := json.Marshal(w) // of two booleans
	return string(text)
}

// readWritten is the other way round. What makes no sense says nothing.
func readWritten(text string) (w written) {
	if json.Unmarshal([]byte(text), &w) != nil {
		return written{}
	}
	return w
}

// Text is the content of DeclaredAnnotation.
func (d *Declared) Text() string {
	text, _ := json.Marshal(d) // of texts and numbers
	return string(text)
}

// readDeclared is the other way round; nil for what is none. Anybody can write an annotation, so what
// is no host is left out, as it is where environments are read.
func readDeclared(text string) *Declared {
	var d Declared
	if text == "" || json.Unmarshal([]byte(text), &d) != nil {
		return nil
	}
	d.Mentions = slices.DeleteFunc(d.Mentions, func(m Mention) bool {
		_, err := netip.ParseAddr(m.Host)
		return err != nil && len(validation.IsDNS1123Subdomain(m.Host)) > 0 || m.Port < 0 || m.Port > 65535 || len(m.Where) > longestLabel
	})
	if len(d.Mentions) > mostMentions {
		d.Mentions, d.More = d.Mentions[:mostMentions], true
	}
	return &d
}
