package plugin

import (
	"slices"
	"strings"
	"sync"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/cluster/live"
)

// server is what an API server tells, a request or two at a time.
type server struct {
	*live.Words
	tab *tab
}

// asked prepares to ask the cluster that kubeconfig points at. Where there is none, nothing is known.
func (t *tab) asked(flags *genericclioptions.ConfigFlags) known {
	config, err := flags.ToRESTConfig()
	if err != nil || noCluster(flags, config) {
		return nothing{}
	}
	config = rest.CopyConfig(config)
	if config.ExecProvider != nil { // nobody is to be asked for a password while they type
		config.ExecProvider.StdinUnavailable = true
	}
	w, err := live.OpenWords(config, live.Options{Foreign: foreignKinds()})
	if err != nil {
		return nothing{}
	}
	return server{w, t}
}

// noCluster tells whether nothing says where the cluster is.
func noCluster(flags *genericclioptions.ConfigFlags, config *rest.Config) bool {
	raw, err := flags.ToRawKubeConfigLoader().RawConfig()
	return err == nil && clientcmdapi.IsConfigEmpty(&raw) && *flags.APIServer == "" && *flags.KubeConfig == "" && config.Host == noHost
}

func (s server) namespaces() []string { return s.names(cluster.Ref{Kind: "Namespace"}) }

func (s server) names(of cluster.Ref) []string {
	names, _ := s.Names(s.tab.ctx, of.APIVersion, of.Kind, of.Namespace)
	return names
}

// bareKinds are the kinds whose names are proposed without a kind. Of pods, Jobs and ReplicaSets there
// are too many, and nobody types their names.
var bareKinds = []string{"Deployment", "StatefulSet", "DaemonSet", "Service"}

func (s server) bare(namespace string) []cluster.Ref {
	found := make([][]cluster.Ref, len(bareKinds))
	var all sync.WaitGroup
	for i, kind := range bareKinds {
		_, group := kindNamed(strings.ToLower(kind))
		all.Go(func() {
			for _, name := range s.names(cluster.Ref{APIVersion: group, Kind: kind, Namespace: namespace}) {
				found[i] = append(found[i], cluster.Ref{APIVersion: group, Kind: kind, Namespace: namespace, Name: name})
			}
		})
	}
	all.Wait()
	return slices.Concat(found...)
}

func (s server) ports(of cluster.Ref) []port {
	object, err := s.Object(s.tab.ctx, of.Kind, of.Namespace, of.Name)
	if err != nil {
		return nil
	}
	switch o := object.(type) {
	case *cluster.Service:
		return portsOfService(o)
	case *cluster.Pod:
		return portsOfPods(o)
	}
	return nil
}

func (s server) arrivals(namespace string) []port {
	found, _ := s.Arrivals(s.tab.ctx, namespace)
	return portsOfSlices(found)
}
