package file

import "bytes"

// noted is what came of one object.
type noted struct {
	entry   entry // its kind is nil when it is not to be read
	fault   *Error
	skipped bool    // it is not a Kubernetes object
	unnamed *header // its kind is that of the list it is in; it owns its texts
	// template is what a skipped document is a template of, or empty.
	template string
}

// keep takes what came of an object into the index.
func (s *sweep) keep(n noted) {
	if n.template != "" {
		s.index.templates = append(s.index.templates, template{int(n.entry.line), n.template})
		return
	}
	if n.skipped || n.unnamed != nil {
		s.index.skipped = append(s.index.skipped, int(n.entry.line))
		return
	}
	s.index.objects++
	if n.fault != nil {
		s.index.faults = append(s.index.faults, n.fault)
	}
	if n.entry.kind != nil {
		s.index.entries = append(s.index.entries, n.entry)
	}
}

// object takes in a document that the quick look is sure of.
func (s *sweep) object(g *sighting, form form, b []byte) {
	at := s.place(g.start)
	if g.header.odd {
		s.parsed(b, form, at, s.keep)
		return
	}
	n := s.note(&g.header, s.entryAt(form, at, len(b)))
	n.skipped = n.skipped || n.unnamed != nil
	s.keep(n)
}

// entryAt is an entry for an object that was not looked at yet.
func (s *sweep) entryAt(form form, at place, size int) entry {
	return entry{form: form, start: at.offset, line: uint32(at.line), size: uint32(size)}
}

// note decides what comes of an object by its header.
func (s *sweep) note(h *header, e entry) noted {
	switch {
	case len(h.kind) == 0 && len(h.apiVersion) == 0:
		return noted{entry: e, unnamed: &header{
			namespace:    bytes.Clone(h.namespace),
			name:         bytes.Clone(h.name),
			generateName: bytes.Clone(h.generateName),
		}}
	case !h.isObject():
		return noted{entry: e, skipped: true}
	case h.isTemplate():
		return noted{entry: e, skipped: true, template: s.templateKind(string(h.apiVersion), string(h.kind))}
	}
	filed, fault := s.file(h, e)
	if fault != nil {
		fault.File, fault.Line = s.in.name, int(e.line)
	}
	return noted{entry: filed, fault: fault}
}

// parsed takes in what the real parser finds in bytes of the input.
func (s *sweep) parsed(b []byte, form form, at place, keep func(noted)) {
	if form == yamlItem {
		b = form.isolate(bytes.Clone(b))
	}
	objects, p := parse(b)
	if p != nil {
		n := s.unreadable(at.line, p, looksLikeObject(b))
		if n.skipped {
			n.template = s.templateOf(b)
		}
		keep(n)
		return
	}
	if len(objects) == 0 {
		keep(noted{entry: s.entryAt(form, at, len(b)), skipped: true})
	}
	for i := range objects {
		o := &objects[i]
		e := s.entryAt(form, at, len(b))
		e.line = uint32(at.line + o.line)
		if o.isJSON {
			e.form, e.start, e.size = jsonDocument, at.offset+int64(o.start), uint32(o.end-o.start)
		} else if form == jsonDocument {
			e.form = yamlDocument // in flow style
		}
		if o.path != nil {
			e.inner = &inner{json: o.json, path: o.path}
		}
		n := s.note(&o.header, e)
		if n.entry.kind != nil && o.path != nil {
			n.entry.inner.json = bytes.Clone(o.json) // not the whole list
		}
		if o.wrong.message != "" && (n.entry.kind != nil || n.fault != nil) {
			n.fault = &Error{File: s.in.name, Line: at.line + o.wrong.line, Field: o.wrong.field, Message: o.wrong.message}
			n.entry.kind = nil
		}
		keep(n)
	}
}

// unreadable decides about a document that could not be parsed. Unless it may be an object it is
// skipped, like all that is none.
func (s *sweep) unreadable(line int, p *problem, object bool) noted {
	if !object {
		return noted{entry: entry{line: uint32(line)}, skipped: true}
	}
	return noted{fault: &Error{File: s.in.name, Line: line + p.line, Field: p.field, Message: p.message}}
}

// binary decides about an input that is not text.
func (s *sweep) binary() {
	if s.in.explicit() {
		s.index.faults = append(s.index.faults, &Error{File: s.in.name, Message: "this is a binary file; give YAML or JSON"})
		return
	}
	s.index.skipped = append(s.index.skipped, 1)
}

// looksLikeObject tells whether a text that is not understood may be a Kubernetes object. The
// template of one is none.
func looksLikeObject(b []byte) bool {
	return bytes.Contains(b, []byte("apiVersion")) && bytes.Contains(b, []byte("kind")) && !bytes.Contains(b, templateBraces)
}

// openList is a list that is being read. Whether it is one is known only at its end, because its
// kind may come after its items.
type openList struct {
	open    bool
	at      place
	items   []noted
	ignored int // items of kinds that are not read
}

func (l *openList) begin(at place) { *l = openList{open: true, at: at, items: l.items[:0]} }

// item notes an item of the open list.
func (s *sweep) item(g *sighting, b []byte) {
	form, at := yamlItem, s.place(g.start)
	if s.look.json {
		form = jsonDocument
	}
	add := func(n noted) {
		if n.entry.kind == nil && n.fault == nil && n.unnamed == nil && !n.skipped {
			s.list.ignored++
			return
		}
		s.list.items = append(s.list.items, n)
	}
	if _, isList := listKind(string(g.header.kind)); g.header.odd || isList {
		s.parsed(b, form, at, add)
		return
	}
	add(s.note(&g.header, s.entryAt(form, at, len(b))))
}

// endList takes the items of the open list into the index, if it is a list.
func (s *sweep) endList(g *sighting) {
	list := s.list
	s.list = openList{items: list.items[:0]}
	h := &g.header
	item, isList := listKind(string(h.kind))
	if h.odd || h.isObject() && !isList {
		s.reread(list.at, s.base+int64(s.at+g.end), true)
		return
	}
	if !h.isObject() {
		s.index.skipped = append(s.index.skipped, list.at.line)
		return
	}
	s.index.objects += 1 + list.ignored // an empty list says that there are none
	for _, n := range list.items {
		if n.unnamed != nil && item != "" {
			n.unnamed.apiVersion, n.unnamed.kind = h.apiVersion, []byte(item)
			n = s.note(n.unnamed, n.entry)
		}
		s.keep(n)
	}
}
