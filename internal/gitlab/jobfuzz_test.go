package gitlab_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"k6report/internal/forge"
	"k6report/internal/gitlab"
)

// The variables of a job are either refused, by name and without what may be
// secret, or make a job that belongs to one project of one server.
func FuzzParseJob(f *testing.F) {
	f.Add("https://gitlab.example.com/api/v4", "1", "7", "12", "group/app!7", "https://gitlab.example.com/group/app/-/jobs/1", "load test")
	f.Add("http://user:pw@host/api", "0", "-1", "9223372036854775808", ",,", "javascript:alert(1)", "\x00")
	f.Add("://", "1e3", "７", "", "!", "", "")
	f.Fuzz(func(t *testing.T, api, project, mr, pipeline, open, jobURL, name string) {
		const token = "glpat-planted-in-the-job"
		values := map[string]string{
			"GITLAB_CI": "true", "CI_API_V4_URL": api, "CI_PROJECT_ID": project, "CI_MERGE_REQUEST_IID": mr, "CI_PIPELINE_ID": pipeline,
			"CI_OPEN_MERGE_REQUESTS": open, "CI_JOB_URL": jobURL, "CI_JOB_NAME": name, "CI_JOB_TOKEN": token, "K6REPORT_GITLAB_TOKEN": token,
		}
		get := func(name string) (string, bool) { v, ok := values[name]; return v, ok }
		job, err := gitlab.ParseJob(get)
		if err != nil {
			if strings.Contains(err.Error(), token) || len(err.Error()) > 400 {
				t.Errorf("the error is %.500q", err)
			}
			_, again := gitlab.ParseJob(get)
			if again == nil || again.Error() != err.Error() {
				t.Errorf("once %v, then %v", err, again)
			}
			return
		}
		u, err := url.Parse(job.API)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
			t.Errorf("the API is at %q", job.API)
		}
		for _, id := range []string{job.Project, job.Home} {
			if n, err := strconv.ParseInt(id, 10, 64); err != nil || n <= 0 {
				t.Errorf("a project is %q", id)
			}
		}
		if job.Pipeline < 0 || job.Request != nil && (job.Request.Number < 0 || job.Request.Project != job.Home) {
			t.Errorf("%+v", job)
		}
		if key := forge.Key(job.Name); strings.ContainsAny(key, " \n\r\t<>\x00") || len(key) > 400 {
			t.Errorf("the key of %q is %q", job.Name, key)
		}
	})
}
