package plugin

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/netpol-doctor/netpol-doctor/probe"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
)

// probing is what the user typed about tests on the network.
type probing struct {
	yes, dryRun, destination bool
	fromPod, exec            bool
	image, secret            string
}

// The names of its flags.
const (
	flagYes         = "yes"
	flagDryRun      = "dry-run"
	flagDestination = "probe-destination"
	flagFromPod     = "from-pod"
	flagExec        = "exec"
	flagImage       = "probe-image"
	flagSecret      = "image-pull-secret"
)

func (p *probing) register(c *cobra.Command) {
	c.Flags().BoolVar(&p.yes, flagYes, false, "do not ask before anything is added to the cluster")
	c.Flags().BoolVar(&p.dryRun, flagDryRun, false, "print what would be added, after the API server has tried it out, and add and test nothing")
	c.Flags().BoolVar(&p.destination, flagDestination, false, "test from within the destination's own pods as well, whether the application listens; that adds a container to each")
	c.Flags().BoolVar(&p.fromPod, flagFromPod, false, "test from a pod of its own with the labels of the source, which is deleted afterwards, instead of from a container in the source pod")
	c.Flags().BoolVar(&p.exec, flagExec, false, "test with what a container of the source already has (nc, bash, curl, dig, getent), and add nothing")
	c.Flags().StringVar(&p.image, flagImage, live.DefaultImage, "the `IMAGE` to test with, where that is a mirror of "+live.DefaultImage)
	c.Flags().Lookup(flagImage).DefValue = "" // said in the usage
	c.Flags().StringVar(&p.secret, flagSecret, "", "the `SECRET` of the namespace to pull the image with; for --from-pod and --check-enforcement (which copies it); a container that is added to a pod is pulled as its pod says")
}

// check refuses flags that do not go together.
func (p *probing) check(c *cobra.Command) error {
	switch {
	case p.fromPod && p.exec:
		return errors.New("--from-pod and --exec exclude each other: the one makes a pod to test from, the other makes nothing")
	case p.exec && (c.Flags().Changed(flagImage) || p.dryRun):
		return errors.New("--exec adds nothing, so there is no image to name and nothing to show with --dry-run")
	case p.secret != "" && !p.fromPod:
		return errors.New("--image-pull-secret needs --from-pod: a container that is added to a pod is pulled with the pod's own secrets")
	}
	return nil
}

// checkProbing refuses flags about tests without --probe.
func checkProbing(c *cobra.Command, p *probing, wanted bool) error {
	for _, name := range []string{flagYes, flagDryRun, flagDestination, flagFromPod, flagExec, flagImage, flagSecret} {
		if c.Flags().Changed(name) && !wanted {
			return fmt.Errorf("--%s says how to test on the network; it needs --probe", name)
		}
	}
	return p.check(c)
}

// way is how the tests get into the source's place.
func (p *probing) way() probe.Way {
	switch {
	case p.fromPod:
		return probe.StandInPod
	case p.exec:
		return probe.OwnTools
	}
	return probe.AddedContainer
}
