package main

import (
	"context"
	"io"
	"strings"
	"testing"
)

// TestDemoIsForThisMachineAlone holds that no door of the demo, whose servers
// believe everybody, is opened to others.
func TestDemoIsForThisMachineAlone(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop() // if it starts after all, it ends at once
	for name, change := range map[string]func(*demoOptions){
		"imap":   func(o *demoOptions) { o.imap = "0.0.0.0:0" },
		"smtp":   func(o *demoOptions) { o.smtp = "[::]:0" },
		"listen": func(o *demoOptions) { o.listen = ":0" },
	} {
		o := demoOptions{imap: "127.0.0.1:0", smtp: "127.0.0.1:0", listen: "127.0.0.1:0", folder: t.TempDir()}
		change(&o)
		if err := demo(ctx, o, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "loopback") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
