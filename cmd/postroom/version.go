package main

import (
	"flag"
	"fmt"
	"io"
	"runtime/debug"
)

// runVersion prints the module's version, the revision that it was built from
// and the Go that built it.
func runVersion(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("version", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: postroom version\n\nPrints the version, the revision it was built from, and the Go that built it.")
	}
	if err := flags.Parse(args); err != nil {
		return usageCode(err)
	}
	if flags.NArg() > 0 {
		flags.Usage()
		return 2
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		fmt.Fprintln(stderr, "postroom version: this program was built without its version")
		return 1
	}
	fmt.Fprintln(stdout, versionLine(info))
	return 0
}

func versionLine(info *debug.BuildInfo) string {
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	line := "postroom " + info.Main.Version
	if info.Main.Version == "" {
		line = "postroom (devel)"
	}
	if revision := settings["vcs.revision"]; revision != "" {
		line += " " + revision[:min(12, len(revision))]
		if settings["vcs.modified"] == "true" {
			line += " with changes"
		}
		if at := settings["vcs.time"]; at != "" {
			line += " of " + at
		}
	}
	return line + ", " + info.GoVersion
}
