package apiserver

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
)

// pollInterval is how often something is asked for that nobody announces.
const pollInterval = 50 * time.Millisecond

// readyPaths answer when the API server is up and has made the objects that it
// makes of its own accord. From then on nothing in the cluster moves by itself.
var readyPaths = []string{
	"/readyz",
	"/api/v1/namespaces/default",
	"/api/v1/namespaces/kube-node-lease",
	"/api/v1/namespaces/kube-public",
	"/api/v1/namespaces/kube-system",
	"/api/v1/namespaces/default/services/kubernetes",
	"/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes",
}

// controlledPaths answer when the controller manager has begun its work.
var controlledPaths = []string{
	"/api/v1/namespaces/default/serviceaccounts/default",
	"/api/v1/namespaces/default/configmaps/kube-root-ca.crt",
}

// await returns when every path has answered. It gives up when a process ends.
func (s *Server) await(ctx context.Context, paths []string) error {
	client, err := discovery.NewDiscoveryClientForConfig(s.admin)
	if err != nil {
		return err
	}
	for _, path := range paths {
		var answer error
		err := wait.PollUntilContextCancel(ctx, pollInterval, true, func(ctx context.Context) (bool, error) {
			for _, p := range s.processes {
				if err := p.Exited(); err != nil {
					return false, err
				}
			}
			answer = client.RESTClient().Get().AbsPath(path).Do(ctx).Error()
			return answer == nil, nil
		})
		if wait.Interrupted(err) {
			return fmt.Errorf("waiting for %s: %w; the last answer: %w\n%s", path, err, answer, s.lastWords())
		}
		if err != nil {
			return err
		}
	}
	return nil
}
