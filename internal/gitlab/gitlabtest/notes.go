package gitlabtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

type mergeRequest struct {
	iid            int64
	state          string // opened, closed or merged
	source, target string
	did            []string // quick actions
	notes          []*Note
	// commits are those that it is of, for branch pipelines.
	commits []string
	added   int // of the project's merge requests, when
}

// Note is one on a merge request.
type Note struct {
	ID     int64
	Body   string
	Author int64
	System bool
	// Thread is the discussion that it begins; "" for a note by itself.
	Thread     string
	Resolved   bool
	ResolvedBy int64
	// Edits is how often it was written again.
	Edits            int
	on               int64 // the merge request
	created, updated time.Time
	// hidden notes fill pages and are not shown, as internal ones to those who
	// may not see them.
	hidden bool
	// reply says that it is an answer in its thread.
	reply bool
}

// json is the note as the API shows it.
func (n *Note) json() map[string]any {
	out := map[string]any{
		"id": n.ID, "type": nil, "body": n.Body, "attachment": nil, "author": author(n.Author),
		"created_at": n.created.Format(time.RFC3339), "updated_at": n.updated.Format(time.RFC3339),
		"system": n.System, "noteable_id": n.on + 1000, "noteable_iid": n.on, "noteable_type": "MergeRequest",
		"resolvable": n.Thread != "", "confidential": false, "internal": false, "commands_changes": map[string]any{},
	}
	if n.Thread != "" {
		out["type"], out["resolved"] = "DiscussionNote", n.Resolved
		if n.Resolved {
			out["resolved_by"] = author(n.ResolvedBy)
		}
	}
	return out
}

// lock locks the server and returns the merge request that is there from the
// start.
func (s *Server) lock() (mr *mergeRequest, unlock func()) {
	s.mu.Lock()
	return s.projects[Project].mergeRequests[MergeRequest], s.mu.Unlock
}

// AddNote puts a note of somebody's on the merge request.
func (s *Server) AddNote(who int64, text string) int64 {
	mr, unlock := s.lock()
	defer unlock()
	return s.addNote(mr, who, text).ID
}

// AddHiddenNotes puts notes there that fill pages and are not shown.
func (s *Server) AddHiddenNotes(n int) {
	mr, unlock := s.lock()
	defer unlock()
	for range n {
		s.addNote(mr, Person, "hidden").hidden = true
	}
}

func (s *Server) addNote(mr *mergeRequest, who int64, text string) *Note {
	at := s.now()
	n := &Note{ID: s.id(), Body: text, Author: who, on: mr.iid, created: at, updated: at}
	mr.notes = append(mr.notes, n)
	return n
}

// OpenMergeRequest adds another merge request to the project, of a branch into
// main.
func (s *Server) OpenMergeRequest(iid int64, source string) { s.AddMergeRequest(iid, "opened", source) }

// AddMergeRequest adds one of any state, with the commits that it holds.
func (s *Server) AddMergeRequest(iid int64, state, source string, commits ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.projects[Project].mergeRequests
	all[iid] = &mergeRequest{iid: iid, state: state, source: source, target: defaultBranch, commits: commits, added: len(all)}
}

// Notes are all notes on the merge request, the oldest first.
func (s *Server) Notes() []Note { return s.NotesOf(MergeRequest) }

// NotesOf are all notes on any merge request.
func (s *Server) NotesOf(iid int64) []Note {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Note
	for _, n := range s.projects[Project].mergeRequests[iid].notes {
		out = append(out, *n)
	}
	return out
}

// Answer lets somebody answer in all threads.
func (s *Server) Answer(who int64, text string) {
	mr, unlock := s.lock()
	defer unlock()
	for _, n := range slices.Clone(mr.notes) {
		if n.Thread != "" && !n.reply {
			answer := s.addNote(mr, who, text)
			answer.Thread, answer.reply = n.Thread, true
		}
	}
}

// DeleteNote lets somebody delete a note.
func (s *Server) DeleteNote(id int64) {
	mr, unlock := s.lock()
	defer unlock()
	mr.notes = slices.DeleteFunc(mr.notes, func(n *Note) bool { return n.ID == id })
}

// Resolve lets somebody resolve all threads.
func (s *Server) Resolve(who int64) {
	mr, unlock := s.lock()
	defer unlock()
	for _, n := range mr.notes {
		if n.Thread != "" {
			n.Resolved, n.ResolvedBy = true, who
		}
	}
}

// Executed are the quick actions that were done on the merge request, each
// "/command arguments": every one is an injection that succeeded.
func (s *Server) Executed() []string { return s.ExecutedOn(MergeRequest) }

// ExecutedOn are those on any merge request.
func (s *Server) ExecutedOn(iid int64) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.projects[Project].mergeRequests[iid].did)
}

// State is the merge request's: opened, closed or merged.
func (s *Server) State() string {
	mr, unlock := s.lock()
	defer unlock()
	return mr.state
}

func (c *call) listNotes() {
	_, mr := c.mergeRequest(readAnything)
	if mr == nil {
		return
	}
	list := slices.Clone(mr.notes)
	if c.r.URL.Query().Get("sort") != "asc" { // GitLab's default is the newest first
		slices.Reverse(list)
	}
	page(c, list, func(n *Note) (any, bool) { return n.json(), !n.hidden })
}

// mostNote is GitLab's limit on a note.
const mostNote = 1_048_576

// text is the body of a note as it is kept: quick actions are done and taken
// out, white space at the end goes. false when nothing is left, or when it was
// refused; then it is answered.
func (c *call) text(mr *mergeRequest) (string, bool) {
	body, ok := c.field("body")
	switch {
	case !ok || strings.TrimSpace(body) == "":
		c.fail(http.StatusBadRequest, `(Bad request) "Note {:note=>["can't be blank"]}" not given`)
		return "", false
	case len(body) > mostNote:
		c.reply(http.StatusBadRequest, map[string]any{"message": map[string]any{"note": []string{fmt.Sprintf("is too long (maximum is %d characters)", mostNote)}}})
		return "", false
	}
	rest, commands := QuickActions(body)
	for _, command := range commands {
		mr.do(command)
	}
	rest = strings.TrimRight(rest, " \t\r\n")
	if strings.TrimSpace(rest) == "" {
		c.reply(http.StatusAccepted, map[string]any{"commands_changes": commands})
		return "", false
	}
	return rest, true
}

func (c *call) createNote() {
	_, mr := c.mergeRequest(writeAPI)
	if mr == nil {
		return
	}
	if text, ok := c.text(mr); ok {
		c.reply(http.StatusCreated, c.addNote(mr, c.token.user, text).json())
	}
}

// note is the note that the path names; nil when there is none.
func (c *call) note(mr *mergeRequest) *Note {
	id, _ := strconv.ParseInt(c.r.PathValue("note"), 10, 64)
	thread := c.r.PathValue("discussion")
	for _, n := range mr.notes {
		if n.ID == id && (thread == "" || n.Thread == thread) {
			return n
		}
	}
	c.fail(http.StatusNotFound, "Not found")
	return nil
}

// ownNote is the note that the path names, if the token's owner wrote it: nobody
// else may change it. nil when it was refused.
func (c *call) ownNote() (*mergeRequest, *Note) {
	_, mr := c.mergeRequest(writeAPI)
	if mr == nil {
		return nil, nil
	}
	n := c.note(mr)
	if n != nil && n.Author != c.token.user {
		c.fail(http.StatusForbidden, "Forbidden")
		n = nil
	}
	return mr, n
}

func (c *call) updateNote() {
	mr, n := c.ownNote()
	if n == nil {
		return
	}
	if text, ok := c.text(mr); ok {
		n.Body, n.updated = text, c.now()
		n.Edits++
		c.reply(http.StatusOK, n.json())
	}
}

func (c *call) deleteNote() {
	mr, n := c.ownNote()
	if n == nil {
		return
	}
	mr.notes = slices.DeleteFunc(mr.notes, func(o *Note) bool { return o == n })
	c.w.WriteHeader(http.StatusNoContent)
}

// discussions are what notes belong to, each with its notes.
func (m *mergeRequest) discussions() []*discussion {
	var list []*discussion
	of := make(map[string]*discussion)
	for _, n := range m.notes {
		if d := of[n.Thread]; d != nil && n.Thread != "" {
			d.notes = append(d.notes, n)
			continue
		}
		d := &discussion{notes: []*Note{n}}
		of[n.Thread] = d
		list = append(list, d)
	}
	return list
}

type discussion struct{ notes []*Note }

func (d *discussion) json() map[string]any {
	first := d.notes[0]
	id := first.Thread
	if id == "" {
		id = threadID(first)
	}
	var notes []any
	for _, n := range d.notes {
		notes = append(notes, n.json())
	}
	return map[string]any{"id": id, "individual_note": first.Thread == "", "notes": notes}
}

func threadID(first *Note) string { return fmt.Sprintf("%040x", first.ID) }

func (c *call) listDiscussions() {
	_, mr := c.mergeRequest(readAnything)
	if mr == nil {
		return
	}
	page(c, mr.discussions(), func(d *discussion) (any, bool) { return d.json(), !d.notes[0].hidden })
}

func (c *call) createDiscussion() {
	_, mr := c.mergeRequest(writeAPI)
	if mr == nil {
		return
	}
	if text, ok := c.text(mr); ok {
		n := c.addNote(mr, c.token.user, text)
		n.Thread = threadID(n)
		c.reply(http.StatusCreated, (&discussion{[]*Note{n}}).json())
	}
}

func (c *call) resolveDiscussion() {
	_, mr := c.mergeRequest(writeAPI)
	if mr == nil {
		return
	}
	resolved, _ := c.field("resolved")
	for _, d := range mr.discussions() {
		if n := d.notes[0]; n.Thread != "" && n.Thread == c.r.PathValue("discussion") {
			n.Resolved, n.ResolvedBy = resolved == "true", c.token.user
			c.reply(http.StatusOK, d.json())
			return
		}
	}
	c.fail(http.StatusNotFound, "Not found")
}
