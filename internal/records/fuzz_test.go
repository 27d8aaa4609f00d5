package records

import (
	"os"
	"path/filepath"
	"testing"

	"postroom/internal/archive"
)

// FuzzBackup: whatever stands in a backup's manifest and list, nothing outside
// the backup is read, and only names of an archive are restored.
func FuzzBackup(f *testing.F) {
	f.Add([]byte(`{"postroom_backup":1,"driver":"sqlite","register":{"file":"../secret","sha256":"2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b","size":6},"archive_list":{"file":"archive.list"}}`), []byte("../../secret 1\n"))
	f.Add([]byte(`{"postroom_backup":1,"keys":[{"file":"keys/x"},{"file":"/etc/passwd"}],"archive_list":null}`), []byte("2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b 6\n"))
	outer := f.TempDir()
	folder := filepath.Join(outer, "backup")
	if err := os.Mkdir(folder, 0o700); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(outer, "secret"), []byte("secret"), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, manifest, list []byte) {
		for name, text := range map[string][]byte{manifestFile: manifest, listFile: list} {
			if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		m, err := CheckBackup(t.Context(), folder)
		if err == nil {
			parts := append([]Part{m.List}, m.Keys...)
			if m.Register != nil {
				parts = append(parts, *m.Register)
			}
			for _, p := range parts {
				if !filepath.IsLocal(p.File) {
					t.Errorf("%q is taken for a part of the backup", p.File)
				}
			}
		}
		names, err := readList(filepath.Join(folder, listFile))
		for _, name := range names {
			if err == nil && !archive.ValidName(name) {
				t.Errorf("%q would be restored", name)
			}
		}
	})
}
