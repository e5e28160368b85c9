package live

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/probe"
)

// The bounds of one trial: how long a line may take to work before and after it, how long one that is
// not as wanted may still become so once the policies are in force, how long is waited between two
// tries, and how long a try may take where only its coming through is of interest.
const (
	control = 10 * time.Second
	settled = 5 * time.Second
	pause   = 200 * time.Millisecond
	quick   = 400 * time.Millisecond
)

// steady is how many tries have to be kept out: one packet may get lost.
const steady = 2

// laboratory is what trials are made in: a Scratch.
type laboratory interface {
	try(ctx context.Context, p *probe.Place, l probe.Line, timeout time.Duration) probe.Observation
	talk(ctx context.Context, p *probe.Place) probe.Run
	apply(ctx context.Context, trial string, specs []networkingv1.NetworkPolicySpec) error
	clear(ctx context.Context) error
}

// Check makes all trials, one after the other, and tells of each before it begins. Where neither
// direction is enforced, it makes no more: all others need one of them. It ends early only when ctx
// does.
func (s *Scratch) Check(ctx context.Context, p *probe.Place, tell func(trial string)) (*probe.Check, error) {
	return check(ctx, s, p, tell)
}

func check(ctx context.Context, lab laboratory, p *probe.Place, tell func(string)) (*probe.Check, error) {
	c := &probe.Check{Family: p.Family()}
	for _, t := range probe.Trials {
		why := t.Unmet(c.Answers)
		for _, l := range slices.Concat(t.Guards, t.Lines) {
			if _, missing := p.Dials(l); why == "" && missing != "" {
				why = missing
			}
		}
		if why != "" {
			c.Answers = append(c.Answers, t.Skip(why))
			continue
		}
		tell(t.Name)
		answer, err := (&trial{Trial: t, lab: lab, place: p}).run(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			answer = t.ShowsNothing(err.Error())
		}
		c.Answers = append(c.Answers, answer)
	}
	if c.Of(probe.IngressTrial).Answer == policy.Yes {
		tell("an open connection")
		c.Connection, c.ConnectionWhy = connection(ctx, lab, p)
	}
	return c, ctx.Err()
}

// trial is one that is being made.
type trial struct {
	probe.Trial
	lab   laboratory
	place *probe.Place
}

// run makes the trial: every line has to work, then the policies are created, the guards have to come
// out as wanted, then the lines are seen, and when the policies are gone, all has to work again.
func (t *trial) run(ctx context.Context) (probe.Answered, error) {
	specs, err := t.Specs(t.place)
	if err != nil {
		return probe.Answered{}, err
	}
	// What could not be deleted after an earlier trial would decide about this one.
	if err := t.lab.clear(ctx); err != nil {
		return probe.Answered{}, err
	}
	guards, lines := sightings(t.Guards), sightings(t.Lines)
	all := make([]*probe.Sighting, 0, len(guards)+len(lines))
	for i := range guards {
		all = append(all, &guards[i])
	}
	for i := range lines {
		all = append(all, &lines[i])
	}
	works := true
	together(all, func(s *probe.Sighting) {
		s.Before, _ = t.until(ctx, s.Line, time.Now().Add(control), probe.TrialTimeout, nil, true)
	})
	for _, s := range all {
		works = works && s.Before.Outcome == probe.Connected
	}
	if !works || ctx.Err() != nil {
		return t.Decide(guards, lines), nil
	}
	err = t.lab.apply(ctx, t.Name, specs)
	begun := time.Now()
	var bites, opens latest
	if err == nil {
		t.under(ctx, all, begun, &bites)
	}
	// What was created is deleted even after an interruption, but then by the deletion of everything.
	if cleared := t.lab.clear(ctx); err == nil {
		err = cleared
	}
	if err != nil || ctx.Err() != nil {
		return probe.Answered{}, err
	}
	gone := time.Now()
	together(all, func(s *probe.Sighting) {
		if !s.Under.Outcome.Denied() {
			return
		}
		var seen time.Time
		s.After, seen = t.until(ctx, s.Line, gone.Add(probe.Patience), quick, nil, true)
		opens.note(seen.Sub(gone))
	})
	a := t.Decide(guards, lines)
	a.Bites, a.Opens = bites.time, opens.time
	return a, nil
}

// under sees what becomes of the lines while the policies are there: the guards first.
func (t *trial) under(ctx context.Context, all []*probe.Sighting, begun time.Time, bites *latest) {
	guards, lines := all[:len(t.Guards)], all[len(t.Guards):]
	together(guards, func(s *probe.Sighting) {
		s.Under, _ = t.until(ctx, s.Line, begun.Add(probe.Patience), probe.TrialTimeout, t.witness(s.Line), s.Connects)
	})
	for _, s := range guards {
		if !s.Wanted() {
			return
		}
	}
	// Also where either answer is as good: plugins may program a block after the rules of the guards.
	deadline := begun.Add(probe.Patience)
	if len(guards) > 0 {
		deadline = time.Now().Add(settled)
	}
	together(lines, func(s *probe.Sighting) {
		var seen time.Time
		s.Under, seen = t.until(ctx, s.Line, deadline, probe.TrialTimeout, t.witness(s.Line), s.Connects)
		if !s.Connects && s.Under.Outcome.Denied() {
			bites.note(seen.Sub(begun))
		}
	})
}

// witness is a line that the trial's policies open. While it gets through, the network works, and the
// policies' rules are in force. The line itself is none.
func (t *trial) witness(l probe.Line) *probe.Line {
	for _, w := range slices.Concat(t.Guards, t.Lines) {
		if w.Connects && w.Key() != l.Key() {
			return &w
		}
	}
	return nil
}

// until tries a line until it comes out as wanted or the time is over. It returns what was seen last,
// and when that was: when the try ended that connected, or when the first of those began that were
// kept out. Under policies there is a witness.
func (t *trial) until(ctx context.Context, l probe.Line, deadline time.Time, timeout time.Duration, witness *probe.Line, connects bool) (last probe.Observation, seen time.Time) {
	kept, tries, rounds := 0, steady, 1
	if connects { // it is waited for, so that one try after the other is enough
		tries, rounds = 1, steady
	}
	for {
		begun := time.Now()
		last = t.round(ctx, l, timeout, witness, tries)
		if last.Outcome.Denied() {
			if kept++; kept == 1 {
				seen = begun
			}
		} else {
			kept, seen = 0, time.Now()
		}
		over := !time.Now().Before(deadline)
		switch {
		case ctx.Err() != nil,
			connects && last.Outcome == probe.Connected,
			kept >= rounds && (!connects || over),
			kept == 0 && over:
			return last, seen
		}
		sleep(ctx, pause)
	}
}

// round makes some tries of a line at once, and one of the witness. That the line is kept out is only
// seen where all of the tries are, since one packet may get lost, while the witness gets through.
func (t *trial) round(ctx context.Context, l probe.Line, timeout time.Duration, witness *probe.Line, tries int) probe.Observation {
	seen := make([]probe.Observation, tries)
	sound := probe.Observation{Outcome: probe.Connected}
	var group sync.WaitGroup
	for i := range seen {
		group.Go(func() { seen[i] = t.lab.try(ctx, t.place, l, timeout) })
	}
	if witness != nil {
		group.Go(func() { sound = t.lab.try(ctx, t.place, *witness, timeout) })
	}
	group.Wait()
	for _, o := range seen {
		if !o.Outcome.Denied() {
			return o
		}
	}
	if sound.Outcome != probe.Connected {
		return probe.Observation{Reason: fmt.Sprintf("%s, and at the same time %s, which has to work, did not: %s", seen[0].Outcome, witness.Key(), cmp.Or(sound.Reason, sound.Outcome.String()))}
	}
	return seen[0]
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func sightings(lines []probe.Line) []probe.Sighting {
	all := make([]probe.Sighting, len(lines))
	for i, l := range lines {
		all[i].Line = l
	}
	return all
}

// together does something for all sightings at once.
func together(all []*probe.Sighting, do func(*probe.Sighting)) {
	var group sync.WaitGroup
	for _, s := range all {
		group.Go(func() { do(s) })
	}
	group.Wait()
}

// latest is the longest of some times.
type latest struct {
	mutex sync.Mutex
	time  time.Duration
}

func (l *latest) note(d time.Duration) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.time = max(l.time, d)
}

// connection finds out what becomes of a connection that is open when a policy begins to deny it. The
// policy is that of the trial of ingress, which opens another port only.
func connection(ctx context.Context, lab laboratory, p *probe.Place) (probe.Connection, string) {
	t := &trial{lab: lab, place: p}
	for _, candidate := range probe.Trials {
		if candidate.Name == probe.IngressTrial {
			t.Trial = candidate
		}
	}
	line := probe.Line{From: probe.Client, To: probe.Server, Port: 8080, Protocol: "TCP"}
	specs, err := t.Specs(p)
	if err != nil {
		return probe.ConnectionUnknown, err.Error()
	}
	if err := lab.clear(ctx); err != nil {
		return probe.ConnectionUnknown, err.Error()
	}
	if o, _ := t.until(ctx, line, time.Now().Add(control), probe.TrialTimeout, nil, true); o.Outcome != probe.Connected {
		return probe.ConnectionUnknown, fmt.Sprintf("%s does not work without any policy", line.Key())
	}
	begun, answered := time.Now(), make(chan probe.Run, 1)
	go func() { answered <- lab.talk(ctx, p) }()
	sleep(ctx, probe.Lead)
	denied := time.Duration(0)
	err = lab.apply(ctx, "connection", specs)
	if err == nil {
		o, seen := t.until(ctx, line, begun.Add(probe.Requests*time.Second), probe.TrialTimeout, t.witness(line), false)
		if o.Outcome.Denied() {
			denied = seen.Sub(begun)
		}
	}
	run := <-answered
	if cleared := lab.clear(ctx); err == nil {
		err = cleared
	}
	if err != nil {
		return probe.ConnectionUnknown, err.Error()
	}
	return probe.DecideConnection(run, denied)
}
