package live

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Words asks for what a command line is completed with: names of objects, without the objects, and
// the ports of one of them. It makes a request or two for each question and remembers nothing. What
// cannot be read is an error, never a Gap: nothing is concluded from these answers.
type Words struct {
	client  *client
	foreign []ForeignKind
}

// OpenWords prepares to ask the cluster that config leads to. It makes no request yet.
func OpenWords(config *rest.Config, options Options) (*Words, error) {
	log := func(Request) {}
	if options.Log != nil {
		log = options.Log
	}
	c, err := newClient(config, log)
	if err != nil {
		return nil, fmt.Errorf("preparing to read the cluster at %s: %w", config.Host, err)
	}
	return &Words{client: c, foreign: options.Foreign}, nil
}

const (
	// mostPages bounds how many names are asked for: more than that nobody chooses from.
	mostPages = 4
	// namesOnly asks for the metadata of objects. Source: concept page "Kubernetes API Concepts",
	// "Metadata-only fetches".
	namesOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
)

// Names returns the names of the objects of a kind in a namespace, or in none where the namespace is
// empty. Only their metadata is asked for.
func (w *Words) Names(ctx context.Context, group, kind, namespace string) ([]string, error) {
	ctx = klog.NewContext(ctx, logr.Discard())
	path, err := w.path(ctx, group, kind, namespace)
	if err != nil {
		return nil, err
	}
	var names []string
	next := ""
	for range mostPages {
		page := &metav1.PartialObjectMetadataList{}
		err := w.get(ctx, path, page, map[string]string{"limit": strconv.Itoa(defaultPageSize), "continue": next})
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			names = append(names, item.Name)
		}
		if next = page.Continue; next == "" {
			break
		}
	}
	return names, nil
}

// path is where the objects of a kind are listed.
func (w *Words) path(ctx context.Context, group, kind, namespace string) (string, error) {
	resource, root, err := w.resource(ctx, group, kind)
	if err != nil {
		return "", err
	}
	if namespace != "" {
		return root + "/namespaces/" + namespace + "/" + resource, nil
	}
	return root + "/" + resource, nil
}

// resource finds the resource of a kind and where its version is served. The version of a kind that is
// not built in is the one that the server prefers.
func (w *Words) resource(ctx context.Context, group, kind string) (resource, root string, err error) {
	for _, k := range builtinKinds {
		if k.kind == kind && k.Group == group {
			if group == "" {
				return k.Resource, "/api/" + k.Version, nil
			}
			return k.Resource, "/apis/" + group + "/" + k.Version, nil
		}
	}
	for _, k := range w.foreign {
		if k.Kind == kind && k.Group == group {
			resource = k.Resource
		}
	}
	for _, k := range cluster.GatewayKinds {
		if k.Kind == kind && group == cluster.GatewayGroup {
			resource = k.Resource
		}
	}
	if resource == "" {
		return "", "", fmt.Errorf("kind %s of group %q is not read", kind, group)
	}
	about := &metav1.APIGroup{}
	if err := w.get(ctx, "/apis/"+group, about, nil); err != nil {
		return "", "", err
	}
	return resource, "/apis/" + about.PreferredVersion.GroupVersion, nil
}

// get makes one request whose answer is JSON, of objects their metadata.
func (w *Words) get(ctx context.Context, path string, answer any, query map[string]string) error {
	request := w.client.discovery.RESTClient().Get().AbsPath(path).SetHeader("Accept", namesOnly)
	for key, value := range query {
		if value != "" {
			request.Param(key, value)
		}
	}
	text, err := do(ctx, w.client, func(ctx context.Context) ([]byte, int, error) {
		text, err := request.Do(ctx).Raw()
		return text, 1, err
	})
	if err != nil {
		return err
	}
	return json.Unmarshal(text, answer)
}

// builtinKinds are the built-in kinds, by what the API calls them.
var builtinKinds = []struct {
	kind string
	resource
}{
	{"Namespace", namespaceKind.resource},
	{"Node", nodeKind.resource},
	{"Pod", podKind.resource},
	{"Service", serviceKind.resource},
	{"ConfigMap", configMapKind.resource},
	{"EndpointSlice", endpointSliceKind.resource},
	{"NetworkPolicy", policyKind.resource},
	{"Deployment", deploymentKind.resource},
	{"StatefulSet", statefulSetKind.resource},
	{"ReplicaSet", replicaSetKind.resource},
	{"DaemonSet", daemonSetKind.resource},
	{"Job", jobKind.resource},
	{"CronJob", cronJobKind.resource},
	{"Role", roleKind.resource},
	{"RoleBinding", roleBindingKind.resource},
	{"ClusterRole", clusterRoleKind.resource},
	{"ClusterRoleBinding", clusterRoleBindingKind.resource},
	{"Ingress", ingressKind.resource},
	{"IngressClass", ingressClassKind.resource},
}

// Object returns one Service as a *cluster.Service, or the pod of a pod or workload as a *cluster.Pod,
// a workload's being its template. Of other kinds it is an error.
func (w *Words) Object(ctx context.Context, kind, namespace, name string) (any, error) {
	ctx = klog.NewContext(ctx, logr.Discard())
	of := podKind.resource
	switch k, isWorkload := workloadKinds[kind]; {
	case isWorkload:
		of = k.resource
	case kind == "Service":
		of = serviceKind.resource
	case kind != "Pod":
		return nil, fmt.Errorf("a %s has no ports", kind)
	}
	object, err := w.client.get(ctx, question{resource: of.GroupVersionResource, namespace: namespace, name: name})
	if err != nil {
		return nil, err
	}
	kept, err := of.keep(object)
	if err != nil {
		return nil, err
	}
	if owner, ok := kept.value.(*workload); ok {
		return owner.Template, nil
	}
	return kept.value, nil
}

// Arrivals returns one page of a namespace's EndpointSlices, which hold the ports at which connections
// to its Services arrive.
func (w *Words) Arrivals(ctx context.Context, namespace string) ([]*cluster.EndpointSlice, error) {
	ctx = klog.NewContext(ctx, logr.Discard())
	of := endpointSliceKind.resource
	page, err := w.client.list(ctx, of, question{resource: of.GroupVersionResource, namespace: namespace}, metav1.ListOptions{Limit: defaultPageSize})
	if err != nil {
		return nil, err
	}
	var found []*cluster.EndpointSlice
	err = meta.EachListItem(page, func(item runtime.Object) error {
		kept, err := of.keep(item)
		if s, ok := kept.value.(*cluster.EndpointSlice); ok {
			found = append(found, s)
		}
		return err
	})
	return found, err
}
