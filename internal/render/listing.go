package render

import (
	"fmt"
	"io"

	"k6report/internal/render/view"
)

// Listing writes sections without a verdict: what other verbs than those of a
// report show. Text is as safe as in [Terminal].
func Listing(w io.Writer, sections []view.Section, opts TerminalOptions) error {
	if opts.Width == 0 {
		opts.Width = DefaultWidth
	}
	opts.Width = min(max(opts.Width, leastWidth), mostWidth)
	t := &terminal{painter: newPainter(opts), opts: opts}
	for i, s := range sections {
		t.airy = i > 0
		if s.Title == "" && i == 0 && len(s.Lines) == 0 { // a table alone
			lines, err := t.table(s.Table, opts.Width)
			if err != nil {
				return fmt.Errorf("write the list: %w", err)
			}
			for _, l := range lines {
				t.line(0, l)
			}
			continue
		}
		if err := t.section(s); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
	}
	if _, err := io.WriteString(w, t.out.String()); err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	return nil
}
