package scripts

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const deploy = "../deploy"

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("integration: no %s here", name)
	}
	return path
}

// The package is built around a stand-in for the program, taken apart, and
// holds what it must, as whom it must.
func TestDebianPackage(t *testing.T) {
	t.Parallel()
	deb := tool(t, "dpkg-deb")
	folder := t.TempDir()
	program := filepath.Join(folder, "stand-in")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho postroom\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "./deb", folder, program).CombinedOutput(); err != nil {
		t.Fatalf("scripts/deb: %v\n%s", err, out)
	}
	built, err := filepath.Glob(filepath.Join(folder, "postroom_*.deb"))
	if err != nil || len(built) != 1 {
		t.Fatalf("built %v, %v", built, err)
	}
	root := filepath.Join(folder, "root")
	for _, args := range [][]string{{"-x", built[0], root}, {"-e", built[0], filepath.Join(root, "DEBIAN")}} {
		if out, err := exec.CommandContext(t.Context(), deb, args...).CombinedOutput(); err != nil {
			t.Fatalf("dpkg-deb %s: %v\n%s", args[0], err, out)
		}
	}
	if out, err := exec.CommandContext(t.Context(), filepath.Join(root, "usr/bin/postroom")).Output(); err != nil || string(out) != "postroom\n" {
		t.Errorf("the program says %q, %v", out, err)
	}
	for installed, source := range map[string]string{
		"usr/lib/systemd/system/postroom.service": deploy + "/postroom.service", "etc/postroom/postroom.yaml": deploy + "/postroom.yaml",
		"usr/share/doc/postroom/config.example.yaml": "../config.example.yaml", "usr/share/doc/postroom/operating.md": "../docs/operating.md",
		"usr/share/doc/postroom/copyright": "../LICENSE",
	} {
		if read(t, filepath.Join(root, installed)) != read(t, source) {
			t.Errorf("%s is not %s", installed, source)
		}
	}
	info, err := os.Stat(filepath.Join(root, "etc/postroom/postroom.yaml"))
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the configuration: %v, %v", info.Mode(), err)
	}
	if got := read(t, filepath.Join(root, "DEBIAN/conffiles")); got != "/etc/postroom/postroom.yaml\n" {
		t.Errorf("an upgrade would overwrite the configuration: %q", got)
	}
	control := read(t, filepath.Join(root, "DEBIAN/control"))
	for _, field := range []string{"Package: postroom\n", "\nVersion: ", "\nArchitecture: ", "\nDepends: adduser", "\nDescription: "} {
		if !strings.Contains("\n"+control, field) {
			t.Errorf("control has no %q:\n%s", field, control)
		}
	}
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		if out, err := exec.CommandContext(t.Context(), "sh", "-n", filepath.Join(root, "DEBIAN", script)).CombinedOutput(); err != nil {
			t.Errorf("%s: %s", script, out)
		}
	}
	if strings.Contains(read(t, filepath.Join(root, "DEBIAN/postrm")), "rm ") {
		t.Error("removing the package removes data")
	}
	listed, err := exec.CommandContext(t.Context(), deb, "-c", built[0]).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(listed)) {
		if !strings.Contains(line, " root/root ") {
			t.Errorf("not root's: %s", line)
		}
	}
}

// systemd itself reads the unit, and says how much of the machine it opens.
func TestUnit(t *testing.T) {
	t.Parallel()
	unit := read(t, deploy+"/postroom.service")
	for _, line := range []string{
		"User=postroom", "ExecStart=/usr/bin/postroom serve -config /etc/postroom/postroom.yaml", "Restart=always", "NoNewPrivileges=yes",
		"ProtectSystem=strict", "StateDirectory=postroom", "UMask=0077", "CapabilityBoundingSet=",
	} {
		if !strings.Contains(unit, "\n"+line+"\n") {
			t.Errorf("the unit has no line %s", line)
		}
	}
	analyze := tool(t, "systemd-analyze")
	// Neither the user nor the program is on this machine.
	here := strings.NewReplacer("/usr/bin/postroom", "/bin/true", "User=postroom", "User=root", "Group=postroom", "Group=root").Replace(unit)
	copied := filepath.Join(t.TempDir(), "postroom.service")
	if err := os.WriteFile(copied, []byte(here), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", copied).CombinedOutput(); err != nil || bytes.Contains(out, []byte("postroom.service:")) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	unit = strings.ReplaceAll(unit, "/usr/bin/postroom", "/bin/true")
	if err := os.WriteFile(copied, []byte(unit), 0o644); err != nil {
		t.Fatal(err)
	}
	// 10 is a service without any walls. 20 means 2.0.
	if out, err := exec.CommandContext(t.Context(), analyze, "security", "--no-pager", "--offline=true", "--threshold=20", copied).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

// Without Docker the file is only read: stages, what is copied, and as whom the
// program runs.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	var last map[string]string
	stages := map[string]bool{}
	text := strings.ReplaceAll(read(t, deploy+"/Dockerfile"), "\\\n", " ")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "FROM":
			last = map[string]string{}
			if image, name, ok := strings.Cut(rest, " AS "); ok {
				stages[name] = strings.Contains(image, ":")
			}
		case "COPY":
			if from, ok := strings.CutPrefix(strings.Fields(rest)[0], "--from="); ok && !stages[from] {
				t.Errorf("copies from the stage %q, which there is not", from)
			} else if !ok {
				for _, file := range strings.Fields(rest)[:len(strings.Fields(rest))-1] {
					if _, err := os.Stat(filepath.Join("..", file)); err != nil {
						t.Errorf("copies %v", err)
					}
				}
			}
		case "RUN", "USER", "WORKDIR", "VOLUME", "STOPSIGNAL", "ENTRYPOINT", "CMD":
			last[word] = rest
		default:
			t.Errorf("unknown instruction %q", word)
		}
	}
	if last["USER"] != "postroom" || last["ENTRYPOINT"] != `["/usr/bin/postroom"]` || !stages["build"] {
		t.Errorf("the last stage: %v", last)
	}
	if want := "golang:" + strings.Join(strings.SplitN(goVersion(t), ".", 3)[:2], ".") + "-"; !strings.Contains(text, want) {
		t.Errorf("it is not built by %s…, which go.mod asks for", want)
	}
}

func goVersion(t *testing.T) string {
	t.Helper()
	for line := range strings.Lines(read(t, "../go.mod")) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "go "); ok {
			return v
		}
	}
	t.Fatal("go.mod names no Go")
	return ""
}

// The Compose file names no secret, gives each service only secrets and volumes
// that are declared, and opens ports to this machine alone.
func TestCompose(t *testing.T) {
	t.Parallel()
	type service struct {
		Build       map[string]string `yaml:"build"`
		Image       string            `yaml:"image"`
		Environment map[string]string `yaml:"environment"`
		Volumes     []string          `yaml:"volumes"`
		Secrets     []string          `yaml:"secrets"`
		Ports       []string          `yaml:"ports"`
		DependsOn   map[string]any    `yaml:"depends_on"`
		ReadOnly    bool              `yaml:"read_only"`
		Rest        map[string]any    `yaml:",inline"`
	}
	var file struct {
		Name     string                       `yaml:"name"`
		Services map[string]service           `yaml:"services"`
		Volumes  map[string]any               `yaml:"volumes"`
		Secrets  map[string]map[string]string `yaml:"secrets"`
	}
	decoder := yaml.NewDecoder(strings.NewReader(read(t, deploy+"/compose.yaml")))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	known := []string{"restart", "tmpfs", "cap_drop", "security_opt", "stop_grace_period", "healthcheck", "command"}
	for name, s := range file.Services {
		for key := range s.Rest {
			if !slices.Contains(known, key) {
				t.Errorf("%s: %s is unknown", name, key)
			}
		}
		for _, secret := range s.Secrets {
			if file.Secrets[secret]["file"] == "" {
				t.Errorf("%s: the secret %s is not declared", name, secret)
			}
		}
		for other := range s.DependsOn {
			if _, ok := file.Services[other]; !ok {
				t.Errorf("%s waits for %s, which there is not", name, other)
			}
		}
		for key, value := range s.Environment {
			if strings.Contains(key, "PASSWORD") && !strings.HasPrefix(value, "/run/secrets/") {
				t.Errorf("%s: %s stands in the file", name, key)
			}
		}
		for _, volume := range s.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			_, declared := file.Volumes[from]
			_, err := os.Stat(filepath.Join(deploy, from))
			if !declared && (!strings.HasPrefix(from, "./") || err != nil) {
				t.Errorf("%s: the volume %s is neither declared nor a file here", name, volume)
			}
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s: port %s is open to everybody", name, port)
			}
		}
	}
	ours := file.Services["postroom"]
	if len(file.Services) != 3 || !ours.ReadOnly || ours.Build["dockerfile"] != "deploy/Dockerfile" {
		t.Errorf("services %+v", file.Services)
	}
}
