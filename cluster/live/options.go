package live

import (
	"time"

	"k8s.io/apimachinery/pkg/runtime"
)

// Options says how a cluster is read.
type Options struct {
	// Foreign are the kinds of policies of other layers to look for. A kind that the server does
	// not serve is passed over in silence.
	Foreign []ForeignKind
	// PageSize is how many objects are asked for at a time; 0 means 500.
	PageSize int64
	// Log is told about every request after its answer, one at a time. It may be nil.
	Log func(Request)
}

// ForeignKind names a kind of policy of another layer. Whichever version the server prefers is
// read.
type ForeignKind struct {
	Group      string
	Resource   string // plural
	Kind       string
	Namespaced bool
	// keep makes records of its objects; nil: as policies of another layer.
	keep func(runtime.Object) (record, error)
}

// Request is one request that was made to the API server.
type Request struct {
	Verb     string // the HTTP method
	Path     string // with the query
	Status   int    // of the answer; 0 when there was none
	Items    int    // objects in the answer; -1: they were not counted
	Bytes    int64  // of the answer, unpacked
	Duration time.Duration
}

const (
	defaultPageSize = 500
	// Enough to read a namespace at once, and little enough that no request waits long for its
	// turn at the rate below.
	concurrentRequests = 10
	requestsPerSecond  = 50
	requestBurst       = 100
)
