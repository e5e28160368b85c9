package snapshot

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Redaction gives everything in a snapshot that has a name another one. It is for one snapshot: what
// stands for a word depends on all of them.
type Redaction struct {
	key   []byte
	names *pseudonyms // set once a snapshot was written
}

// NewRedaction makes a redaction under a key; without one, the whole content of the snapshot is the
// key, which nobody can guess who does not have it.
func NewRedaction(key []byte) *Redaction { return &Redaction{key: key} }

// Name returns what stands for a name or for a text with names in it, in the snapshot that was
// written.
func (r *Redaction) Name(text string) string {
	if r.names == nil {
		return text
	}
	return r.names.text(text)
}

// rename renames everything in the objects of a file, of which the first says what it is of, and
// sorts them anew: the old order would tell.
func (r *Redaction) rename(all []object) error {
	key := r.key
	if len(key) == 0 {
		text, err := json.Marshal(all)
		if err != nil {
			return fmt.Errorf("redacting the snapshot: %w", err)
		}
		sum := sha256.Sum256(text)
		key = sum[:]
	}
	words := wordSet{}
	for _, o := range all {
		walkObject(o, words.add)
	}
	r.names = newPseudonyms(key, words)
	for i := range all {
		all[i] = walkObject(all[i], r.names.text)
	}
	spec, _ := all[0]["spec"].(object)
	sortLists(spec)
	slices.SortStableFunc(all[1:], func(a, b object) int { return cmp.Compare(sortKey(a), sortKey(b)) })
	return nil
}

// sortKey is by what objects are sorted.
func sortKey(o object) string {
	meta, _ := o["metadata"].(object)
	return fmt.Sprintf("%v\x00%v\x00%v\x00%v", o["apiVersion"], o["kind"], meta["namespace"], meta["name"])
}

// sortLists sorts what names things in the first object.
func sortLists(spec object) {
	for _, value := range spec {
		switch v := value.(type) {
		case []any:
			slices.SortFunc(v, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		case object:
			sortLists(v)
		}
	}
}

// walkObject calls a function for every text of an object that may hold a name, and returns the
// object with what it returns.
func walkObject(o object, text func(string) string) object {
	out := object{}
	version, _ := o["apiVersion"].(string)
	for key, value := range o {
		if key == "apiVersion" || key == "kind" { // are of a kind that is read
			out[key] = value
			continue
		}
		w := walker{text, kept}
		if strings.HasPrefix(key, "spec") && !ours[group(version)] {
			w.kept = keptElsewhere
		}
		out[key] = w.value(key, value)
	}
	return out
}

// group is the group of an API version.
func group(version string) string {
	before, _, named := strings.Cut(version, "/")
	if !named {
		return ""
	}
	return before
}

// ours are the groups whose kinds are written of fields that are known. What is in policies of other
// layers is whatever somebody has written there.
var ours = map[string]bool{
	"": true, "apps": true, "batch": true, "networking.k8s.io": true, "discovery.k8s.io": true,
	"rbac.authorization.k8s.io": true, cluster.GatewayGroup: true, "netpol-doctor.dev": true,
}

// keptElsewhere are the fields of policies of other layers whose text is kept.
var keptElsewhere = map[string]bool{"protocol": true, "operator": true, "policyTypes": true}

// walker renames texts, but for those of the fields that are kept.
type walker struct {
	text func(string) string
	kept map[string]bool
}

// kept are the fields whose text is one of a closed list, a time, or made of numbers, whatever the
// kind of the object. What is in no list is renamed.
var kept = map[string]bool{
	"operation": true, "fieldsType": true, "protocol": true, "operator": true, "policyTypes": true,
	"phase": true, "dnsPolicy": true, "addressType": true, "restartPolicy": true, "conditionType": true,
	"ipFamilies": true, "externalTrafficPolicy": true, "internalTrafficPolicy": true, "clusterIP": true,
	"clusterIPs": true, "reason": true, "source": true, "uid": true,
	"args":              true, // those of an agent that are kept
	"creationTimestamp": true, "deletionTimestamp": true, "startTime": true, "time": true, "observedAt": true,
}

// kubeletVersion is what is kept of the version of a node: whoever builds it may add a name of theirs. That
// it is of k3s tells which network plugin there is.
var kubeletVersion = regexp.MustCompile(`^v?[0-9.]+(\+k3s[0-9]*)?`)

// userMaps are the fields that are maps of which the user chose the keys. Those of l7 are for programs
// that a proxy of Cilium is extended by.
var userMaps = map[string]bool{"labels": true, "matchLabels": true, "annotations": true, "data": true, "l7": true}

func (w walker) value(field string, value any) any {
	switch v := value.(type) {
	case string:
		if field == "kubeletVersion" {
			return kubeletVersion.FindString(v)
		}
		if w.kept[field] || isAddress(v) {
			return v
		}
		return w.text(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = w.value(field, v[i])
		}
		return out
	case object:
		switch {
		case userMaps[field] || field == "selector" && onlyTexts(v):
			return w.userMap(v)
		case field == "fieldsV1":
			return w.owned(v, false)
		}
		out := object{}
		for key, inner := range v {
			if key == "detail" && v["reason"] != nil { // the server's own words may name anything
				continue
			}
			out[w.fieldName(key)] = w.value(key, inner)
		}
		return out
	}
	return value
}

// userMap renames keys and values. An annotation of ours is JSON and has names in it.
func (w walker) userMap(in object) object {
	out := object{}
	for key, value := range in {
		t, isText := value.(string)
		switch {
		case key == cluster.WrittenAnnotation:
			out[key] = value
		case key == cluster.DeclaredAnnotation && isText:
			out[key] = w.declared(t)
		case isText && !isAddress(t):
			out[w.text(key)] = w.text(t)
		default:
			out[w.text(key)] = w.value("", value)
		}
	}
	return out
}

// declared renames what a pod declares.
func (w walker) declared(text string) string {
	var d cluster.Declared
	if json.Unmarshal([]byte(text), &d) != nil {
		return ""
	}
	for i := range d.Mentions {
		m := &d.Mentions[i]
		if !isAddress(m.Host) {
			m.Host = w.text(m.Host)
		}
		m.Where = w.text(m.Where)
	}
	d.Account = w.text(d.Account)
	return d.Text()
}

// owned renames the keys of labels among the fields that somebody owns.
func (w walker) owned(in object, labels bool) object {
	out := object{}
	for key, value := range in {
		name, isField := strings.CutPrefix(key, "f:")
		inner, _ := value.(object)
		switch {
		case labels && isField:
			out["f:"+w.text(name)] = inner
		case isField:
			out["f:"+w.fieldName(name)] = w.owned(inner, name == "labels")
		default:
			out[key] = inner
		}
	}
	return out
}

// fieldName keeps the name of a field of an API. Those have letters and digits only; what has more
// is a key that a user chose.
func (w walker) fieldName(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9') }) {
		return w.text(name)
	}
	return name
}

func onlyTexts(in object) bool {
	for _, value := range in {
		if _, isText := value.(string); !isText {
			return false
		}
	}
	return true
}

// isAddress tells whether a text is an address or a range of them.
func isAddress(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return !strings.Contains(text, "%")
	}
	_, err := netip.ParsePrefix(text)
	return err == nil
}
