package live

import (
	"context"
	"fmt"
	"sync"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Source reads one cluster from its API server. It remembers what it has read, for as long as it
// lives and in memory only.
type Source struct {
	client   *client
	memo     *memo
	foreign  []ForeignKind
	pageSize int64

	reads    sync.Mutex                        // one reading at a time
	found    func() (discovered, *cluster.Gap) // set once discovery has answered
	layers   *layers                           // of policies; set as well then
	gateways *layers                           // of the Gateway API; set where a question was about it

	talk    sync.Mutex
	spoken  bool  // the server answered as Kubernetes does
	failure error // an answer that was none
}

var _ cluster.Source = (*Source)(nil)

// Open prepares to read the cluster that config leads to. It makes no request yet.
func Open(config *rest.Config, options Options) (*Source, error) {
	log := func(Request) {}
	if options.Log != nil {
		var one sync.Mutex
		log = func(r Request) {
			one.Lock()
			defer one.Unlock()
			options.Log(r)
		}
	}
	c, err := newClient(config, log)
	if err != nil {
		return nil, fmt.Errorf("preparing to read the cluster at %s: %w", config.Host, err)
	}
	s := &Source{client: c, memo: newMemo(), foreign: options.Foreign, pageSize: options.PageSize}
	if s.pageSize <= 0 {
		s.pageSize = defaultPageSize
	}
	return s, nil
}

// Read reads what the scope asks for and what is not known yet. The error is an *Unreachable,
// the context's, or of a Ref of a kind that is not read; everything else that goes wrong is a Gap
// of the snapshot.
//
// Snapshot.Read names the namespaces of which everything that is ever read was listed without a
// gap, policies of other layers apart, and says whether that is so for all of them and for the
// nodes.
func (s *Source) Read(ctx context.Context, scope cluster.Scope) (*cluster.Snapshot, error) {
	s.reads.Lock()
	defer s.reads.Unlock()
	// client-go would log broken connections to standard error; they are in the gaps or in the
	// error.
	inner, fail := context.WithCancelCause(klog.NewContext(ctx, logr.Discard()))
	defer fail(nil)
	r := newReading(s, scope, fail)
	if err := r.run(inner); ctx.Err() != nil {
		return nil, fmt.Errorf("reading the cluster: %w", ctx.Err())
	} else if err != nil {
		return nil, err
	}
	if err := s.silent(); err != nil {
		return nil, err
	}
	return r.finish(), nil
}

// ask answers a question from what is known, or else asks the server.
func (s *Source) ask(ctx context.Context, r resource, q question) (answer, error) {
	fetch := func(ctx context.Context, q question) (answer, error) { return s.fetch(ctx, r, q) }
	if all := q.wide(""); r.everywhere && q != all {
		if _, err := s.memo.ask(ctx, all, fetch); err != nil {
			return answer{}, err
		}
	}
	return s.memo.ask(ctx, q, fetch)
}
