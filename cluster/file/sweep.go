package file

import (
	"bytes"
	"io"
	"slices"
)

// sweep goes through one input from its start to its end and makes the index of it.
type sweep struct {
	*clerk
	in    *input
	from  io.Reader
	look  look
	b     []byte // what is in memory of the input
	at    int    // the first byte of b that is still needed
	base  int64  // where b starts in the input
	line  int    // the line that b[at] is in, from 1
	atEOF bool
	err   error // of reading
	list  openList
	index *fileIndex
}

// place is a position in an input.
type place struct {
	offset int64
	line   int
}

// fileIndex is the index of one input.
type fileIndex struct {
	in      *input
	entries []entry
	objects int   // Kubernetes objects of any kind
	skipped []int // lines of documents that are not Kubernetes objects
	faults  []*Error
	// templates are skipped too, but would be objects once they are filled in.
	templates []template
}

// windowSize is how much of an input is in memory at a time, unless an object is larger.
const windowSize = 256 << 10

// sweepInput indexes an input. The buffer is used for it, and returned for the next.
func sweepInput(c *clerk, in *input, from io.Reader, buffer []byte) (*fileIndex, []byte) {
	if cap(buffer) < windowSize || cap(buffer) > 4*windowSize {
		buffer = make([]byte, 0, windowSize)
	}
	s := &sweep{clerk: c, in: in, from: from, b: buffer[:0], line: 1, index: &fileIndex{in: in}}
	s.run()
	if s.err != nil {
		s.index.faults = append(s.index.faults, &Error{File: in.name, Message: cause(s.err)})
	}
	return s.index, s.b
}

func (s *sweep) run() {
	s.fill()
	if bytes.IndexByte(s.b[:min(len(s.b), 8000)], 0) >= 0 {
		s.binary()
		return
	}
	if bytes.HasPrefix(s.b, byteOrderMark) {
		s.at = len(byteOrderMark)
	}
	for s.err == nil {
		w := window{s.b[s.at:], s.atEOF}
		g := s.look.quickLook(w)
		if g.opens {
			s.list.begin(s.place(g.opened))
		}
		switch g.what {
		case theEnd:
			return
		case notSure:
			s.undecided(g.start)
			continue
		case moreNeeded:
			if s.advance(g.rest); len(s.b)-s.at > largest || s.atEOF {
				s.undecided(0)
			} else {
				s.fill()
			}
			continue
		case anItem:
			s.item(&g, w.b[g.start:g.end])
		case aDocument:
			form := yamlDocument
			if w.b[g.start] == '{' {
				form = jsonDocument
			}
			s.object(&g, form, w.b[g.start:g.end])
		case aList:
			s.endList(&g)
		}
		s.advance(g.rest)
	}
}

// place is where the byte at i of the window is in the input.
func (s *sweep) place(i int) place {
	return place{s.base + int64(s.at+i), s.line + bytes.Count(s.b[s.at:s.at+i], newline)}
}

// advance gives up the first n bytes of the window.
func (s *sweep) advance(n int) {
	s.line += bytes.Count(s.b[s.at:s.at+n], newline)
	s.at += n
}

// fill adds to the window what comes next in the input.
func (s *sweep) fill() {
	if s.at > 0 {
		n := copy(s.b, s.b[s.at:])
		s.base += int64(s.at)
		s.b, s.at = s.b[:n], 0
	}
	if len(s.b) == cap(s.b) {
		s.b = slices.Grow(s.b, len(s.b))
	}
	for s.err == nil && !s.atEOF && len(s.b) < cap(s.b) {
		n, err := s.from.Read(s.b[len(s.b):cap(s.b)])
		s.b = s.b[:len(s.b)+n]
		switch {
		case err == io.EOF:
			s.atEOF = true
		case err != nil:
			s.err = err
		case s.in.regular && s.base+int64(len(s.b)) >= s.in.size:
			s.atEOF = true // no need to be told
		}
	}
}

// undecided lets the real parser read the document that is not clear at i of the window. It ends
// at the next line that can end a document, whatever is in it.
func (s *sweep) undecided(i int) {
	s.look = look{}
	start := s.place(i)
	if s.list.open {
		start = s.list.at
		s.list = openList{}
	}
	s.advance(i)
	object := looksLikeObject(s.b[s.at:min(len(s.b), s.at+4096)])
	if s.toSeparator(start) {
		s.reread(start, s.base+int64(s.at), object)
	}
}

// reread lets the real parser read a document that lies before what is still to be read. One that
// is too large for that is an error if it may be an object.
func (s *sweep) reread(start place, end int64, object bool) {
	if end-start.offset > largest {
		s.keep(s.unreadable(start.line, tooLarge(), object))
		return
	}
	if start.offset >= s.base {
		s.parsed(s.b[start.offset-s.base:end-s.base], yamlDocument, start, s.keep)
		return
	}
	again, err := s.in.again()
	if err != nil {
		s.err = err
		return
	}
	defer again.close()
	data, err := again.read(start.offset, end)
	if err != nil {
		s.err = err
		return
	}
	s.parsed(data, yamlDocument, start, s.keep)
}

// toSeparator gives up the window up to the end of the document whose start is given. The line
// it is called at is not taken for a separator.
func (s *sweep) toSeparator(start place) bool {
	from, inLine := 0, true // what was looked at already, and whether that ends within a line
	for s.err == nil {
		w := window{s.b[s.at:], s.atEOF}
		if inLine {
			k := bytes.IndexByte(w.b[from:], '\n')
			switch {
			case k >= 0:
				from, inLine = from+k+1, false
			case w.last:
				s.advance(len(w.b))
				return true
			default:
				from = len(w.b)
			}
		}
		if !inLine {
			if k := w.separator(from); k >= 0 {
				s.advance(k)
				return true
			}
			// The last line is no separator either, if enough of it is there to tell.
			if from = max(from, bytes.LastIndexByte(w.b, '\n')+1); len(w.b)-from >= 4 {
				from, inLine = len(w.b), true
			}
		}
		if s.base+int64(len(s.b))-start.offset > largest { // it will not be parsed
			s.advance(from)
			from = 0
		}
		s.fill()
	}
	return false
}
