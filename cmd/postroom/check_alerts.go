package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"postroom/internal/register"
)

// checkAlerts says who is told of emergencies, and asks whether the webhook's
// server answers. Nothing is posted to it.
func (p *plan) checkAlerts(ctx context.Context) finding {
	f := finding{name: "alerts"}
	emails, hook := 0, ""
	for _, to := range p.alarms {
		if to.Way == register.ByWebhook {
			hook = to.Address
		} else {
			emails++
		}
	}
	addresses := counted(emails, "email address")
	if emails != 1 {
		addresses = fmt.Sprintf("%d email addresses", emails)
	}
	switch {
	case hook == "" && emails == 0:
		f.warning = "nobody is told of emergencies, safeguarding and deadlines; name people in alerts.emails, and a webhook for text messages or pagers"
		return f
	case hook == "":
		f.warning = "they go to " + addresses + ", and there is no webhook: while the mail server is away nobody hears of an emergency"
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	if err := p.webhook.Check(ctx, hook); err != nil {
		f.err = fmt.Errorf("nobody answers at alerts.webhook: %w; check the address, the firewall and the certificate", err)
		return f
	}
	f.found = "they go to " + addresses + " and the webhook, which answers"
	return f
}

// canBeMade says why a folder that is not there cannot be made: it tries beside
// it, in the nearest folder above it that is there.
func canBeMade(folder string) error {
	above := filepath.Dir(filepath.Clean(folder))
	if _, err := os.Stat(above); errors.Is(err, fs.ErrNotExist) && above != filepath.Dir(above) {
		return canBeMade(above)
	}
	trial, err := os.MkdirTemp(above, ".postroom-*")
	if err != nil {
		return fmt.Errorf("%s is not there and cannot be made: %w", folder, err)
	}
	return os.Remove(trial)
}
