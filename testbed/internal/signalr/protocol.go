package signalr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// separator ends every record of SignalR's JSON protocol.
const separator = 0x1e

// Message types of the protocol that this server knows.
const (
	typeInvocation       = 1
	typeCompletion       = 3
	typeStreamInvocation = 4
	typeCancelInvocation = 5
	typePing             = 6
	typeClose            = 7
)

// handshakeRequest is the first record of a client.
type handshakeRequest struct {
	Protocol string `json:"protocol"`
	Version  int    `json:"version"`
}

// handshakeResponse answers it; no error means that records may follow.
type handshakeResponse struct {
	Error string `json:"error,omitempty"`
}

// incoming is any record of a client after the handshake.
type incoming struct {
	Type         int               `json:"type"`
	InvocationID string            `json:"invocationId"` // "" when no answer is wanted
	Target       string            `json:"target"`
	Arguments    []json.RawMessage `json:"arguments"`
	Error        string            `json:"error"`
}

type invocation struct {
	Type      int    `json:"type"`
	Target    string `json:"target"`
	Arguments []any  `json:"arguments"`
}

// completion answers an invocation with a result or an error, never both.
type completion struct {
	Type         int    `json:"type"`
	InvocationID string `json:"invocationId"`
	Result       any    `json:"result,omitempty"`
	Error        string `json:"error,omitempty"`
}

type ping struct {
	Type int `json:"type"`
}

type closing struct {
	Type           int    `json:"type"`
	Error          string `json:"error,omitempty"`
	AllowReconnect bool   `json:"allowReconnect,omitempty"`
}

// encode makes a record.
func encode(message any) ([]byte, error) {
	text, err := json.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("encode a hub message: %w", err)
	}
	return append(text, separator), nil
}

// errTooLong says that a record doesn't end.
var errTooLong = errors.New("a hub message is too long")

// splitter cuts what arrives into records. One websocket message may hold
// several records, and a record may be spread over several.
type splitter struct {
	limit int // of one record, in bytes
	rest  []byte
}

// feed answers the records that data completes. They are valid until the next
// call.
func (s *splitter) feed(data []byte) ([][]byte, error) {
	buffer := data
	if len(s.rest) > 0 {
		buffer = append(s.rest, data...)
	}
	var records [][]byte
	for {
		record, rest, found := bytes.Cut(buffer, []byte{separator})
		if !found {
			break
		}
		if len(record) > s.limit {
			return nil, errTooLong
		}
		records = append(records, record)
		buffer = rest
	}
	if len(buffer) > s.limit {
		return nil, errTooLong
	}
	s.rest = bytes.Clone(buffer)
	return records, nil
}
