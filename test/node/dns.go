package node

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/netpol-doctor/netpol-doctor/test/apiserver"
)

//go:embed dns.yaml
var dnsManifest string

// OutsideName is the only name outside the cluster that there is. It stands for
// the first of [OutsideAddresses].
const OutsideName = "outside.example"

// startDNS has the cluster run CoreDNS, as most clusters do.
func (n *Node) startDNS(tb testing.TB) error {
	manifest := strings.NewReplacer(
		"DNS_ADDRESS", dnsAddress,
		"DNS_IMAGE", dnsImage,
		"CLUSTER_DOMAIN", clusterDomain,
		"OUTSIDE_NAME", OutsideName,
		"OUTSIDE_ADDRESS", OutsideAddresses()[0],
	).Replace(dnsManifest)
	if err := n.write("manifests/dns.yaml", manifest); err != nil {
		return err
	}
	n.Apply(tb, apiserver.Manifests(tb, n.path("manifests"))...)
	return nil
}
