package catalogue

import (
	"encoding/json"
	"slices"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// form is how an object is when it is patched.
type form func(t *testing.T, o object) object

// A fix is for `kubectl patch`, which changes the object as the API server stores it, with every
// default filled in. It must fit the manifest as somebody wrote it, too.
var forms = map[string]form{
	"as written": func(_ *testing.T, o object) object { return o },
	"as stored": func(t *testing.T, o object) object {
		t.Helper()
		if o["kind"] != "NetworkPolicy" {
			return o
		}
		var np networkingv1.NetworkPolicy
		convert(t, o, &np)
		stored(&np)
		out := object{}
		convert(t, np, &out)
		return out
	},
}

// stored fills in what the API server does when it stores a policy.
func stored(np *networkingv1.NetworkPolicy) { cluster.DefaultPolicy(np) }

func convert(t *testing.T, from, to any) {
	t.Helper()
	text, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, to); err != nil {
		t.Fatal(err)
	}
}

// repaired returns the cluster with fixes made: objects patched as `kubectl patch --type=json`
// does, and objects added as `kubectl create` does.
func repaired(t *testing.T, objects []object, as form, fixes []fix) []object {
	t.Helper()
	out := slices.Clone(objects)
	for _, f := range fixes {
		id := object{"apiVersion": f.Object.APIVersion, "kind": f.Object.Kind, "metadata": map[string]any{"namespace": f.Object.Namespace, "name": f.Object.Name}}.id()
		i := slices.IndexFunc(out, func(o object) bool { return o.id() == id })
		if f.Manifest != nil {
			if i >= 0 {
				t.Fatalf("the fix adds %s, which is there already", id)
			}
			if len(f.Patch) > 0 {
				t.Fatalf("the fix of %s is both a patch and a manifest", id)
			}
			added := object{}
			convert(t, f.Manifest, &added)
			if added.id() != id {
				t.Fatalf("the fix says that it adds %s, and adds %s", id, added.id())
			}
			out = append(out, added)
			continue
		}
		if i < 0 {
			t.Fatalf("the fix patches %s, which is not there", id)
		}
		out[i] = patched(t, as(t, out[i]), f.Patch)
	}
	return out
}

func patched(t *testing.T, o object, text json.RawMessage) object {
	t.Helper()
	patch, err := jsonpatch.DecodePatch(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	before, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	after, err := patch.Apply(before)
	if err != nil {
		t.Fatalf("%s does not fit %s: %v", text, before, err)
	}
	out := object{}
	if err := json.Unmarshal(after, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// distinct returns every fix of an answer once: causes may share some.
func distinct(t *testing.T, a answer) []fix {
	t.Helper()
	if len(a.Fixes) > 0 {
		return a.Fixes
	}
	var out []fix
	seen := map[string]bool{}
	for _, f := range a.Findings {
		for _, fix := range f.fixes(t) {
			if text := fix.String(); !seen[text] {
				seen[text] = true
				out = append(out, fix)
			}
		}
	}
	return out
}

// String prints what a fix does, on one line.
func (f fix) String() string {
	text, err := json.Marshal(f)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
