package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/netpol-doctor/netpol-doctor/cluster"
	"github.com/netpol-doctor/netpol-doctor/explain"
	"github.com/netpol-doctor/netpol-doctor/probe"
	"github.com/netpol-doctor/netpol-doctor/probe/live"
	"github.com/netpol-doctor/netpol-doctor/report"
)

// prepared is a session and the pod that it was opened for.
type prepared struct {
	pod cluster.Ref
	*live.Session
}

// prepare opens a session in the source, or in what stands in for it, and one in each destination pod
// that is to be asked from within; where that cannot be, the rest is tested without it.
func (o *options) prepare(ctx context.Context, prober *live.Prober, d *explain.Diagnosis, plan *probe.Plan, p *probing) ([]prepared, error) {
	source, err := open(ctx, prober, d, plan, p)
	if err != nil {
		return nil, err
	}
	if uid := plan.Source.Origin.UID; source.UID != "" && uid != "" && uid != source.UID {
		return nil, &live.ImpossibleError{Namespace: plan.Source.Namespace, Pod: plan.Source.Name, Doing: "starting a probe", Why: "it was replaced by another pod of its name since the cluster was read; ask again"}
	}
	if source.Proxy != "" {
		plan.CarriedBy("the container " + source.Proxy)
	}
	sessions := []prepared{{plan.Source.Ref(), source}}
	var kept []probe.Attempt
	unable := map[cluster.Ref]bool{}
	for _, a := range plan.Attempts {
		if a.Inside() && !unable[a.Object] && find(sessions, a.Object) == nil {
			prepare := prober.Prepare
			if p.exec {
				prepare = prober.PrepareExec
			}
			inside, err := prepare(ctx, a.Object.Namespace, a.Object.Name)
			if err != nil {
				unable[a.Object] = true
				plan.Cut = append(plan.Cut, err.Error())
			} else {
				sessions = append(sessions, prepared{a.Object, inside})
			}
		}
		if !a.Inside() || !unable[a.Object] {
			kept = append(kept, a)
		}
	}
	plan.Attempts = kept
	if p.exec {
		plan.Tools = probe.Names(source.Tools)
		plan.Use(func(a probe.Attempt) []probe.Tool { return sessionOf(sessions, a).Tools })
	}
	return sessions, nil
}

// open opens the session of the source.
func open(ctx context.Context, prober *live.Prober, d *explain.Diagnosis, plan *probe.Plan, p *probing) (*live.Session, error) {
	plan.Way = p.way()
	switch {
	case p.exec:
		return prober.PrepareExec(ctx, plan.Source.Namespace, plan.Source.Name)
	case !p.fromPod:
		return prober.Prepare(ctx, plan.Source.Namespace, plan.Source.Name)
	}
	job, err := prober.StandIn(ctx, plan.Source, plan.Longest(), p.secret)
	if err != nil {
		return nil, err
	}
	if err := plan.StandIn(d, cluster.NewWorkload(job, cluster.Origin{}).Template); err != nil {
		return nil, err
	}
	return prober.PrepareStandIn(ctx, job)
}

func find(sessions []prepared, pod cluster.Ref) *live.Session {
	for _, s := range sessions {
		if s.pod == pod {
			return s.Session
		}
	}
	return nil
}

// sessionOf is the one that an attempt is made in: the first is the source's.
func sessionOf(sessions []prepared, a probe.Attempt) *live.Session {
	if a.Inside() {
		return find(sessions, a.Object)
	}
	return sessions[0].Session
}

// start starts all sessions, that of the source last: it may have its time. A destination that cannot
// be asked from within is left out.
func start(ctx context.Context, sessions []prepared, plan *probe.Plan) error {
	for _, s := range sessions[1:] {
		if err := s.Start(ctx); err != nil {
			if ctx.Err() != nil {
				return err
			}
			plan.Cut = append(plan.Cut, err.Error())
			plan.Attempts = slices.DeleteFunc(plan.Attempts, func(a probe.Attempt) bool { return a.Inside() && a.Object == s.pod })
		}
	}
	if err := sessions[0].Start(ctx); err != nil {
		return err
	}
	if plan.For.Name != "" {
		plan.StartedAs(sessions[0].Pod().Name, sessions[0].Node, sessions[0].Since)
	}
	return nil
}

// farewell is how long taking things away may take, also after an interruption.
const farewell = 15 * time.Second

// stop takes away what was made. What is left is said.
func (o *options) stop(ctx context.Context, sessions []prepared) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	for _, s := range sessions {
		if err := s.Stop(ctx); err != nil {
			fmt.Fprintln(o.streams.Err, "Warning:", report.Plain(err.Error()))
		}
	}
}

// printAdditions prints what would be added, one YAML document each.
func printAdditions(streams Streams, sessions []prepared) error {
	var objects []any
	for _, s := range sessions {
		if s.Reused {
			fmt.Fprintf(streams.Err, "nothing would be added to pod %s/%s: the container of an earlier probe still runs\n", s.pod.Namespace, s.pod.Name)
		}
		objects = append(objects, s.Adds...)
	}
	return printObjects(streams.Out, objects)
}

// confirm asks before anything is added. Where nobody can be asked, --yes has to have been given.
func (o *options) confirm(sessions []prepared, p *probing) error {
	var pods []string
	made := ""
	for _, s := range sessions {
		switch {
		case len(s.Adds) == 0:
		case s.pod.Kind == "Job":
			made = fmt.Sprintf("This makes a pod with the labels of the source in namespace %s, by Job %s.\nBoth are deleted afterwards, and by themselves if that fails.\n", s.pod.Namespace, s.pod.Name)
		default:
			pods = append(pods, s.pod.Namespace+"/"+s.pod.Name)
		}
	}
	if made == "" && len(pods) == 0 || p.yes {
		return nil
	}
	if !o.streams.interactive() {
		return errors.New("a test on the network adds a container or a pod to the cluster; where nobody can be asked, it needs --yes")
	}
	if len(pods) > 0 {
		made += fmt.Sprintf("This adds an ephemeral container to pod %s.\nIt ends by itself after half an hour; its entry stays in the pod's specification until the pod is replaced.\n", strings.Join(pods, ", "))
	}
	return ask(o.streams, made+fmt.Sprintf("The image is %s. Nothing else is changed.", report.Plain(p.image)))
}
