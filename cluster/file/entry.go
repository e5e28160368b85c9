package file

import (
	"strings"
	"sync"

	"github.com/netpol-doctor/netpol-doctor/cluster"
)

// entry is an object in the index: whose it is and where it is, but not what is in it.
type entry struct {
	kind      *kind
	name      string
	start     int64
	size      uint32
	line      uint32
	namespace uint32 // number in the directory of namespaces
	form      form
	placed    bool // in its namespace by Options.Namespace: it names none
	// inner is set for an object inside of what start and size span.
	inner *inner
}

// inner is an object that has no bytes of its own in the file, such as an item of a list that
// the quick look was not sure of.
type inner struct {
	json []byte
	path []int // to the object, from what holds it
}

// form is how an object is written.
type form uint8

const (
	yamlDocument form = iota
	yamlItem          // starts with the dash of a block sequence
	jsonDocument
)

// isolate makes a document of an item: its bytes with the dash blanked out. It changes b.
func (f form) isolate(b []byte) []byte {
	if f == yamlItem {
		for i := range b {
			if b[i] == '-' {
				b[i] = ' '
				break
			}
		}
	}
	return b
}

// directory gives every name a number. Several goroutines may ask for numbers, and when they are
// done, for names.
type directory struct {
	mu      sync.Mutex
	numbers map[string]uint32
	names   []string
}

func newDirectory() *directory { return &directory{numbers: map[string]uint32{}} }

func (d *directory) number(name string) uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, ok := d.numbers[name]
	if !ok {
		n = uint32(len(d.names))
		d.numbers[name] = n
		d.names = append(d.names, name)
	}
	return n
}

func (d *directory) name(number uint32) string { return d.names[number] }

// reference names an entry's object.
func (s *Source) reference(e *entry) cluster.Ref {
	return cluster.Ref{APIVersion: e.kind.apiVersion, Kind: e.kind.kind, Namespace: s.namespaces.name(e.namespace), Name: e.name}
}

// stringBox makes strings that share their memory, for many that live as long.
type stringBox struct{ b strings.Builder }

const boxSize = 64 << 10

func (x *stringBox) put(text []byte) string {
	if x.b.Cap()-x.b.Len() < len(text) {
		x.b = strings.Builder{}
		x.b.Grow(max(boxSize, len(text)))
	}
	start := x.b.Len()
	x.b.Write(text)
	return x.b.String()[start:]
}
