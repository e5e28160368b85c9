package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// batch is some entries of one input, in its order.
type batch struct {
	index   *fileIndex
	entries []*entry
}

// batchSize is how many entries one goroutine decodes in a go.
const batchSize = 64

// batches returns the entries that are wanted.
func (s *Source) batches(wanted func(*entry) bool) []batch {
	var all []batch
	for _, index := range s.inputs {
		var entries []*entry
		for i := range index.entries {
			if e := &index.entries[i]; wanted(e) {
				entries = append(entries, e)
			}
		}
		for part := range slices.Chunk(entries, batchSize) {
			all = append(all, batch{index, part})
		}
	}
	return all
}

// decodeAll decodes entries. The order of the result is that of the inputs.
func (s *Source) decodeAll(ctx context.Context, batches []batch) ([]*object, error) {
	return s.decodeSome(ctx, batches, func([]byte) bool { return true })
}

// decodeSome decodes the entries whose text is wanted. When something is wrong with them, the
// first of it in the order of the inputs is the error.
func (s *Source) decodeSome(ctx context.Context, batches []batch, wanted func(text []byte) bool) ([]*object, error) {
	results := make([][]*object, len(batches))
	faults := make([][]remark, len(batches))
	var enough atomic.Int64 // no batch after this one can have a fault that is reported
	enough.Store(int64(len(batches)))
	err := parallel(ctx, len(batches), func() func(int) error {
		var scratch []byte
		return func(i int) error {
			text, err := batches[i].index.in.again()
			if err != nil {
				return err
			}
			defer text.close()
			for _, e := range batches[i].entries {
				if int64(i) > enough.Load() || len(faults[i]) > mostErrors {
					break
				}
				b, err := text.of(e)
				if err != nil {
					return err
				}
				if !wanted(b) {
					continue
				}
				d := decoding{source: s, in: batches[i].index.in, entry: e, text: b, scratch: scratch}
				o, wrong := d.object()
				scratch = d.scratch
				if faults[i] = append(faults[i], wrong...); len(wrong) == 0 && o != nil {
					results[i] = append(results[i], o)
				}
			}
			for len(faults[i]) > mostErrors {
				if known := enough.Load(); int64(i) >= known || enough.CompareAndSwap(known, int64(i)) {
					break
				}
			}
			return nil
		}
	})
	if err != nil {
		return nil, err
	}
	said, more := s.say(slices.Concat(faults...), mostErrors)
	if len(said) > 0 {
		return nil, joinErrors(said, more > 0)
	}
	return slices.Concat(results...), nil
}

// of returns the bytes of an entry. They are overwritten by the next call.
func (s *sections) of(e *entry) ([]byte, error) {
	if e.inner != nil {
		return e.inner.json, nil
	}
	b, err := s.read(e.start, e.start+int64(e.size))
	return e.form.isolate(b), err
}

// decoding is one object while it is decoded, with what is needed to say what is wrong with it.
type decoding struct {
	source  *Source
	in      *input
	entry   *entry
	text    []byte
	scratch []byte // for the object as JSON; used again for the next
}

// object decodes the object as the API server would have stored it. A template is no object; that
// of a policy leaves a gap.
func (d *decoding) object() (*object, []remark) {
	value, p := d.value()
	if p != nil {
		r := d.remark(p.field, p.message)
		r.line = int(d.entry.line) + p.line
		if bytes.Contains(d.text, templateBraces) {
			t := placedTemplate{template{int(d.entry.line), d.entry.kind.kind}, d.in}
			r.field, r.message = "", "looks like a Helm template, and is not taken into account; "+rendered
			d.source.warn(r)
			if !t.ofPolicy() {
				return nil, nil
			}
			return &object{slim: t.gap()}, nil
		}
		return nil, []remark{r}
	}
	o := &object{namespace: d.source.namespaces.name(d.entry.namespace)}
	origin := cluster.Origin{File: d.in.name, Line: int(d.entry.line)}
	if d.entry.kind.foreign {
		foreign, wrong := d.foreign(value, origin)
		o.slim = foreign
		return o, wrong
	}
	api := d.entry.kind.make()
	strict, err := kjson.UnmarshalStrict(value, api)
	if err != nil {
		return nil, []remark{d.mistyped(api, value, err)}
	}
	if wrong := d.strict(api, strict); wrong != nil {
		return nil, wrong
	}
	api.SetNamespace(o.namespace)
	api.SetName(d.entry.name)
	setDefaults(api)
	if errs := validate(api); len(errs) > 0 {
		return nil, d.remarksOn(errs)
	}
	if np, ok := api.(*networkingv1.NetworkPolicy); ok {
		for _, e := range blockWarnings(np) {
			d.source.warn(d.remark(e.Field, e.Detail))
		}
	}
	o.slim = slimmed(api, origin)
	return o, nil
}

// value returns the object as JSON.
func (d *decoding) value() ([]byte, *problem) {
	switch {
	case d.entry.inner != nil:
		return d.text, nil
	case d.entry.form == jsonDocument:
		// What the quick look takes for JSON by its header can be YAML in flow style.
		if json.Valid(d.text) {
			return d.text, nil
		}
		return toJSON(d.text)
	}
	value, ok := blockToJSON(d.text, d.scratch[:0])
	if d.scratch = value; ok {
		return value, nil
	}
	return toJSON(d.text)
}

// remark is a remark on a field of the object.
func (d *decoding) remark(field, message string) remark {
	return remark{in: d.in, entry: d.entry, field: field, message: message}
}

// strict judges what the decoder did not like: a field that is there twice, which is an error, or
// one that the API does not know, which matters in a policy and in what it is about. The object is
// nil for those of which not every field is known here.
func (d *decoding) strict(api metav1.Object, errs []error) []remark {
	var wrong []remark
	for _, err := range errs {
		var field string
		if f, ok := err.(interface{ FieldPath() string }); ok {
			field = f.FieldPath()
		}
		if strings.HasPrefix(err.Error(), "duplicate field") {
			r := d.remark(field, "this field is there twice")
			if d.entry.form != jsonDocument && d.entry.inner == nil {
				if _, p := toJSON(d.text); p != nil { // it knows the line of the second
					r.line = int(d.entry.line) + p.line
				}
			}
			return []remark{r}
		}
		switch o := api.(type) {
		case *cluster.Saved:
			wrong = append(wrong, d.remark(field, "unknown field; the snapshot may be of a newer version, so read it with that"))
		case *networkingv1.NetworkPolicy:
			wrong = append(wrong, d.unknown(o, field)...)
		case *corev1.Pod, *corev1.Service, *appsv1.Deployment, *appsv1.ReplicaSet, *appsv1.StatefulSet, *appsv1.DaemonSet, *batchv1.Job, *batchv1.CronJob:
			wrong = append(wrong, d.unknownOutside(api, field)...)
		}
	}
	return wrong
}

// unknownOutside judges a field of another object that the API does not know. As with a policy, a
// manifest says something else than what is written; in what a server has stored nothing is said of
// it, and its status says nothing of what is meant.
func (d *decoding) unknownOutside(api metav1.Object, field string) []remark {
	if path := steps(field); api.GetUID() != "" || len(path) > 0 && path[0] == "status" {
		return nil
	}
	return []remark{d.remark(field, "unknown field, which kubectl refuses to apply"+hint(reflect.TypeOf(api), field))}
}

// unknown judges a field of a policy that the API does not know. In a manifest it is an error:
// kubectl asks the server to refuse the object, and where another client does not, the server
// drops the field, so that the policy says something else than what is written. Outside of what
// the policy says it is a warning, and so it is in an object that a server has stored: a newer
// server may know more fields. Source: "Kubernetes API Concepts", field validation.
func (d *decoding) unknown(np *networkingv1.NetworkPolicy, field string) []remark {
	top := ""
	if path := steps(field); len(path) > 0 {
		top = path[0]
	}
	switch {
	case np.UID != "":
		d.source.warn(d.remark(field, "unknown field; what it means is not taken into account"))
	case top == "metadata" || top == "status":
		d.source.warn(d.remark(field, "unknown field; the API server refuses or ignores it"))
	default:
		return []remark{d.remark(field, "unknown field, which kubectl refuses to apply"+hint(reflect.TypeOf(np), field))}
	}
	return nil
}

// mistyped finds out which field does not have the type that the API wants.
func (d *decoding) mistyped(api any, value []byte, err error) remark {
	var tree any
	if kjson.UnmarshalCaseSensitivePreserveInts(value, &tree) == nil {
		if field, err := misfit(reflect.TypeOf(api), tree, ""); err != nil {
			return d.remark(field, typeMessage(err))
		}
	}
	return d.remark("", "cannot be decoded: "+err.Error())
}

// typeMessage says what a value must be, without the words of Go.
func typeMessage(err error) string {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	found, isNumber := strings.CutPrefix(wrong.Value, "number ")
	if name, ok := jsonTypes[found]; ok {
		found = name
	} else if isNumber {
		found = "the number " + found
	}
	switch wrong.Type.Kind() {
	case reflect.String:
		return "must be a text, not " + found + "; put it in quotes"
	case reflect.Bool:
		return "must be true or false, not " + found
	case reflect.Slice:
		return "must be a list, not " + found
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "must be a whole number, not " + found
	}
	return "must be an object, not " + found
}

// jsonTypes are the types of JSON as the decoder calls them, in words.
var jsonTypes = map[string]string{"string": "a text", "number": "a number", "bool": "true or false", "array": "a list", "object": "an object"}

// foreign keeps an object of another layer as it is. Where a kind has specs beside its spec, both
// are kept under their names; else what is kept is the content of spec.
func (d *decoding) foreign(value []byte, origin cluster.Origin) (*cluster.Foreign, []remark) {
	var fields struct {
		Spec  map[string]any `json:"spec"`
		Specs []any          `json:"specs"`
		Meta  struct {
			Created metav1.Time                 `json:"creationTimestamp"`
			Entries []metav1.ManagedFieldsEntry `json:"managedFields"`
		} `json:"metadata"`
	}
	strict, err := kjson.UnmarshalStrict(value, &fields, kjson.DisallowDuplicateFields)
	if err != nil {
		return nil, []remark{d.mistyped(&fields, value, err)}
	}
	if wrong := d.strict(nil, strict); wrong != nil {
		return nil, wrong
	}
	f := &cluster.Foreign{Ref: d.source.reference(d.entry), Spec: fields.Spec, History: cluster.ForeignHistory(fields.Meta.Created, fields.Meta.Entries), Origin: origin}
	if fields.Specs != nil {
		f.Spec = map[string]any{"specs": fields.Specs}
		if fields.Spec != nil {
			f.Spec["spec"] = fields.Spec
		}
	}
	if f.Spec == nil {
		f.Spec = map[string]any{}
	}
	return f, nil
}
