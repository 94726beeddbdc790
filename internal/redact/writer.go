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
	most int  // bytes that are held back, beside the longest value
	line bool // what is held back begins a line
	// hiding says that what comes is dropped up to the end of the line: it may
	// belong to a secret of which more was held back than is sensible.
	hiding bool
}

// mostHeld bounds what is held back: no token is that long, nor is a word.
const mostHeld = 64 << 10

// Writer returns a Writer to another.
func (r *Redactor) Writer(to io.Writer) *Writer {
	return &Writer{r: r, to: to, most: mostHeld, line: true}
}

const (
	blanks   = " \n\r\t"
	lineEnds = "\n\r"
)

// unfinished is what ends amid anything that is masked, but for headers, or so that
// more of it may follow.
var unfinished = regexp.MustCompile(`(?i)(?:` + strings.Join([]string{
	`\\+["']?`, `\\(?:u[0-9a-f]{0,4})`, // the beginning of what is escaped
	begin + `[\w-]{0,20}`, // the beginning of a mark or of a header's name
	begin + `gl[a-z]{2,6}-[\w.-]*`, begin + `gh[opusr]_\w*`, begin + `github_pat_\w*`, begin + `glsa_\w*`, begin + `glc_[\w=+/-]*`, begin + `xox[abprs]-[\w-]*`, begin + `eyJ[\w.-]*`,
	`\w(?::(?:/(?:/` + userInfoText + `*)?)?)?`,
	`(?:[?&;]|\\u0026)[\w.-]*`, parameterName + parameterText + `*`,
}, "|") + `)$`)

// begin is what may stand before a word and tells something of it.
const begin = `(?:\\*["']|\b|` + escaped + `)`

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
	cut := w.whole(bytes.LastIndexAny(w.held, blanks) + 1)
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
	if at := w.openHeader(w.held); at >= 0 {
		cut = min(cut, at)
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
func (w *Writer) whole(cut int) int {
	text := w.held
	for cut > 0 {
		to := w.r.back(text, cut, func(value string) bool { return strings.ContainsAny(value, blanks) })
		if at := w.openHeader(text[:to]); at >= 0 {
			to = at
		}
		if to == cut {
			return cut
		}
		cut = bytes.LastIndexAny(text[:to], blanks) + 1 // a word stays whole
	}
	return 0
}

// openHeader is where the first header begins of which more may follow; -1 for none.
// What is known is masked before headers are, so a header may hold ends of lines.
func (w *Writer) openHeader(text []byte) int {
	known := w.r.known(string(text))
	at := openHeader(known, w.line)
	if at < 0 || len(known) == len(text) && known == string(text) {
		return at
	}
	for _, raw := range headerNames.FindAllIndex(text, -1) {
		if w.r.known(string(text[raw[0]:])) == known[at:] {
			return raw[0]
		}
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
	text := patterns(w.r.known(string(w.held[:n])), w.line)
	w.line = strings.IndexByte(lineEnds, w.held[n-1]) >= 0
	w.held = append(w.held[:0], w.held[n:]...)
	_, err := io.WriteString(w.to, text)
	return err
}

// Masked writes to where the Writer does, for what was masked before it was made into
// a text; what is held back comes first.
func (w *Writer) Masked() io.Writer { return masked{w} }

type masked struct{ w *Writer }

func (m masked) Write(p []byte) (int, error) {
	if err := m.w.Flush(); err != nil {
		return 0, err
	}
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	return m.w.to.Write(p)
}

// Flush writes what is held back.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pass(len(w.held))
}
