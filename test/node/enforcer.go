package node

import (
	"context"
	"fmt"
	"testing"
)

// Enforcer names a program that makes NetworkPolicies true.
type Enforcer string

const (
	// None is the bare node: pods are attached to a bridge, and policies do
	// nothing.
	None Enforcer = ""
	// Cilium attaches pods itself. What is denied is dropped. There is no proxy,
	// so it refuses rules about HTTP and the like.
	Cilium Enforcer = "cilium"
)

// bridgeConfiguration attaches pods to a bridge. Nothing is masqueraded, so the
// outside sees who asks; hairpin lets a pod reach itself through a Service.
const bridgeConfiguration = `{"cniVersion": "1.0.0", "name": "bridge", "plugins": [{
	"type": "bridge", "bridge": "` + bridge + `", "isDefaultGateway": true, "hairpinMode": true,
	"ipam": {"type": "host-local", "ranges": [[{"subnet": "` + nodePodRange + `"}]]}
}]}`

// startEnforcer has pods attached to the network. The node is not ready before.
func (n *Node) startEnforcer(ctx context.Context, tb testing.TB) error {
	switch n.options.Enforcer {
	case None:
		return n.write("network/bridge.conflist", bridgeConfiguration)
	case Cilium:
		return n.startCilium(ctx, tb)
	default:
		return fmt.Errorf("there is no enforcer called %q", n.options.Enforcer)
	}
}
