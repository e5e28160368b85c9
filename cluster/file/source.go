package file

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// Options say how files are read.
type Options struct {
	// Stdin is what the path "-" stands for.
	Stdin io.Reader
	// Namespace is where objects are that do not say it; "default" when empty.
	Namespace string
	// Foreign tells whether a kind is a policy of another layer, to be kept as it is; nil: none.
	Foreign func(apiVersion, kind string) bool
	// Namespaced tells whether objects of such a kind are in a namespace; nil: those are that
	// name one.
	Namespaced func(apiVersion, kind string) bool
	// Rights makes the objects of RBAC readable, for questions with cluster.Scope.Rights.
	Rights bool
	// Ingresses makes Ingresses and their classes readable, for questions with
	// cluster.Scope.Ingresses.
	Ingresses bool
	// Gateways makes objects of the Gateway API readable, for questions with
	// cluster.Scope.Gateways.
	Gateways bool
}

// Source is a cluster that is described by files.
type Source struct {
	registry
	inputs []*fileIndex

	mu  sync.Mutex
	odd map[remark]bool // what Warnings tells

	savedOnce sync.Once // for the two below, see Saved
	saved     *cluster.Saved
	savedErr  error
}

var _ cluster.Source = (*Source)(nil)

// Open indexes the objects in files, in folders with all that is in them (*.yaml, *.yml,
// *.json), and in standard input for "-". It does not decode them. What is wrong with what it
// had to look at is an *Error, or several joined.
func Open(ctx context.Context, paths []string, opts Options) (*Source, error) {
	if opts.Namespace == "" {
		opts.Namespace = "default"
	}
	files, err := expand(paths)
	if err != nil {
		return nil, err
	}
	s := &Source{
		registry: registry{options: opts, namespaces: newDirectory(), foreign: map[[2]string]*kind{}},
		odd:      map[remark]bool{},
	}
	s.inputs = make([]*fileIndex, len(files))
	if err := s.indexAll(ctx, files); err != nil {
		return nil, err
	}
	if err := s.complaints(paths); err != nil {
		return nil, err
	}
	return s, nil
}

// indexAll indexes the files, several at a time.
func (s *Source) indexAll(ctx context.Context, files []*named) error {
	return parallel(ctx, len(files), func() func(int) error {
		c := newClerk(&s.registry)
		var buffer []byte
		return func(i int) error {
			in, from, err := openInput(files[i], s.options.Stdin)
			if err != nil {
				return err
			}
			defer from.Close()
			s.inputs[i], buffer = sweepInput(c, in, from, buffer)
			return nil
		}
	})
}

// parallel calls a function for the numbers below n, on as many processors as there are. Each
// goroutine gets its own function from each. Of several errors it returns that of the lowest
// number.
func parallel(ctx context.Context, n int, each func() func(int) error) error {
	errs := make([]error, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			do := each()
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				errs[i] = do(i)
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// complaints returns what is wrong with the files as far as the index tells.
func (s *Source) complaints(paths []string) error {
	var faults []*Error
	holds, blank, others := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, index := range s.inputs {
		blank[index.in.path] = index.in.blank()
		faults = append(faults, index.faults...)
		if len(index.skipped) > 0 {
			for _, root := range index.in.roots {
				others[root] = true
			}
		}
		if index.objects > 0 {
			for _, root := range index.in.roots {
				holds[root] = true
			}
		}
	}
	faults = append(faults, s.duplicates()...)
	if len(faults) > 0 {
		slices.SortStableFunc(faults, (*Error).compare)
		return joinErrors(faults[:min(len(faults), mostErrors)], len(faults) > mostErrors)
	}
	var empty []error
	for _, p := range paths {
		if !holds[p] && (len(holds) == 0 || !others[p]) { // what is skipped beside objects is only counted
			empty = append(empty, nothingIn(p, blank[p], s.templatesUnder(p)))
		}
	}
	if len(empty) == 1 {
		return empty[0]
	}
	return errors.Join(empty...)
}

// Placed returns the objects that name no namespace and are in that of Options.Namespace, in the
// order of the files.
func (s *Source) Placed() []cluster.Ref {
	var refs []cluster.Ref
	for _, index := range s.inputs {
		for i := range index.entries {
			if e := &index.entries[i]; e.placed && e.kind != nil {
				refs = append(refs, s.reference(e))
			}
		}
	}
	return refs
}
