package snapshot

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// object is an API object as it is written.
type object = map[string]any

// objects makes API objects of all that is in a snapshot, in its order, kind by kind.
func objects(s *cluster.Snapshot) ([]object, error) {
	var all []object
	var failed error
	add := func(api any) {
		if o, ok := api.(object); ok {
			all = append(all, o)
			return
		}
		o, err := runtime.DefaultUnstructuredConverter.ToUnstructured(api)
		if err != nil && failed == nil {
			failed = fmt.Errorf("writing a %T: %w", api, err)
		}
		all = append(all, tidy(o).(object))
	}
	for _, n := range s.Namespaces {
		add(namespaceOf(n))
	}
	for _, n := range s.Nodes {
		add(nodeOf(n))
	}
	for name, data := range settings(s) {
		add(configMapOf(name, data))
	}
	agents := map[cluster.Ref]*cluster.Agent{}
	for _, a := range s.Agents {
		agents[a.Ref] = a
	}
	for _, w := range s.Workloads {
		add(workloadOf(s, w, agents[w.Ref]))
		delete(agents, w.Ref)
	}
	for _, a := range s.Agents {
		if agents[a.Ref] != nil { // of a namespace that was not read
			add(agentOf(s, a))
		}
	}
	for _, p := range s.Pods {
		add(podOf(s, p))
	}
	for _, v := range s.Services {
		add(serviceOf(v))
	}
	for _, e := range slicesOf(s.EndpointSlices) {
		add(e)
	}
	for _, p := range s.Policies {
		add(policyOf(p))
	}
	for _, f := range s.Foreign {
		add(foreignOf(f))
	}
	for _, r := range s.Roles {
		add(roleOf(r))
	}
	for _, b := range s.Bindings {
		add(bindingOf(b))
	}
	for _, o := range waysIn(s) {
		add(o)
	}
	return all, failed
}

// emptied are the fields that the API's types write although there is nothing in them, and that
// mean nothing then.
var emptied = map[string]bool{
	"status": true, "loadBalancer": true, "strategy": true, "updateStrategy": true, "resources": true,
	"metadata": true, "nodeInfo": true, "daemonEndpoints": true, "kubeletEndpoint": true, "runtime": true,
}

// tidy takes out what nobody has written: fields of no value, and empty ones of those above. An
// empty selector or rule means something and stays.
func tidy(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			inner = tidy(inner)
			if m, ok := inner.(map[string]any); inner == nil || ok && len(m) == 0 && emptied[key] {
				delete(v, key)
				continue
			}
			v[key] = inner
		}
	case []any:
		for i := range v {
			v[i] = tidy(v[i])
		}
	}
	return value
}
