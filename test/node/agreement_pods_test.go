package node_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/test/internal/agreement"
	"github.com/netpol-doctor/netpol-doctor/test/node"
)

// awaitPods returns when all pods that workloads of namespaces are to have run, and the container of
// each.
func (c cluster) awaitPods(t *testing.T, namespaces ...string) map[agreement.Place]string {
	t.Helper()
	containers := map[agreement.Place]string{}
	for _, namespace := range namespaces {
		c.await(t, "the pods of "+namespace, func(ctx context.Context) error {
			if err := c.workloadsReady(ctx, namespace); err != nil {
				return err
			}
			pods, err := c.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
			if err != nil {
				return err
			}
			if len(pods.Items) == 0 {
				return errors.New("there are none")
			}
			for _, p := range pods.Items {
				if p.Status.Phase != corev1.PodRunning {
					return fmt.Errorf("the phase of %s is %s", p.Name, p.Status.Phase)
				}
				containers[agreement.Place{Namespace: namespace, Pod: p.Name}] = p.Spec.Containers[0].Name
			}
			return nil
		})
	}
	return containers
}

// workloadsReady is an error while some workload of a namespace lacks pods.
func (c cluster) workloadsReady(ctx context.Context, namespace string) error {
	apps := c.client.AppsV1()
	deployments, err := apps.Deployments(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	stateful, err := apps.StatefulSets(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	daemons, err := apps.DaemonSets(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var missing []string
	check := func(name string, ready int32) {
		if ready != 1 {
			missing = append(missing, name)
		}
	}
	for _, w := range deployments.Items {
		check(w.Name, w.Status.ReadyReplicas)
	}
	for _, w := range stateful.Items {
		check(w.Name, w.Status.ReadyReplicas)
	}
	for _, w := range daemons.Items {
		check(w.Name, w.Status.NumberReady)
	}
	if len(missing) > 0 {
		return fmt.Errorf("%v have no pod that is ready", missing)
	}
	return nil
}

// outsideAddresses are those of the outside, which answers on port 80.
func outsideAddresses() (addresses []netip.Addr, ports []agreement.Port) {
	for _, text := range node.OutsideAddresses() {
		addresses = append(addresses, netip.MustParseAddr(text))
	}
	return addresses, []agreement.Port{{Number: 80, Protocol: corev1.ProtocolTCP}, {Number: 80, Protocol: corev1.ProtocolUDP}}
}
