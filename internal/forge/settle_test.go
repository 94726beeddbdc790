package forge_test

import (
	"fmt"
	"strings"
	"testing"

	"k6report/internal/forge"
	"k6report/internal/forge/forgetest"
)

func note(pipeline int64, text string) forge.Note {
	return forge.Note{Key: "load", Pipeline: pipeline, JobName: "load-test", Body: text, Create: true}
}

// What a forge has to say is written once, and brought up to date.
func TestOneOfAKindIsKept(t *testing.T) {
	m, on := new(forgetest.Memory), *forgetest.Request("owner/name")
	silent := note(9, "fine")
	silent.Create = false
	for _, step := range []struct {
		note forge.Note
		want forge.Done
	}{
		{silent, forge.Skipped},
		{note(10, "slower"), forge.Created},
		{note(10, "slower"), forge.Unchanged},
		{note(11, "as before"), forge.Updated},
		{note(10, "slower"), forge.Left},
	} {
		if got, err := m.PublishNote(t.Context(), on, step.note); err != nil || got != step.want {
			t.Errorf("pipeline %d: %s, %v, want %s", step.note.Pipeline, got, err, step.want)
		}
	}
	if texts := m.Texts(); len(texts) != 1 || !strings.HasSuffix(texts[0].Body, "as before") {
		t.Errorf("%+v", texts)
	}
}

// A thread is resolved with its regression, and tells what that was.
func TestAThreadOutlivesItsRegression(t *testing.T) {
	m, on := new(forgetest.Memory), *forgetest.Request("owner/name")
	for _, step := range []struct {
		thread   forge.Thread
		want     forge.Done
		resolved bool
	}{
		{forge.Thread{Key: "load", Pipeline: 10, Regressed: []string{"order p(95)"}, Body: "order is slower"}, forge.Created, false},
		{forge.Thread{Key: "load", Pipeline: 11}, forge.Undecided, false},
		{forge.Thread{Key: "load", Pipeline: 12, Gone: true}, forge.Updated, true},
		{forge.Thread{Key: "load", Pipeline: 11, Regressed: []string{"order p(95)"}, Body: "late"}, forge.Left, true},
	} {
		got, err := m.PublishThread(t.Context(), on, step.thread)
		if texts := m.Texts(); err != nil || got != step.want || len(texts) != 1 || texts[0].Resolved != step.resolved || !strings.HasSuffix(texts[0].Body, "order is slower") {
			t.Errorf("pipeline %d: %s, %v, %+v", step.thread.Pipeline, got, err, texts)
		}
	}
}

// Of two pipelines that both find nothing, one note stays: the newer one's.
func TestARaceEndsWithOne(t *testing.T) {
	for _, other := range []int64{9, 11} {
		m, on := new(forgetest.Memory), *forgetest.Request("owner/name")
		publish := func(pipeline int64) {
			if got, err := m.PublishNote(t.Context(), on, note(pipeline, fmt.Sprintf("text %d", pipeline))); err != nil || got != forge.Created {
				t.Errorf("pipeline %d: %s, %v", pipeline, got, err)
			}
		}
		m.Meanwhile = func() { publish(other) }
		publish(10)
		if texts := m.Texts(); len(texts) != 1 || !strings.HasSuffix(texts[0].Body, fmt.Sprintf("text %d", max(other, 10))) {
			t.Errorf("beside pipeline %d: %+v", other, texts)
		}
	}
}
