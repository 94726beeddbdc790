package ingest

import (
	"context"
	"io"
)

// ahead reads a source on a goroutine of its own, a few blocks ahead of the
// consumer. Its Read returns when the context ends, even while the source has
// nothing to give, which no reader of standard input or of a pipe can promise.
type ahead struct {
	ctx    context.Context
	full   chan block
	empty  chan []byte
	done   chan struct{} // closed by the consumer
	exited chan struct{} // closed by the goroutine
	left   bool

	current block
	at      int
}

// block is what one Read of the source gave.
type block struct {
	b   []byte
	err error
}

const blocksAhead = 4

// filled reads until there is no room: an unpacker gives 32 kB at a time, and
// handing over so little costs as much as parsing it.
type filled struct{ r io.Reader }

func (f filled) Read(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = f.r.Read(p[n:])
		n += more
	}
	return n, err
}

func newAhead(ctx context.Context, r io.Reader) *ahead {
	a := &ahead{
		ctx:    ctx,
		full:   make(chan block, blocksAhead),
		empty:  make(chan []byte, blocksAhead),
		done:   make(chan struct{}),
		exited: make(chan struct{}),
	}
	for range blocksAhead {
		a.empty <- make([]byte, bufferSize)
	}
	go a.run(r)
	return a
}

func (a *ahead) run(r io.Reader) {
	defer close(a.exited)
	for {
		select {
		case <-a.done:
			return
		case b := <-a.empty:
			n, err := r.Read(b)
			a.full <- block{b[:n], err} // there is room for every block
			if err != nil {
				return
			}
		}
	}
}

func (a *ahead) Read(p []byte) (int, error) {
	if a.at == len(a.current.b) {
		if a.current.err != nil {
			return 0, a.current.err
		}
		if a.current.b != nil {
			a.empty <- a.current.b[:cap(a.current.b)]
		}
		a.current, a.at = block{}, 0
		select {
		case a.current = <-a.full:
		case <-a.ctx.Done():
			return 0, a.ctx.Err()
		}
	}
	n := copy(p, a.current.b[a.at:])
	a.at += n
	if a.at == len(a.current.b) {
		return n, a.current.err
	}
	return n, nil
}

// leave ends reading. It does not wait for a read of the source that is under
// way.
func (a *ahead) leave() {
	if !a.left {
		a.left = true
		close(a.done)
	}
}

// wait ends reading after the read that is under way.
func (a *ahead) wait() {
	a.leave()
	<-a.exited
}
