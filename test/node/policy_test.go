package node_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/test/node"
)

// ingress is a policy for what may come to the pod server.
func ingress(name string, from ...networkingv1.NetworkPolicyPeer) *networkingv1.NetworkPolicy {
	policy := &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app": "server"}},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
		},
	}
	if len(from) > 0 {
		policy.Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{From: from}}
	}
	return policy
}

// connect tries once to connect from the pod client, for long enough that a
// packet lost on a busy machine is sent again. It is an error that holds
// what agnhost says: TIMEOUT, REFUSED and others.
func (c cluster) connect(ctx context.Context, address string) error {
	stdout, stderr, err := c.Exec(ctx, namespace, "client", "main", "/agnhost", "connect", "--timeout=3s", address)
	if err != nil {
		return fmt.Errorf("%w: %s%s", err, stdout, stderr)
	}
	return nil
}

// connectOutside tries the same from an address outside.
func (c cluster) connectOutside(ctx context.Context, from, address string) error {
	_, err := c.Outside(ctx, "curl", "-sS", "-o", "/dev/null", "--connect-timeout", "3", "--interface", from, "http://"+address)
	return err
}

// Without an enforcer a policy is an object and nothing else.
func (c cluster) testPoliciesDoNothing(t *testing.T) {
	server := c.address(t, "server") + ":8080"
	c.Apply(t, ingress("deny"))
	// Enforcers take less than a second.
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		if err := c.connect(t.Context(), server); err != nil {
			t.Fatalf("a policy was enforced: %v", err)
		}
	}
}

// Policies come into force one after the other, and go out of it.
func (c cluster) testPolicies(t *testing.T) {
	server := c.address(t, "server") + ":8080"
	outside := node.OutsideAddresses()
	blocked := func(err error) error {
		if err == nil {
			return errors.New("it connects")
		}
		if message := err.Error(); !strings.Contains(message, "TIMEOUT") && !strings.Contains(message, "exit status 28") {
			return err // of another kind: curl exits with 28 on a timeout
		}
		return nil
	}
	c.await(t, "everybody to be allowed", func(ctx context.Context) error {
		return errors.Join(c.connect(ctx, server), c.connectOutside(ctx, outside[1], server))
	})
	t.Run("default deny", func(t *testing.T) {
		c.Apply(t, ingress("deny"))
		c.await(t, "the pod client to be blocked", func(ctx context.Context) error { return blocked(c.connect(ctx, server)) })
		c.await(t, "the outside to be blocked", func(ctx context.Context) error { return blocked(c.connectOutside(ctx, outside[0], server)) })

		c.Apply(t, ingress("allow-client", networkingv1.NetworkPolicyPeer{
			PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "client"}},
		}))
		c.await(t, "the pod client to be allowed", func(ctx context.Context) error { return c.connect(ctx, server) })
		if err := blocked(c.connectOutside(t.Context(), outside[0], server)); err != nil {
			t.Errorf("the outside is not the pod client: %v", err)
		}

		c.Apply(t, ingress("allow-outside", networkingv1.NetworkPolicyPeer{
			IPBlock: &networkingv1.IPBlock{CIDR: "198.18.0.0/24", Except: []string{outside[1] + "/32"}},
		}))
		c.await(t, "the outside to be allowed", func(ctx context.Context) error { return c.connectOutside(ctx, outside[0], server) })
		if err := blocked(c.connectOutside(t.Context(), outside[1], server)); err != nil {
			t.Errorf("the exception of a block: %v", err)
		}
	})
	c.await(t, "everybody to be allowed again", func(ctx context.Context) error {
		return errors.Join(c.connect(ctx, server), c.connectOutside(ctx, outside[1], server))
	})
}
