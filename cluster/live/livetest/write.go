package livetest

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// resourceVersion of every list: nothing ever changes.
const resourceVersion = "1000"

// Fail answers with an error as an API server words it.
func Fail(w http.ResponseWriter, err *apierrors.StatusError) {
	status := err.Status()
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	w.Header().Set("Content-Type", runtime.ContentTypeJSON)
	w.WriteHeader(int(status.Code))
	_ = json.NewEncoder(w).Encode(status)
}

// write answers with an object in the first media type the client accepts.
func (s *Server) write(w http.ResponseWriter, r *http.Request, k *kind, out runtime.Object) {
	for accepted := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		mediaType, _, err := mime.ParseMediaType(accepted)
		if err != nil || k.custom && mediaType != runtime.ContentTypeJSON {
			continue
		}
		info, ok := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), mediaType)
		if !ok {
			continue
		}
		w.Header().Set("Content-Type", info.MediaType)
		encoder := runtime.Encoder(info.Serializer)
		if !k.custom {
			encoder = scheme.Codecs.EncoderForVersion(info.Serializer, k.GroupVersion())
		}
		if err := encoder.Encode(out, w); err != nil {
			s.tb.Errorf("answering %s: %v", r.URL.Path, err)
		}
		return
	}
	Fail(w, apierrors.NewGenericServerResponse(http.StatusNotAcceptable, r.Method, k.groupResource(), "", "only the following media types are accepted: "+runtime.ContentTypeJSON, 0, false))
}

// metadataOnly is how a client asks for a list of metadata without the objects.
const metadataOnly = "as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

// writeMetadata answers with a list of the metadata of objects.
func writeMetadata(w http.ResponseWriter, chosen []object, next string) {
	list := metav1.PartialObjectMetadataList{TypeMeta: metav1.TypeMeta{Kind: "PartialObjectMetadataList", APIVersion: metav1.SchemeGroupVersion.String()}}
	list.ResourceVersion, list.Continue = resourceVersion, next
	for _, o := range chosen {
		list.Items = append(list.Items, metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
			Name: o.GetName(), Namespace: o.GetNamespace(), UID: o.GetUID(), Labels: o.GetLabels(), Annotations: o.GetAnnotations(),
		}})
	}
	w.Header().Set("Content-Type", runtime.ContentTypeJSON)
	_ = json.NewEncoder(w).Encode(list)
}

// writeList answers with a list. Its items do not say their kind, as in a real server's lists of
// built-in kinds.
func (s *Server) writeList(w http.ResponseWriter, r *http.Request, k *kind, chosen []object, next string) {
	if first, _, _ := strings.Cut(r.Header.Get("Accept"), ","); strings.Contains(first, metadataOnly) {
		writeMetadata(w, chosen, next)
		return
	}
	of := k.GroupVersion().WithKind(k.Kind + "List")
	var list runtime.Object = &unstructured.UnstructuredList{}
	items := make([]runtime.Object, len(chosen))
	for i, o := range chosen {
		items[i] = o.api
	}
	if k.custom {
		list.GetObjectKind().SetGroupVersionKind(of)
	} else {
		var err error
		if list, err = scheme.Scheme.New(of); err != nil {
			s.tb.Errorf("answering %s: %v", r.URL.Path, err)
			return
		}
		for i, o := range items {
			items[i] = o.DeepCopyObject()
			items[i].GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
		}
	}
	if err := meta.SetList(list, items); err != nil {
		s.tb.Errorf("answering %s: %v", r.URL.Path, err)
		return
	}
	about, err := meta.ListAccessor(list)
	if err != nil {
		s.tb.Errorf("answering %s: %v", r.URL.Path, err)
		return
	}
	about.SetResourceVersion(resourceVersion)
	about.SetContinue(next)
	s.write(w, r, k, list)
}
