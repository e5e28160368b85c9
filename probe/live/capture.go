package live

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/pager"
)

// A captor is an object that would take a pod with certain labels for one of its own.
type captor struct {
	object   string // kind and name
	does     string
	selector labels.Selector
}

// captured tells what would capture a pod with some labels, an object each.
func captured(captors []captor, by map[string]string) []string {
	var out []string
	for _, c := range captors {
		if c.does != "" && c.selector.Matches(labels.Set(by)) {
			out = append(out, c.object+" "+c.does)
		}
	}
	slices.Sort(out)
	return out
}

const (
	sends    = "would send it traffic"
	adopts   = "would take it for one of its pods"
	counts   = "would count it, and may keep nodes from being drained"
	measures = "would count it, and scale by it"
)

// captorKinds are what selects pods by their labels and does something to them. A Deployment does so
// by its ReplicaSets, whose selectors have a label that is never copied, and by what scales it.
// Sources: core/v1 ServiceSpec.Selector; concept page "ReplicaSet", Non-Template Pod acquisitions;
// policy/v1 PodDisruptionBudgetSpec.Selector.
var captorKinds = []struct {
	group, version, resource, kind, does string
}{
	{"", "v1", "services", "Service", sends},
	{"", "v1", "replicationcontrollers", "ReplicationController", adopts},
	{"apps", "v1", "replicasets", "ReplicaSet", adopts},
	{"apps", "v1", "statefulsets", "StatefulSet", adopts},
	{"apps", "v1", "daemonsets", "DaemonSet", adopts},
	{"batch", "v1", "jobs", "Job", adopts},
	{"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", counts},
	{"apps", "v1", "deployments", "Deployment", ""},
}

// captors lists what may capture a pod in a namespace. All of it has to be read: what is not known
// may do so.
func (p *Prober) captors(ctx context.Context, namespace string) ([]captor, error) {
	var all []captor
	for _, k := range captorKinds {
		err := p.each(ctx, schema.GroupVersionResource{Group: k.group, Version: k.version, Resource: k.resource}, namespace, func(o *unstructured.Unstructured) error {
			selector, err := selectorOf(o)
			if err != nil {
				return fmt.Errorf("reading the selector of %s %s: %w", k.kind, o.GetName(), err)
			}
			all = append(all, captor{k.kind + " " + o.GetName(), k.does, selector})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	scalers, err := p.scalers(ctx, namespace, all)
	return append(all, scalers...), err
}

// scalers lists the autoscalers, which count every pod that the selector of their target matches. A
// target that is not among what was read may have any. Source: autoscaling/v2
// HorizontalPodAutoscalerSpec.ScaleTargetRef; k8s.io/kubernetes pkg/controller/podautoscaler.
func (p *Prober) scalers(ctx context.Context, namespace string, targets []captor) ([]captor, error) {
	var all []captor
	hpas := schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}
	err := p.each(ctx, hpas, namespace, func(o *unstructured.Unstructured) error {
		kind, _, _ := unstructured.NestedString(o.Object, "spec", "scaleTargetRef", "kind")
		name, _, _ := unstructured.NestedString(o.Object, "spec", "scaleTargetRef", "name")
		c := captor{fmt.Sprintf("HorizontalPodAutoscaler %s of %s %s", o.GetName(), kind, name), measures, labels.Everything()}
		for _, t := range targets {
			if t.object == kind+" "+name {
				c.selector = t.selector
			}
		}
		all = append(all, c)
		return nil
	})
	return all, err
}

// each hands out the objects of a kind in a namespace, a page at a time.
func (p *Prober) each(ctx context.Context, kind schema.GroupVersionResource, namespace string, do func(*unstructured.Unstructured) error) error {
	pages := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return p.dynamic.Resource(kind).Namespace(namespace).List(ctx, options)
	})
	return pages.EachListItem(ctx, metav1.ListOptions{}, func(o runtime.Object) error { return do(o.(*unstructured.Unstructured)) })
}

// selectorOf reads the selector of an object. One that is a plain map and empty selects nothing, and so
// does one that is missing; an empty one of the other form selects everything.
// Sources: core/v1 ServiceSpec.Selector; meta/v1 LabelSelector.
func selectorOf(o *unstructured.Unstructured) (labels.Selector, error) {
	in, ok, err := unstructured.NestedMap(o.Object, "spec", "selector")
	if err != nil || !ok {
		return labels.Nothing(), err
	}
	if o.GetAPIVersion() == "v1" {
		plain, _, err := unstructured.NestedStringMap(o.Object, "spec", "selector")
		if err != nil || len(plain) == 0 {
			return labels.Nothing(), err
		}
		return labels.SelectorFromSet(plain), nil
	}
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(in, &selector); err != nil {
		return nil, err
	}
	return metav1.LabelSelectorAsSelector(&selector)
}
