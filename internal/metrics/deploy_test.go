package metrics

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

const rulesFile = "../../deploy/prometheus-rules.yml"

// ourMetric finds a metric of ours with what is asked of its labels.
var (
	ourMetric = regexp.MustCompile(`\b(postroom_[a-z_]+)(?:\{([^}]*)\})?`)
	asked     = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"([^"]*)"`)
	grouped   = regexp.MustCompile(`\bby \(([a-z_, ]*)\)`)
	shown     = regexp.MustCompile(`(?m)^(postroom_[a-z_]+)(?:\{([^}]*)\})? `)
)

// A scrape is what the program really shows: by metric and label all values.
type scrape map[string]map[string][]string

// scraped is a scrape of a room in which everything has something to show.
func scraped(t *testing.T) scrape {
	t.Helper()
	r := open(t, "")
	r.take("damp", registertest.Verdict(classify.Complaint).Route)
	r.must(r.register.NotePoll(t.Context(), register.MailboxStatus{Mailbox: "complaints", PolledAt: r.clock.Now()}))
	r.clock.Advance(time.Minute)
	_, body := r.get("/metrics")
	all := scrape{}
	for _, line := range shown.FindAllStringSubmatch(body, -1) {
		if all[line[1]] == nil {
			all[line[1]] = map[string][]string{}
		}
		for _, pair := range asked.FindAllStringSubmatch(line[2], -1) {
			all[line[1]][pair[1]] = append(all[line[1]][pair[1]], pair[2])
		}
	}
	// Dependencies that a process tells of where they are configured.
	up := all["postroom_dependency_up"]
	if up == nil || len(all) < 20 {
		t.Fatalf("the scrape shows only %v", all)
	}
	up["dependency"] = append(up["dependency"], "object storage", "clamd")
	for _, m := range regexp.MustCompile(`named\("([a-z_]+)"`).FindAllStringSubmatch(read(t, "collect.go"), -1) {
		if all["postroom_"+m[1]] == nil {
			t.Errorf("postroom_%s is not in a real scrape", m[1])
		}
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// asksFor wants an expression to ask for metrics, labels and values that the
// program shows: a misspelt one is an alarm that never comes.
func (all scrape) asksFor(t *testing.T, where, expr string) {
	t.Helper()
	labels := []string{"instance", "job"} // Prometheus's own
	for _, used := range ourMetric.FindAllStringSubmatch(expr, -1) {
		known, ok := all[used[1]]
		if !ok {
			t.Errorf("%s asks for %s, which there is not", where, used[1])
		}
		for label := range known {
			labels = append(labels, label)
		}
		for _, pair := range asked.FindAllStringSubmatch(used[2], -1) {
			for value := range strings.SplitSeq(pair[2], "|") {
				if !slices.Contains(known[pair[1]], value) {
					t.Errorf("%s asks %s for %s %q; it shows %q", where, used[1], pair[1], value, known[pair[1]])
				}
			}
		}
	}
	for _, by := range grouped.FindAllStringSubmatch(expr, -1) {
		for label := range strings.SplitSeq(by[1], ",") {
			if !slices.Contains(labels, strings.TrimSpace(label)) {
				t.Errorf("%s asks by %s, a label that there is not", where, label)
			}
		}
	}
	if strings.Count(expr, "(") != strings.Count(expr, ")") || strings.Count(expr, "{") != strings.Count(expr, "}") {
		t.Errorf("%s: brackets of %s", where, expr)
	}
}

// Each rule asks for what there is, and the operator's guide says what to do.
func TestAlertRules(t *testing.T) {
	t.Parallel()
	var file struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				For         string            `yaml:"for"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	decoder := yaml.NewDecoder(strings.NewReader(read(t, rulesFile)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	all, guide := scraped(t), read(t, "../../docs/operating.md")
	if len(file.Groups) != 1 || len(file.Groups[0].Rules) < 10 {
		t.Fatalf("rules %+v", file)
	}
	for _, r := range file.Groups[0].Rules {
		all.asksFor(t, r.Alert, r.Expr)
		if r.For != "3d" { // Prometheus knows days, Go does not
			if _, err := time.ParseDuration(r.For); err != nil {
				t.Errorf("%s: for: %v", r.Alert, err)
			}
		}
		if s := r.Labels["severity"]; s != "page" && s != "ticket" || r.Annotations["summary"] == "" {
			t.Errorf("%s: severity %q, summary %q", r.Alert, s, r.Annotations["summary"])
		}
		if r.Annotations["runbook"] != "docs/operating.md#"+strings.ToLower(r.Alert) || !strings.Contains(guide, "\n### "+r.Alert+"\n") {
			t.Errorf("%s has no section in docs/operating.md", r.Alert)
		}
	}
	promtool := promtoolHere()
	if promtool == "" {
		t.Log("no promtool here: the rules were only parsed")
		return
	}
	tests := read(t, "testdata/alerts.yml")
	for _, r := range file.Groups[0].Rules {
		if !strings.Contains(tests, "alertname: "+r.Alert+"\n") {
			t.Errorf("testdata/alerts.yml does not try %s", r.Alert)
		}
	}
	for _, args := range [][]string{{"check", "rules", rulesFile}, {"test", "rules", "testdata/alerts.yml"}} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %s", args, out)
		}
	}
}

// promtoolHere finds the program that comes with Prometheus; empty: it is not
// here.
func promtoolHere() string {
	if path := os.Getenv("POSTROOM_TEST_PROMTOOL"); path != "" {
		return path
	}
	path, err := exec.LookPath("promtool")
	if err != nil {
		return ""
	}
	return path
}

// The dashboard shows each of our metrics, and nothing that there is not.
func TestDashboard(t *testing.T) {
	t.Parallel()
	var board struct {
		Title  string `json:"title"`
		Panels []struct {
			ID      int    `json:"id"`
			Title   string `json:"title"`
			GridPos struct{ X, Y, W, H int }
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	text := read(t, "../../deploy/grafana-dashboard.json")
	if err := json.NewDecoder(bytes.NewBufferString(text)).Decode(&board); err != nil {
		t.Fatal(err)
	}
	all := scraped(t)
	for _, p := range board.Panels {
		if p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 || len(p.Targets) == 0 {
			t.Errorf("panel %q at %+v", p.Title, p.GridPos)
		}
		for _, target := range p.Targets {
			all.asksFor(t, p.Title, target.Expr)
		}
	}
	for name := range all {
		covered := name == "postroom_mailbox_problem" || name == "postroom_acknowledgement_average_seconds"
		if !covered && !strings.Contains(text, name) {
			t.Errorf("no panel shows %s", name)
		}
	}
}
