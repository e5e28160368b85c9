package profile

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/policy"
	"github.com/netpol-doctor/netpol-doctor/spelling"
)

// Parse reads a profile from YAML or JSON. File is what the text was read from. It is strict: what it
// does not know is an error that names the field, since a slip in it would silently change verdicts.
func Parse(file string, text []byte) (policy.Profile, error) {
	d, err := parse(text)
	if err != nil {
		return policy.Profile{}, fmt.Errorf("reading the network plugin's profile in %s: %w", file, err)
	}
	return d.profile(file), nil
}

func parse(text []byte) (*Document, error) {
	var fields map[string]json.RawMessage
	if err := yaml.UnmarshalStrict(text, &fields); err != nil {
		return nil, errors.New(strings.TrimPrefix(strings.TrimPrefix(err.Error(), "error converting YAML to JSON: "), "error unmarshaling JSON: while decoding JSON: "))
	}
	d := &Document{}
	known := map[string]any{
		"apiVersion": &d.APIVersion, "kind": &d.Kind, "name": &d.Name, "extends": &d.Extends,
		"enforces": &d.Enforces, "rejects": &d.Rejects, "behaviours": nil, "measured": nil,
	}
	if err := decode("", fields, known); err != nil {
		return nil, err
	}
	if err := d.checkHead(); err != nil {
		return nil, err
	}
	if raw, ok := fields["measured"]; ok {
		m := &Measured{}
		if err := decodeRaw("measured", raw, map[string]any{
			"deniedIngress": &m.DeniedIngress, "deniedEgress": &m.DeniedEgress, "openConnections": &m.OpenConnections,
			"bitesMilliseconds": &m.BitesMilliseconds, "opensMilliseconds": &m.OpensMilliseconds,
		}); err != nil {
			return nil, err
		}
		d.Measured = m
	}
	return d, d.decodeBehaviours(fields["behaviours"])
}

func (d *Document) checkHead() error {
	switch {
	case d.APIVersion != APIVersion:
		return fmt.Errorf("apiVersion is %q; this version reads %s", d.APIVersion, APIVersion)
	case d.Kind != Kind:
		return fmt.Errorf("kind is %q, not %s", d.Kind, Kind)
	case d.Name == "":
		return errors.New("name is missing: it is how answers call the plugin")
	}
	if _, ok := policy.ProfileNamed(d.Extends); d.Extends != "" && !ok {
		return unknown("extends", d.Extends, "profile", names())
	}
	return nil
}

func (d *Document) decodeBehaviours(raw json.RawMessage) error {
	if raw == nil {
		return nil
	}
	var entries map[policy.Behaviour]json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		return errors.New("behaviours is no map from behaviours to an answer each")
	}
	d.Behaviours = map[policy.Behaviour]Entry{}
	for _, b := range slices.Sorted(maps.Keys(entries)) {
		if !slices.Contains(policy.Behaviours, b) {
			return unknown("behaviours", string(b), "behaviour", behaviours())
		}
		path := "behaviours." + string(b)
		e, answered := Entry{}, (*Answer)(nil)
		if err := decodeRaw(path, entries[b], map[string]any{"answer": &answered, "verified": &e.Verified}); err != nil {
			return err
		}
		switch {
		case answered == nil:
			return fmt.Errorf("%s.answer is missing: yes, no or maybe", path)
		case policy.Truth(*answered) == policy.Maybe && b.OnlyIfCertain():
			return fmt.Errorf("%s.answer is maybe; of this behaviour verdicts go by yes or no only", path)
		case e.Verified == "":
			return fmt.Errorf("%s.verified is missing: say how it is known", path)
		}
		e.Answer = *answered
		d.Behaviours[b] = e
	}
	return nil
}

func decodeRaw(path string, raw json.RawMessage, known map[string]any) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return fmt.Errorf("%s is no map of %s", path, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	return decode(path+".", fields, known)
}

// decode reads each field into where known says, and refuses those that it does not have.
func decode(prefix string, fields map[string]json.RawMessage, known map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		into, ok := known[name]
		if !ok {
			return unknown(strings.TrimSuffix(prefix, "."), name, "field", slices.Sorted(maps.Keys(known)))
		}
		if into == nil {
			continue
		}
		if err := json.Unmarshal(fields[name], into); err != nil {
			return fmt.Errorf("%s%s: %w", prefix, name, err)
		}
	}
	return nil
}

// unknown says what is not known, and what was meant perhaps.
func unknown(where, word, kind string, words []string) error {
	text := fmt.Sprintf("there is no %s %q", kind, word)
	if where != "" {
		text = where + ": " + text
	}
	if near := spelling.Nearest(word, words, 1); len(near) > 0 {
		return fmt.Errorf("%s; did you mean %s?", text, near[0])
	}
	return fmt.Errorf("%s; there is %s", text, strings.Join(words, ", "))
}

func names() []string {
	var all []string
	for _, p := range policy.Profiles {
		all = append(all, p.Name)
	}
	return all
}

func behaviours() []string {
	var all []string
	for _, b := range policy.Behaviours {
		all = append(all, string(b))
	}
	return all
}
