package main

import (
	"crypto/hkdf"
	"crypto/sha256"
	"log/slog"
	"time"

	"postroom/classify"
	"postroom/internal/paper"
	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/workday"
	"postroom/notify"
	"postroom/templates"
)

// examplePlan is a plan for a landlord that does not exist: the demo's, and
// what inspect judges by where no configuration is given. Its keys are derived
// from the secret, which the demo makes anew at each start.
func examplePlan(secret []byte) (plan, error) {
	p := plan{
		landlord: exampleLandlord(), homes: 6180, code: workday.DefaultCode(), rules: classify.Default(),
		policy:  register.Policy{Acknowledge: register.Automatic, FailsafeDay: 4, FailsafeHour: 12, WarnDays: []int{2, 1}, AlarmRepeat: 15 * time.Minute, Undo: 20 * time.Second},
		from:    register.Address{Name: "Citrine Homes complaints", Address: "complaints@citrine.example"},
		windows: register.Windows{Recipient: time.Hour, Case: time.Hour, All: time.Hour},
		guard: notify.GuardSettings{
			Own: []string{"complaints@citrine.example"}, Domain: "post.citrine.example",
			Caps: notify.Caps{Recipient: 10, Case: 10, Team: 200, All: 2000},
		},
		now: time.Now, logger: slog.New(slog.DiscardHandler),
	}
	p.press = func() (*paper.Press, error) {
		c := defaultConfig()
		c.Landlord.Name, c.Landlord.Address, c.Landlord.Phone = p.landlord.Name, p.landlord.Address, p.landlord.Phone
		return c.press()
	}
	var err error
	if p.words, err = templates.New(); err != nil {
		return p, err
	}
	if p.calendar, err = workday.Default(workday.EnglandAndWales); err != nil {
		return p, err
	}
	referenceKey, err := hkdf.Key(sha256.New, secret, nil, "references", 32)
	if err != nil {
		return p, err
	}
	messageKey, err := hkdf.Key(sha256.New, secret, nil, "message ids", 32)
	if err != nil {
		return p, err
	}
	p.ids = reference.MessageIDs{Domain: p.guard.Domain, Key: messageKey}
	p.references, err = reference.NewMaker("CIT", referenceKey)
	return p, err
}

func exampleLandlord() templates.Landlord {
	return templates.Landlord{
		Name: "Citrine Homes", Team: "Complaints team", Address: []string{"1 Orchard Quay", "Anytown", "AN1 1AA"},
		Phone: "01632 960 100", Hours: "Monday to Friday, 9am to 5pm", OutOfHours: "01632 960 999",
		Email: "complaints@citrine.example", Ombudsman: templates.DefaultOmbudsman(),
	}
}

const placeholderKey = "a placeholder: nothing is kept or sent"

// inspectionPlan is the configuration's plan, or the example's where there is
// none.
func inspectionPlan(file string) (plan, error) {
	if file == "" {
		return examplePlan([]byte(placeholderKey))
	}
	c, err := loadConfig(file, nil)
	if err != nil {
		return plan{}, err
	}
	// No secret is needed to look at a file, and none is made.
	c.Keys.Reference, c.Keys.MessageID = placeholderKey, placeholderKey
	return configured(c, slog.New(slog.DiscardHandler))
}
