package lab

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// unjoin copies k6's samples without their metadata: what a run looks like when
// it comes from where samples have tags alone, as from InfluxDB. Nothing then
// tells which server time is of which request.
func unjoin(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w := bufio.NewWriter(out)
	if err := withoutMetadata(in, w); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return w.Flush()
}

func withoutMetadata(in io.Reader, out io.Writer) error {
	from, to := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var line struct {
			Metric string                     `json:"metric"`
			Type   string                     `json:"type"`
			Data   map[string]json.RawMessage `json:"data"`
		}
		switch err := from.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		delete(line.Data, "metadata")
		if err := to.Encode(line); err != nil {
			return err
		}
	}
}
