package file

import (
	"bytes"
	"io"
	"os"
	"time"
)

// input is one file, or standard input. What can be read again is not kept.
type input struct {
	named
	name    string // as shown
	kept    *chunks
	regular bool // its size is known, and it can be read again
	size    int64
	time    time.Time
}

// chunks is what was read of an input that cannot be read again.
type chunks struct {
	from io.Reader
	all  [][]byte // each of chunkSize, the last perhaps shorter
}

const chunkSize = 1 << 20

// Read reads what comes next and keeps it.
func (c *chunks) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	for b := p[:n]; len(b) > 0; {
		if last := len(c.all) - 1; last < 0 || len(c.all[last]) == chunkSize {
			c.all = append(c.all, make([]byte, 0, chunkSize))
		}
		last := &c.all[len(c.all)-1]
		part := b[:min(len(b), chunkSize-len(*last))]
		*last, b = append(*last, part...), b[len(part):]
	}
	return n, err
}

// ReadAt reads again what was kept.
func (c *chunks) ReadAt(p []byte, offset int64) (int, error) {
	read := 0
	for read < len(p) {
		i, within := int(offset)/chunkSize, int(offset)%chunkSize
		if i >= len(c.all) || within >= len(c.all[i]) {
			return read, io.EOF
		}
		n := copy(p[read:], c.all[i][within:])
		read += n
		offset += int64(n)
	}
	return read, nil
}

// openInput makes an input ready to be read from its start.
func openInput(n *named, stdin io.Reader) (*input, io.ReadCloser, error) {
	in := &input{named: *n, name: n.path}
	if n.path == "-" {
		in.name = standardInput
		if stdin == nil {
			stdin = bytes.NewReader(nil)
		}
		in.kept = &chunks{from: stdin}
		return in, io.NopCloser(in.kept), nil
	}
	f, err := os.Open(n.path)
	if err != nil {
		return in, nil, &Error{File: in.name, Message: cause(err)}
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return in, nil, &Error{File: in.name, Message: cause(err)}
	}
	if in.regular = info.Mode().IsRegular(); in.regular {
		in.size, in.time = info.Size(), info.ModTime()
		return in, f, nil
	}
	in.kept = &chunks{from: f} // a pipe: what was read is gone
	return in, readCloser{in.kept, f}, nil
}

// blank tells whether there is not one byte in it, once it was read.
func (in *input) blank() bool {
	if in.kept != nil {
		return len(in.kept.all) == 0
	}
	return in.size == 0
}

type readCloser struct {
	io.Reader
	io.Closer
}

// again opens the input for reading parts of it.
func (in *input) again() (*sections, error) {
	if in.kept != nil {
		return &sections{in: in, from: in.kept}, nil
	}
	f, err := os.Open(in.path)
	if err != nil {
		return nil, &Error{File: in.name, Message: cause(err)}
	}
	info, err := f.Stat()
	if err == nil && (info.Size() != in.size || !info.ModTime().Equal(in.time)) {
		err = &Error{File: in.name, Message: "the file was changed while it was being read; run the command again"}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &sections{in: in, from: f, file: f}, nil
}

// sections reads parts of an input.
type sections struct {
	in     *input
	from   io.ReaderAt
	file   io.Closer // nil where nothing was opened
	buffer []byte
}

// read returns the bytes from start to end. They are overwritten by the next read.
func (s *sections) read(start, end int64) ([]byte, error) {
	n := int(end - start)
	if cap(s.buffer) < n {
		s.buffer = make([]byte, n+n/2)
	}
	b := s.buffer[:n]
	if _, err := s.from.ReadAt(b, start); err != nil {
		return nil, &Error{File: s.in.name, Message: cause(err)}
	}
	return b, nil
}

func (s *sections) close() {
	if s.file != nil {
		_ = s.file.Close()
	}
}
