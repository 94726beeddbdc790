package render

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"k6report/internal/render/view"
	"k6report/internal/report"
)

// LabelJob is the label that holds the address of the CI job.
const LabelJob = "job_url"

// Annotations writes what puts a link to the report on GitLab's job page
// (artifacts:reports:annotations). file is the page's path among the job's
// artifacts, empty where there is none. Without it, or without a label job_url that is
// an http address, the list is empty.
func Annotations(w io.Writer, r *report.Report, file string) error {
	type link struct {
		Label string `json:"label"`
		URL   string `json:"url"`
	}
	type annotation struct {
		Link link `json:"external_link"`
	}
	links := []annotation{}
	job, err := url.Parse(r.Run.Labels[LabelJob])
	if err == nil && file != "" && (job.Scheme == "http" || job.Scheme == "https") && job.Host != "" && job.User == nil {
		target := job.JoinPath("artifacts", "file")
		target = target.JoinPath(strings.Split(file, "/")...)
		target.RawQuery, target.Fragment = "", ""
		links = append(links, annotation{link{"k6report: " + view.Badge(r.Verdict.Status).Text, target.String()}})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(map[string][]annotation{"k6report": links}); err != nil {
		return fmt.Errorf("write annotations.json: %w", err)
	}
	return nil
}
