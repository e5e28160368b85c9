package live

import (
	"context"
	"errors"
	"fmt"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/netpol-doctor/netpol-doctor/probe"
)

var _ laboratory = (*Scratch)(nil)

// try makes one try of a line.
func (s *Scratch) try(ctx context.Context, p *probe.Place, l probe.Line, timeout time.Duration) probe.Observation {
	address, why := p.Dials(l)
	if why != "" {
		return probe.Observation{Reason: why}
	}
	return probe.ParseConnect(s.prober.Run(ctx, Place{s.namespaceOf(l.From), l.From, "main"}, l.Command(address, timeout)))
}

// talk sends requests over one connection from the client to the server.
func (s *Scratch) talk(ctx context.Context, p *probe.Place) probe.Run {
	address, _ := p.Dials(probe.Line{From: probe.Client, To: probe.Server, Port: 8080})
	return s.prober.run(ctx, Place{s.Namespace, probe.Client, "main"}, probe.Talk(address), 2*probe.Requests*time.Second)
}

// apply creates the policies of a trial.
func (s *Scratch) apply(ctx context.Context, trial string, specs []networkingv1.NetworkPolicySpec) error {
	for i, spec := range specs {
		name := policyName(trial, i)
		s.applied = append(s.applied, name) // whatever comes of it: it may be there
		if _, err := s.policies.NetworkPolicies(s.Namespace).Create(ctx, scratchPolicy(s.Namespace, name, spec), created); err != nil {
			return fmt.Errorf("creating NetworkPolicy %s/%s: %w", s.Namespace, name, err)
		}
	}
	return nil
}

// clear deletes the policies that are there. Those of which that fails are deleted the next time.
func (s *Scratch) clear(ctx context.Context) error {
	var failed []error
	var left []string
	for _, name := range s.applied {
		if err := s.policies.NetworkPolicies(s.Namespace).Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			failed, left = append(failed, fmt.Errorf("deleting NetworkPolicy %s/%s: %w", s.Namespace, name, err)), append(left, name)
		}
	}
	s.applied = left
	return errors.Join(failed...)
}
