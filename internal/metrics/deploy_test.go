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
)

const rulesFile = "../../deploy/prometheus-rules.yml"

var ourMetric = regexp.MustCompile(`\bpostroom_[a-z_]+`)

// known are the names of all our metrics, and whether they were ever used.
func known(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, m := range regexp.MustCompile(`named\("([a-z_]+)"`).FindAllStringSubmatch(read(t, "collect.go"), -1) {
		names = append(names, "postroom_"+m[1])
	}
	if len(names) < 20 {
		t.Fatalf("only %d metrics: %v", len(names), names)
	}
	return names
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func wantKnown(t *testing.T, where, expr string, names []string) {
	t.Helper()
	for _, used := range ourMetric.FindAllString(expr, -1) {
		if !slices.Contains(names, used) {
			t.Errorf("%s asks for %s, which there is not", where, used)
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
	names, guide := known(t), read(t, "../../docs/operating.md")
	if len(file.Groups) != 1 || len(file.Groups[0].Rules) < 10 {
		t.Fatalf("rules %+v", file)
	}
	for _, r := range file.Groups[0].Rules {
		wantKnown(t, r.Alert, r.Expr, names)
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
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Log("no promtool here: the rules were only parsed")
		return
	}
	if out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", rulesFile).CombinedOutput(); err != nil {
		t.Errorf("promtool: %s", out)
	}
	if out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", "testdata/mailbox-alerts.yml").CombinedOutput(); err != nil {
		t.Errorf("promtool: %s", out)
	}
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
	names := known(t)
	for _, p := range board.Panels {
		if p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 || len(p.Targets) == 0 {
			t.Errorf("panel %q at %+v", p.Title, p.GridPos)
		}
		for _, target := range p.Targets {
			wantKnown(t, p.Title, target.Expr, names)
		}
	}
	for _, name := range names {
		covered := name == "postroom_mailbox_problem" || name == "postroom_acknowledgement_average_seconds"
		if !covered && !strings.Contains(text, name) {
			t.Errorf("no panel shows %s", name)
		}
	}
}
