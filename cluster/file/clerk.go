package file

import (
	"bytes"
	"fmt"
	"sync"
)

// registry is what all clerks share: the kinds that were met and the names of namespaces.
type registry struct {
	options    Options
	namespaces *directory
	mu         sync.Mutex
	foreign    map[[2]string]*kind
}

// clerk decides what is done with an object, by its header. Each goroutine has its own.
type clerk struct {
	*registry
	kinds   map[string]classified
	numbers map[string]uint32 // of namespaces
	names   stringBox
	scratch []byte
}

// classified is what is known of an API version and kind.
type classified struct {
	kind *kind
	use  *kind // the kind to use instead of a version that is not read
}

func newClerk(r *registry) *clerk {
	return &clerk{registry: r, kinds: map[string]classified{}, numbers: map[string]uint32{}}
}

// classify tells what an object of that kind is to us.
func (c *clerk) classify(apiVersion, name []byte) classified {
	c.scratch = append(append(append(c.scratch[:0], apiVersion...), 0), name...)
	known, ok := c.kinds[string(c.scratch)]
	if !ok {
		known = c.lookUp(string(apiVersion), string(name))
		c.kinds[string(c.scratch)] = known
	}
	return known
}

func (c *clerk) lookUp(apiVersion, name string) classified {
	for _, k := range c.readable() {
		if k.apiVersion == apiVersion && k.kind == name {
			return classified{kind: k}
		}
	}
	if c.options.Foreign != nil && c.options.Foreign(apiVersion, name) {
		return classified{kind: c.foreignKind(apiVersion, name)}
	}
	return classified{use: c.successor(apiVersion, name)}
}

// foreignKind returns the one value that stands for a kind of another layer.
func (c *clerk) foreignKind(apiVersion, name string) *kind {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := [2]string{apiVersion, name}
	k := c.registry.foreign[key]
	if k == nil {
		k = &kind{apiVersion: apiVersion, kind: name, foreign: true}
		k.namespaced = c.options.Namespaced != nil && c.options.Namespaced(apiVersion, name)
		c.registry.foreign[key] = k
	}
	return k
}

// namespaceOf returns the namespace that an object of a kind is in.
func (c *clerk) namespaceOf(k *kind, namespace []byte) []byte {
	switch {
	case k.foreign && c.options.Namespaced == nil: // the object tells
	case !k.namespaced:
		return nil
	case len(namespace) == 0:
		return []byte(c.options.Namespace)
	}
	return namespace
}

func (c *clerk) number(namespace []byte) uint32 {
	n, ok := c.numbers[string(namespace)]
	if !ok {
		n = c.registry.namespaces.number(string(namespace))
		c.numbers[string(namespace)] = n
	}
	return n
}

// file makes an entry that says whose it is. Its kind stays nil when the object is of a kind that
// is not read, or at fault.
func (c *clerk) file(h *header, e entry) (entry, *Error) {
	class := c.classify(h.apiVersion, h.kind)
	if class.kind == nil && len(h.namespace) > 0 {
		c.number(h.namespace) // the object is not read, but its namespace is there
	}
	if class.use != nil {
		message := fmt.Sprintf("%s %s is not read; write it as %s", h.apiVersion, h.kind, class.use.apiVersion)
		if class.use.kind != string(h.kind) {
			message = fmt.Sprintf("there is no kind %s in %s; it is called %s", h.kind, h.apiVersion, class.use.kind)
		}
		return e, &Error{Message: message}
	}
	if class.kind == nil {
		return e, nil
	}
	namespace := c.namespaceOf(class.kind, h.namespace)
	e.namespace = c.number(namespace)
	if only := class.kind.only; only != "" && only != string(namespace)+"/"+string(h.name) {
		return e, nil
	}
	e.placed = len(namespace) > 0 && len(h.namespace) == 0
	switch {
	case len(h.name) > 0:
		e.name = c.names.put(h.name)
	case len(h.generateName) > 0:
		// The API server adds five characters. Nobody can know them; these are none that it
		// would give, and yet valid.
		e.name = string(h.generateName) + "xxxxx"
	default:
		return e, &Error{Field: "metadata.name", Message: fmt.Sprintf("this %s has no name", h.kind)}
	}
	e.kind = class.kind
	return e, nil
}

var templateBraces = []byte("{{")

// isTemplate tells whether a header has parts that a template engine was to fill in.
func (h *header) isTemplate() bool {
	return bytes.Contains(h.name, templateBraces) || bytes.Contains(h.namespace, templateBraces) || bytes.Contains(h.kind, templateBraces)
}

// isObject tells whether the header is that of a Kubernetes object.
func (h *header) isObject() bool { return len(h.apiVersion) > 0 && len(h.kind) > 0 }
