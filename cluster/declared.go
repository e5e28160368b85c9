package cluster

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// Declared is what a pod's specification tells of its connections, beside its ports. It is kept
// for templates and for pods that no template stands behind.
type Declared struct {
	// Mentions are the hosts that environment, arguments and command name.
	Mentions []Mention `json:"mentions,omitempty"`
	// More: there are more of them than are kept, or a text was too long to be gone through.
	More bool `json:"more,omitempty"`
	// Account is the ServiceAccount whose token the pod mounts, unless the ServiceAccount itself
	// forbids that. Empty for "default", which every pod has, whether it needs it or not.
	Account string `json:"account,omitempty"`
	// Probed: the kubelet connects to it. Source: core/v1 Container, its three probes.
	Probed bool `json:"probed,omitempty"`
	// Scraped: an annotation asks Prometheus to connect to it, on ScrapePort if that is not 0.
	Scraped    bool  `json:"scraped,omitempty"`
	ScrapePort int32 `json:"scrapePort,omitempty"`
	// Loopback are the ports on which containers are told to listen at the loopback alone, so that
	// nobody else reaches them.
	Loopback []int32 `json:"loopback,omitempty"`
}

// The annotations by which pods ask to be scraped. They are a convention, which the example
// configuration of Prometheus for Kubernetes follows.
const (
	scrapeAnnotation     = "prometheus.io/scrape"
	scrapePortAnnotation = "prometheus.io/port"
)

// declaredBy reads what a specification and its annotations declare. What comes from Secrets and
// ConfigMaps is not in a specification, and so never read. A snapshot in a file has no environment
// and says in an annotation what was read from it.
func declaredBy(spec *corev1.PodSpec, annotations map[string]string) *Declared {
	if saved := readDeclared(annotations[DeclaredAnnotation]); saved != nil {
		return saved
	}
	d := &Declared{Scraped: annotations[scrapeAnnotation] == "true", Loopback: loopbackPorts(spec.Containers)}
	if port, err := strconv.ParseUint(annotations[scrapePortAnnotation], 10, 16); err == nil {
		d.ScrapePort = int32(port)
	}
	if mount := spec.AutomountServiceAccountToken; mount == nil || *mount {
		d.Account = spec.ServiceAccountName
		if d.Account == "" {
			d.Account = spec.DeprecatedServiceAccount
		}
		if d.Account == "default" {
			d.Account = ""
		}
	}
	m := mentions{kept: map[Mention]bool{}}
	for _, containers := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for i := range containers {
			c := &containers[i]
			d.Probed = d.Probed || connects(c.LivenessProbe) || connects(c.ReadinessProbe) || connects(c.StartupProbe)
			m.container(c)
		}
	}
	d.Mentions, d.More = m.list, m.more
	return d
}

func connects(p *corev1.Probe) bool {
	return p != nil && (p.HTTPGet != nil || p.TCPSocket != nil || p.GRPC != nil)
}

// templated are the kinds whose template says what their pods would say.
var templated = []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"}

// ownDeclaration tells whether a pod has to say itself what it declares.
func ownDeclaration(owner Ref) bool { return !slices.Contains(templated, owner.Kind) }
