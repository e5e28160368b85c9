package probe

import (
	"context"
	"net/netip"
)

// Result is an attempt and what each of its tries showed.
type Result struct {
	Attempt
	Seen []Observation
}

// Last is what the last try showed, which counts: before it nothing came back.
func (r Result) Last() Observation {
	if len(r.Seen) == 0 {
		return Observation{Reason: "it was not tried"}
	}
	return r.Seen[len(r.Seen)-1]
}

// Outcome is that of the last try.
func (r Result) Outcome() Outcome { return r.Last().Outcome }

// Works tells whether the hop does what a client needs of it.
func (r Result) Works() bool {
	if r.Hop == ResolverUDP || r.Hop == ResolverTCP {
		return r.Outcome().Answered()
	}
	return r.Outcome() == Connected && (r.Hop != Name || r.asExpected())
}

// Fails tells whether it was seen not to. What is inconclusive neither works nor fails.
func (r Result) Fails() bool { return r.Outcome() != Inconclusive && !r.Works() }

// asExpected tells whether a name stands for what the API says, and nothing else. Of a headless
// Service a server may hand out fewer pods than there are.
func (r Result) asExpected() bool {
	if len(r.Expected) == 0 {
		return true
	}
	for _, a := range r.Last().Addresses {
		found := false
		for _, e := range r.Expected {
			found = found || a == e
		}
		if !found {
			return false
		}
	}
	return len(r.Last().Addresses) > 0
}

// Carry makes the attempts of a plan one after the other. Run runs the command of one try in the
// cluster. It tries again only where nothing came back. When ctx ends, it returns what it has.
func Carry(ctx context.Context, p *Plan, run func(context.Context, Attempt) Run) []Result {
	var results []Result
	for _, a := range p.Attempts {
		r := Result{Attempt: a}
		if a.Exchange() != Lookup && !a.Address.IsValid() {
			r.Address = resolved(results, a)
		}
		if a.Exchange() != Lookup && !r.Address.IsValid() {
			r.Seen = []Observation{{Reason: "the lookup gave no address to dial"}}
			results = append(results, r)
			continue
		}
		for range Tries {
			answer := run(ctx, r.Attempt)
			if ctx.Err() != nil {
				return results
			}
			o := r.Parse(answer)
			r.Seen = append(r.Seen, o)
			if !o.Outcome.Silent() {
				break
			}
		}
		results = append(results, r)
	}
	return results
}

// resolved is the address that the name was found to stand for. A plan looks one name up, which may be
// an alias of the one that an attempt is about: the answer has the addresses of that.
func resolved(results []Result, a Attempt) netip.Addr {
	for _, r := range results {
		if r.Hop == Name && r.Family == a.Family && r.Outcome() == Connected && len(r.Last().Addresses) > 0 {
			return r.Last().Addresses[0]
		}
	}
	return netip.Addr{}
}
