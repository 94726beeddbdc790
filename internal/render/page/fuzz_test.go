package page

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"k6report/internal/report/sample"
)

// A page is made of the same kinds of elements and attributes whatever the texts
// are: none runs, loads or leads anywhere.
func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		"", sample.Attack(), "</script><script>alert(1)</script>", "</title>", "<!--", "-->", "]]>", `" onclick="alert(1)`, "javascript:alert(1)",
		"</style>", "<svg/onload=alert(1)>", "&lt;", "\x00", "\xff", "{{.}}", "http://example.com", "\u202e",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		root, err := html.Parse(strings.NewReader(pageOf(t, sample.AssailedBy(s))))
		if err != nil {
			t.Fatal(err)
		}
		scripts := 0
		for n := range root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			if slices.Contains([]string{"img", "iframe", "object", "embed", "form", "link", "base", "audio", "video", "image", "use", "foreignObject", "animate", "set"}, n.Data) {
				t.Errorf("the page holds an element %s", n.Data)
			}
			if n.Data == "script" && attribute(n, "type") == "" {
				scripts++
			}
			for _, a := range n.Attr {
				switch {
				case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "src", a.Key == "srcset", a.Key == "action":
					t.Errorf("%s has an attribute %s", n.Data, a.Key)
				case a.Key == "href" && !strings.HasPrefix(a.Val, "#"), a.Key == "http-equiv" && a.Val != "Content-Security-Policy":
					t.Errorf("%s has %s=%.80q", n.Data, a.Key, a.Val)
				}
			}
		}
		if scripts != 1 {
			t.Errorf("%d scripts run, want 1", scripts)
		}
	})
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
