package node_test

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	doctor "github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/test/internal/agreement"
	"github.com/netpol-doctor/netpol-doctor/test/node"
)

// The town is where generated policies are measured: as many of them in each namespace and batch,
// so that one batch is measured in one go.
const (
	townSize     = 8 // namespaces
	townBatches  = 10
	townPolicies = 3
	townSeed     = 20260817
)

func townNamespaces() []string {
	var names []string
	for i := range townSize {
		names = append(names, fmt.Sprintf("town-%d", i+1))
	}
	return names
}

// town is its pods, three in each namespace and one that is on the node's own network, and a Service
// for one pod of each namespace. Labels and port names differ, so that selectors and names tell pods
// apart.
func town() []runtime.Object {
	var objects []runtime.Object
	for i, namespace := range townNamespaces() {
		labels := map[string]string{}
		if team := []string{"", "red", "blue"}[i%3]; team != "" {
			labels["team"] = team
		}
		if i%2 == 0 {
			labels["env"] = "prod"
		}
		objects = append(
			objects,
			&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: labels}},
			// So that pods need not wait for a controller to make it.
			&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default", Namespace: namespace}},
			&corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: namespace},
				Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "web", "tier": "front"}, Ports: []corev1.ServicePort{
					{Name: "http", Port: 80, TargetPort: intstr.FromString("http")},
					{Name: "names", Port: 5301, TargetPort: intstr.FromString("names"), Protocol: corev1.ProtocolUDP},
				}},
			},
		)
		for k, app := range []string{"web", "db", "api"} {
			pod := townPod(namespace, app, (i+k)%3 == 0)
			if app == "web" || (i+k)%2 == 0 {
				pod.Labels["tier"] = "front"
			}
			objects = append(objects, pod)
		}
	}
	host := townPod(townNamespaces()[0], "host", false)
	host.Labels = map[string]string{"app": "web"}
	host.Spec.HostNetwork = true
	return append(objects, host)
}

// townPod answers on the same ports as every other one. Which of them is called http differs, and so
// does whether one is called metrics.
func townPod(namespace, app string, other bool) *corev1.Pod {
	ports := []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}, {Name: "names", ContainerPort: 5300, Protocol: corev1.ProtocolUDP}}
	if other {
		ports[0].ContainerPort = 8081
	}
	if app != "api" {
		ports = append(ports, corev1.ContainerPort{Name: "metrics", ContainerPort: 9090})
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: app, Namespace: namespace, Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: new(int64),
			Containers: []corev1.Container{{
				Name: "main", Image: node.AgnhostImage, Ports: ports,
				Command: []string{"sh", "-c", "/agnhost netexec --http-port=8080 --udp-port=5300 --udp-listen-addresses=$ADDRESS & exec /agnhost porter"},
				Env: []corev1.EnvVar{
					{Name: "SERVE_PORT_8081", Value: app},
					{Name: "SERVE_PORT_9090", Value: app},
					{Name: "ADDRESS", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}}},
				},
			}},
		},
	}
}

// townWorld is every connection of the town: each pod is dialled at all ports, whether it declares
// them or not.
func townWorld() agreement.World {
	namespaces := townNamespaces()
	w := agreement.World{
		Opens: func(p *doctor.Pod) bool { return slices.Contains(namespaces, p.Namespace) },
		Listens: func(p *doctor.Pod) []agreement.Port {
			if !slices.Contains(namespaces, p.Namespace) {
				return dnsPorts(p)
			}
			return []agreement.Port{{Number: 8080, Protocol: corev1.ProtocolTCP}, {Number: 8081, Protocol: corev1.ProtocolTCP}, {Number: 9090, Protocol: corev1.ProtocolTCP}, {Number: 5300, Protocol: corev1.ProtocolUDP}}
		},
		Dials: func(s *doctor.Service) bool { return slices.Contains(namespaces, s.Namespace) || shared(s) },
	}
	w.Outside, w.OutsideListens = outsideAddresses()
	return w
}

// townWords are those that mean something in the town, and a few that mean nothing.
func townWords() agreement.Words {
	outside := node.OutsideAddresses()
	return agreement.Words{
		PodLabels: []agreement.Label{{Key: "app", Values: []string{"web", "db", "api"}}, {Key: "tier", Values: []string{"front", "back"}}},
		NamespaceLabels: []agreement.Label{
			{Key: "team", Values: []string{"red", "blue"}},
			{Key: "env", Values: []string{"prod", "dev"}},
			{Key: corev1.LabelMetadataName, Values: append(townNamespaces(), metav1.NamespaceSystem)},
		},
		PortNames:   []string{"http", "metrics", "names", "nobody"},
		PortNumbers: []int32{80, 53, 8080, 8081, 9090, 5300, 7000},
		Blocks: []networkingv1.IPBlock{
			{CIDR: "0.0.0.0/0", Except: []string{outside[1] + "/32", "10.0.0.0/8"}},
			{CIDR: "198.18.0.0/24", Except: []string{outside[0] + "/32", "198.18.0.16/28"}},
			{CIDR: outside[1] + "/32"},
			{CIDR: "10.244.0.0/16", Except: []string{"10.244.0.0/25"}}, // pods
			{CIDR: "10.99.0.0/24", Except: []string{"10.99.0.1/32"}},   // the node and the API server
			{CIDR: "10.99.0.1/32"},
			{CIDR: "10.96.0.0/16"}, // Services
			{CIDR: "2001:db8::/32"},
		},
	}
}
