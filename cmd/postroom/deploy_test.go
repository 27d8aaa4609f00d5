package main

import (
	"os"
	"testing"
)

// The configurations that the package and the containers bring are accepted as
// they are, and send nothing until somebody says so.
func TestDeployedConfigurations(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"postroom.yaml", "compose-postroom.yaml"} {
		file, err := os.Open("../../deploy/" + name)
		if err != nil {
			t.Fatal(err)
		}
		c, problems, err := readConfig(file, "/etc/postroom")
		if err != nil || len(problems) > 0 {
			t.Errorf("%s: %v %v", name, problems, err)
		}
		if c.Outgoing != "held" || c.Archive.Folder != "/var/lib/postroom/archive" || c.Letters.PrintFolder != "/var/lib/postroom/print" {
			t.Errorf("%s: outgoing %s, archive %s, print batches %s", name, c.Outgoing, c.Archive.Folder, c.Letters.PrintFolder)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
