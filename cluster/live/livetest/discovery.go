package livetest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// aggregated is how a client asks for, and is told of, discovery in one piece.
const aggregated = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// discover answers /api and /apis in the newer form, or in the older one to who asks for that.
func (s *Server) discover(w http.ResponseWriter, r *http.Request) {
	core := r.URL.Path == "/api"
	if !strings.Contains(r.Header.Get("Accept"), aggregated) || s.old {
		s.discoverGroups(w, core)
		return
	}
	out := apidiscoveryv2.APIGroupDiscoveryList{TypeMeta: metav1.TypeMeta{APIVersion: "apidiscovery.k8s.io/v2", Kind: "APIGroupDiscoveryList"}}
	for _, group := range s.groups(core) {
		g := apidiscoveryv2.APIGroupDiscovery{ObjectMeta: metav1.ObjectMeta{Name: group.name}}
		for _, version := range group.versions {
			v := apidiscoveryv2.APIVersionDiscovery{Version: version, Freshness: apidiscoveryv2.DiscoveryFreshnessCurrent}
			if s.stale[group.name] {
				v.Freshness = apidiscoveryv2.DiscoveryFreshnessStale
			}
			for _, k := range s.in(schema.GroupVersion{Group: group.name, Version: version}) {
				scope := apidiscoveryv2.ScopeCluster
				if k.namespaced {
					scope = apidiscoveryv2.ScopeNamespace
				}
				v.Resources = append(v.Resources, apidiscoveryv2.APIResourceDiscovery{
					Resource:     k.resource,
					ResponseKind: &metav1.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind},
					Scope:        scope,
					Verbs:        []string{"get", "list"},
				})
			}
			g.Versions = append(g.Versions, v)
		}
		out.Items = append(out.Items, g)
	}
	w.Header().Set("Content-Type", runtime.ContentTypeJSON+";"+aggregated)
	_ = json.NewEncoder(w).Encode(out)
}

// discoverGroups answers with the names of groups only.
func (s *Server) discoverGroups(w http.ResponseWriter, core bool) {
	w.Header().Set("Content-Type", runtime.ContentTypeJSON)
	if core {
		_ = json.NewEncoder(w).Encode(metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}})
		return
	}
	out := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, group := range s.groups(false) {
		out.Groups = append(out.Groups, group.api())
	}
	_ = json.NewEncoder(w).Encode(out)
}

// discoverGroup answers /apis/GROUP.
func (s *Server) discoverGroup(w http.ResponseWriter, r *http.Request, name string) {
	for _, group := range s.groups(false) {
		if group.name == name {
			out := group.api()
			out.TypeMeta = metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}
			w.Header().Set("Content-Type", runtime.ContentTypeJSON)
			_ = json.NewEncoder(w).Encode(out)
			return
		}
	}
	http.NotFound(w, r)
}

// discoverVersion answers with the resources of a version of a group.
func (s *Server) discoverVersion(w http.ResponseWriter, a address) {
	version := schema.GroupVersion{Group: a.group, Version: a.version}
	out := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: version.String()}
	for _, k := range s.in(version) {
		out.APIResources = append(out.APIResources, metav1.APIResource{Name: k.resource, Kind: k.Kind, Namespaced: k.namespaced, Verbs: []string{"get", "list"}})
	}
	w.Header().Set("Content-Type", runtime.ContentTypeJSON)
	if s.stale[a.group] {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	_ = json.NewEncoder(w).Encode(out)
}

type group struct {
	name     string
	versions []string // the preferred one first
}

func (g group) api() metav1.APIGroup {
	out := metav1.APIGroup{Name: g.name}
	for _, version := range g.versions {
		out.Versions = append(out.Versions, metav1.GroupVersionForDiscovery{GroupVersion: g.name + "/" + version, Version: version})
	}
	out.PreferredVersion = out.Versions[0]
	return out
}

// groups returns the group without a name, or all others.
func (s *Server) groups(core bool) []group {
	var groups []group
	for _, k := range s.kinds {
		if (k.Group == "") != core {
			continue
		}
		at := slices.IndexFunc(groups, func(g group) bool { return g.name == k.Group })
		if at < 0 {
			at = len(groups)
			groups = append(groups, group{name: k.Group})
		}
		if g := &groups[at]; !slices.Contains(g.versions, k.Version) {
			g.versions = append(g.versions, k.Version)
		}
	}
	slices.SortFunc(groups, func(a, b group) int { return cmp.Compare(a.name, b.name) })
	return groups
}

func (s *Server) in(version schema.GroupVersion) []*kind {
	return slices.DeleteFunc(slices.Clone(s.kinds), func(k *kind) bool { return k.GroupVersion() != version })
}

// OldDiscovery makes the server name its groups only, as before Kubernetes 1.26.
func (s *Server) OldDiscovery() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.old = true
}

// Stale makes discovery say of a group that its own server does not answer.
func (s *Server) Stale(group string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stale[group] = true
}
