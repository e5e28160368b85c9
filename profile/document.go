package profile

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

// What starts every such file.
const (
	APIVersion = "netpol-doctor.dev/v1alpha1"
	Kind       = "NetworkPluginProfile"
)

// Document is a profile as it is written to a file.
type Document struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Name is how answers call the plugin.
	Name string `json:"name"`
	// Extends is a profile that ships. What the file does not say is as it is there.
	Extends string `json:"extends,omitempty"`
	// Enforces: whether policies are enforced at all. Rejects: whether what policies deny is answered
	// with a refusal instead of being dropped.
	Enforces *Answer `json:"enforces,omitempty"`
	Rejects  *Answer `json:"rejects,omitempty"`
	// Behaviours holds what the plugin does where the specification leaves room, or deviates from it.
	Behaviours map[policy.Behaviour]Entry `json:"behaviours,omitempty"`
	// Measured holds what no verdict rests on and is worth knowing.
	Measured *Measured `json:"measured,omitempty"`
}

// Entry is what the plugin does about one behaviour, and how that is known.
type Entry struct {
	Answer   Answer `json:"answer"`
	Verified string `json:"verified"`
}

// Measured is what a check of enforcement measures beside behaviours. What it could not measure is
// left out.
type Measured struct {
	// DeniedIngress and DeniedEgress are what a client sees of a connection that is denied: TimedOut,
	// Refused, Unreachable or Reset.
	DeniedIngress string `json:"deniedIngress,omitempty"`
	DeniedEgress  string `json:"deniedEgress,omitempty"`
	// OpenConnections is what becomes of a connection that is open when a policy denies it: Kept or Cut.
	OpenConnections string `json:"openConnections,omitempty"`
	// BitesMilliseconds is how long after a policy was created the first connection was denied, at
	// most, and OpensMilliseconds how long after it was deleted the first one got through again.
	BitesMilliseconds int64 `json:"bitesMilliseconds,omitempty"`
	OpensMilliseconds int64 `json:"opensMilliseconds,omitempty"`
}

// Answer is a truth value as files have it: yes, no or maybe.
type Answer policy.Truth

// String returns it as it is written.
func (a Answer) String() string {
	if policy.Truth(a) == policy.Maybe {
		return "maybe"
	}
	return policy.Truth(a).String()
}

// MarshalJSON writes it as a string.
func (a Answer) MarshalJSON() ([]byte, error) { return json.Marshal(a.String()) }

// UnmarshalJSON reads a string. YAML 1.1 takes a bare yes or no for a boolean, so that is one, too.
func (a *Answer) UnmarshalJSON(text []byte) error {
	for _, t := range []policy.Truth{policy.Yes, policy.No, policy.Maybe} {
		if answer := Answer(t); string(text) == `"`+answer.String()+`"` || string(text) == map[policy.Truth]string{policy.Yes: "true", policy.No: "false"}[t] {
			*a = answer
			return nil
		}
	}
	return fmt.Errorf("%s is none of yes, no, maybe", text)
}

// Known makes an optional answer of a truth value.
func Known(t policy.Truth) *Answer {
	a := Answer(t)
	return &a
}

// profile makes the profile that a document stands for.
func (d *Document) profile(file string) policy.Profile {
	base, _ := policy.ProfileNamed(d.Extends)
	p := policy.Profile{Name: d.Name, Extends: d.Extends, Enforces: base.Enforces, Rejects: base.Rejects, Entries: map[policy.Behaviour]policy.Entry{}, File: file}
	maps.Copy(p.Entries, base.Entries)
	if d.Enforces != nil {
		p.Enforces = policy.Truth(*d.Enforces)
	}
	if d.Rejects != nil {
		p.Rejects = policy.Truth(*d.Rejects)
	}
	for b, e := range d.Behaviours {
		p.Entries[b] = policy.Entry{Answer: policy.Truth(e.Answer), Verified: e.Verified}
	}
	return p
}
