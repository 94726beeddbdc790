package redact

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"sync"
)

// Writer masks what is written through it as [Redactor.Text] does, however it is
// cut into pieces. What could be the beginning of a secret is held back, usually
// until the next white space; Flush writes it.
type Writer struct {
	mu   sync.Mutex
	r    *Redactor
	to   io.Writer
	held []byte
	most int // bytes that are held back, beside the longest value
	// hiding says that what comes is dropped up to the end of the line: it may
	// belong to a secret of which more was held back than is sensible.
	hiding bool
}

// mostHeld bounds what is held back: no token is that long, nor is a word.
const mostHeld = 64 << 10

// Writer returns a Writer to another.
func (r *Redactor) Writer(to io.Writer) *Writer { return &Writer{r: r, to: to, most: mostHeld} }

const (
	blanks   = " \n\r\t"
	lineEnds = "\n\r"
)

var (
	// What ends amid a header, behind a blank.
	unfinishedHeader = regexp.MustCompile(`(?i)` + headerName + headerBefore + `(?:[:=]` + headerAfter + `(?:` + headerScheme + `[ \t]*)?)?$`)
	// What ends amid anything that is masked, or so that more of it may follow.
	unfinished = regexp.MustCompile(`(?i)(?:` + strings.Join([]string{
		`\b[\w-]{1,20}`, // the beginning of a mark or of a header's name
		`\bgl[a-z]{2,6}-[\w.-]*`, `\bgh[opusr]_\w*`, `\bgithub_pat_\w*`, `\bglsa_\w*`, `\bglc_[\w=+/-]*`, `\bxox[abprs]-[\w-]*`, `\beyJ[\w.-]*`,
		`\w(?::(?:/(?:/` + userInfoText + `*)?)?)?`,
		`[?&;][\w.-]*`, parameterName + parameterText + `*`,
		headerName + headerBefore, headerName + headerBefore + `[:=]` + headerAfter + `(?:` + headerScheme + `[ \t]+)?` + headerText + `*`,
	}, "|") + `)$`)
)

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = append(w.held, p...)
	if w.hiding {
		end := bytes.IndexAny(w.held, lineEnds)
		if end < 0 {
			w.held = w.held[:0]
			return len(p), nil
		}
		w.held, w.hiding = append(w.held[:0], w.held[end:]...), false
	}
	cut := w.r.whole(w.held, bytes.LastIndexAny(w.held, blanks)+1)
	if len(w.held)-cut <= w.bound() {
		return len(p), w.pass(cut)
	}
	return len(p), w.overflow()
}

// bound is how much is held back at most: a value is not hidden before it is
// whole, for it may have ends of lines in it.
func (w *Writer) bound() int {
	if w.r == nil || len(w.r.values) == 0 {
		return w.most
	}
	return w.most + len(w.r.values[0])
}

// overflow passes on as much of an endless word as is no beginning of a secret.
// Where all of it may be, it and the rest of its line are hidden.
func (w *Writer) overflow() error {
	cut := len(w.held)
	if at := unfinished.FindIndex(w.held); at != nil {
		cut = at[0]
	}
	cut = w.r.back(w.held, cut, func(string) bool { return true })
	if len(w.held)-cut <= w.bound() {
		return w.pass(cut)
	}
	err := w.pass(cut)
	w.held, w.hiding = w.held[:0], true
	if err == nil {
		_, err = io.WriteString(w.to, Mask)
	}
	return err
}

// whole moves a cut behind white space back until no secret with white space in
// it is cut, nor what may become one.
func (r *Redactor) whole(text []byte, cut int) int {
	for cut > 0 {
		to := r.back(text, cut, func(value string) bool { return strings.ContainsAny(value, blanks) })
		line := bytes.LastIndexAny(text[:to], lineEnds) + 1
		if at := unfinishedHeader.FindIndex(text[line:to]); at != nil {
			to = line + at[0]
		}
		if to == cut {
			return cut
		}
		cut = bytes.LastIndexAny(text[:to], blanks) + 1 // a word stays whole
	}
	return 0
}

// back moves a cut out of the values of some kind, or out of what may become one.
func (r *Redactor) back(text []byte, cut int, kind func(value string) bool) int {
	if r == nil {
		return cut
	}
	for moved := true; moved; {
		moved = false
		for _, v := range r.values {
			if !kind(v) {
				continue
			}
			for from := max(0, cut-len(v)+1); from < cut; from++ {
				if tail := text[from:min(len(text), from+len(v))]; string(tail) == v[:len(tail)] {
					cut, moved = from, true
				}
			}
		}
	}
	return cut
}

func (w *Writer) pass(n int) error {
	if n == 0 {
		return nil
	}
	text := w.r.Text(string(w.held[:n]))
	w.held = append(w.held[:0], w.held[n:]...)
	_, err := io.WriteString(w.to, text)
	return err
}

// Flush writes what is held back.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pass(len(w.held))
}
