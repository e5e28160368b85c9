package file

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// remark is something to say about an object. Where in the file it is found out only when it is
// really said, because for that the object is parsed once more.
type remark struct {
	in      *input
	entry   *entry
	field   string
	message string
	line    int // in the file, where it is known already
}

// compare orders remarks as their objects are in the files.
func (r remark) compare(o remark) int {
	return cmp.Or(
		cmp.Compare(r.in.name, o.in.name),
		cmp.Compare(r.entry.line, o.entry.line),
		cmp.Compare(r.entry.start, o.entry.start),
		cmp.Compare(r.field, o.field),
		cmp.Compare(r.message, o.message),
	)
}

// place says where a remark belongs.
func (s *Source) place(r remark) *Error {
	line := r.line
	if line == 0 {
		line, _ = s.fieldLine(r.in, r.entry, r.field)
	}
	return &Error{File: r.in.name, Line: line, Object: s.reference(r.entry), Field: r.field, Message: r.message}
}

// say places the first of some remarks, and tells how many there are beyond.
func (s *Source) say(remarks []remark, most int) (said []*Error, more int) {
	slices.SortFunc(remarks, remark.compare)
	for _, r := range remarks[:min(most, len(remarks))] {
		said = append(said, s.place(r))
	}
	slices.SortStableFunc(said, (*Error).compare)
	return said, max(0, len(remarks)-most)
}

// mostWarnings is how many warnings are given.
const mostWarnings = 20

// Warnings returns what was noticed so far that is no error: documents that were skipped, and
// what is odd about objects that were read, in the order of the files.
func (s *Source) Warnings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	if t := templateText(s.templates()); t != "" {
		all = append(all, t+", and the answer is about the objects that are there; "+rendered)
	}
	if t := s.skipped(); t != "" {
		all = append(all, t)
	}
	var remarks []remark
	for r := range s.odd {
		remarks = append(remarks, r)
	}
	said, more := s.say(remarks, mostWarnings)
	for _, e := range said {
		text := fmt.Sprintf("%s: %s", where(e.File, e.Line), e.Object)
		if e.Field != "" {
			text += ": " + e.Field
		}
		all = append(all, oneLine(text+": "+e.Message))
	}
	if more > 0 {
		all = append(all, fmt.Sprintf("and %d more warnings", more))
	}
	return all
}

// warn notes something odd about an object that is no error.
func (s *Source) warn(r remark) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.odd[r] = true
}

// skipped says how many documents are no Kubernetes objects, and where the first of them is.
func (s *Source) skipped() string {
	count, first := 0, ""
	for _, index := range s.inputs {
		if count == 0 && len(index.skipped) > 0 {
			first = where(index.in.name, index.skipped[0])
		}
		count += len(index.skipped)
	}
	switch count {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("skipped 1 document that is not a Kubernetes object (%s)", first)
	}
	return fmt.Sprintf("skipped %d documents that are not Kubernetes objects (first: %s)", count, first)
}

// remarksOn turns the errors of a validation into remarks, of which only the first can be said.
func (d *decoding) remarksOn(errs field.ErrorList) []remark {
	var out []remark
	for _, e := range errs {
		out = append(out, d.remark(e.Field, e.ErrorBody()))
	}
	slices.SortFunc(out, remark.compare)
	out = slices.Compact(out)
	return out[:min(len(out), mostErrors+1)]
}
