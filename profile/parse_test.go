package profile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/netpol-doctor/netpol-doctor/policy"
)

const head = "apiVersion: netpol-doctor.dev/v1alpha1\nkind: NetworkPluginProfile\nname: ours\n"

// TestParse: what the file says holds, and what it does not say is as in the profile that it extends.
func TestParse(t *testing.T) {
	t.Parallel()
	got, err := Parse("a.yaml", []byte(head+`
extends: kube-router
rejects: no
behaviours:
  ipBlock-matches-pods: {answer: no, verified: measured here}
  hairpin-exempt: {answer: "maybe", verified: measured here}
measured: {deniedIngress: TimedOut, openConnections: Kept, bitesMilliseconds: 120}
`))
	if err != nil {
		t.Fatal(err)
	}
	base, _ := policy.ProfileNamed("kube-router")
	for _, row := range []struct {
		b    policy.Behaviour
		want policy.Entry
	}{
		{policy.IPBlockMatchesPods, policy.Entry{Answer: policy.No, Verified: "measured here"}},
		{policy.HairpinExempt, policy.Entry{Answer: policy.Maybe, Verified: "measured here"}},
		{policy.HairpinNeedsBoth, base.Of(policy.HairpinNeedsBoth)},
	} {
		if got.Of(row.b) != row.want {
			t.Errorf("%s: %+v, want %+v", row.b, got.Of(row.b), row.want)
		}
	}
	if got.Name != "ours" || got.File != "a.yaml" || got.Enforces != policy.Yes || got.Rejects != policy.No {
		t.Errorf("%+v", got)
	}
	if base.Of(policy.IPBlockMatchesPods).Answer != policy.Yes {
		t.Error("the profile that ships was changed")
	}
}

// TestParseKnowsNothingElse: what a file leaves out is not known.
func TestParseKnowsNothingElse(t *testing.T) {
	t.Parallel()
	got, err := Parse("-", []byte(`{"apiVersion": "netpol-doctor.dev/v1alpha1", "kind": "NetworkPluginProfile", "name": "ours"}`))
	if err != nil || got.Enforces != policy.Maybe || len(got.Entries) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a: b: c": "mapping values are not allowed",
		"- a":     "cannot unmarshal",
		"":        `apiVersion is ""`,
		strings.Replace(head, "v1alpha1", "v2", 1):                                  "this version reads netpol-doctor.dev/v1alpha1",
		strings.Replace(head, "NetworkPluginProfile", "EnforcementReport", 1):       `kind is "EnforcementReport"`,
		strings.Replace(head, "name: ours", "", 1):                                  "name is missing",
		head + "enforce: yes":                                                       `there is no field "enforce"; did you mean enforces?`,
		head + "enforces: perhaps":                                                  `enforces: "perhaps" is none of yes, no, maybe`,
		head + "name: twice":                                                        "already set",
		head + "extends: cillium":                                                   `extends: there is no profile "cillium"; did you mean cilium?`,
		head + "behaviours: [a]":                                                    "behaviours is no map",
		head + "behaviours: {ipBlock-matches-pod: {answer: yes, verified: x}}":      `behaviours: there is no behaviour "ipBlock-matches-pod"; did you mean ipBlock-matches-pods?`,
		head + "behaviours: {frobnicate: {answer: yes, verified: x}}":               `there is no behaviour "frobnicate"; there is ipBlock-matches-pods, `,
		head + "behaviours: {ipBlock-matches-pods: yes}":                            "behaviours.ipBlock-matches-pods is no map of answer, verified",
		head + "behaviours: {ipBlock-matches-pods: {verified: x}}":                  "behaviours.ipBlock-matches-pods.answer is missing",
		head + "behaviours: {ipBlock-matches-pods: {answer: yes}}":                  "behaviours.ipBlock-matches-pods.verified is missing",
		head + "behaviours: {ipBlock-matches-pods: {answer: yes, verifed: x}}":      `behaviours.ipBlock-matches-pods: there is no field "verifed"; did you mean verified?`,
		head + "behaviours: {ipBlock-matches-pods: {answer: 1, verified: x}}":       "behaviours.ipBlock-matches-pods.answer: 1 is none of",
		head + "behaviours: {ipBlocks-share-excepts: {answer: maybe, verified: x}}": "go by yes or no only",
		head + "measured: {bitesMilliseconds: soon}":                                "measured.bitesMilliseconds",
		head + "measured: {bites: 1}":                                               `measured: there is no field "bites"`,
		head + "measured:":                                                          "measured is no map",
	} {
		if _, err := Parse("a.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "a.yaml") {
			t.Errorf("%s\n%v, want %q", text, err, want)
		}
	}
}

// TestWrittenIsRead: what a check writes is what the flag takes.
func TestWrittenIsRead(t *testing.T) {
	t.Parallel()
	d := Document{APIVersion: APIVersion, Kind: Kind, Name: "measured", Enforces: Known(policy.Yes), Rejects: Known(policy.Maybe), Measured: &Measured{BitesMilliseconds: 7}, Behaviours: map[policy.Behaviour]Entry{}}
	for _, b := range policy.Behaviours {
		d.Behaviours[b] = Entry{Answer(policy.No), "measured: no"}
	}
	text, err := yaml.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if diff := cmp.Diff(&d, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzParse: whatever a file holds, it is a profile that can be written and read again, or an error.
func FuzzParse(f *testing.F) {
	f.Add([]byte(head))
	f.Add([]byte(head + "behaviours: {ipBlock-matches-pods: {answer: yes, verified: x}}\nmeasured: {opensMilliseconds: 1}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := parse(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parse(again)
		if err != nil {
			t.Fatalf("%v\n%s", err, again)
		}
		if diff := cmp.Diff(d.profile(""), got.profile("")); diff != "" {
			t.Error(diff)
		}
	})
}
