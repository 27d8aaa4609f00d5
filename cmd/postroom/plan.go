package main

import (
	"crypto/hkdf"
	"crypto/sha256"
	"log/slog"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/ingest/scan"
	"postroom/internal/malware"
	"postroom/internal/objects"
	"postroom/internal/paper"
	"postroom/internal/queue"
	"postroom/internal/records"
	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/web"
	"postroom/internal/workday"
	"postroom/notify"
	"postroom/templates"
)

// A plan is everything that a process of Postroom is to be, as values: the
// configuration file or the demo writes it, the house is built from it.
type plan struct {
	calendar     *workday.Calendar
	code         workday.Code
	references   reference.Maker
	ids          reference.MessageIDs
	ruleFiles    rulesConfig // where they were read from
	rules        *classify.Rules
	landlord     templates.Landlord
	homes        int // that it lets; 0: not configured
	words        *templates.Set
	press        func() (*paper.Press, error) // loads fonts and logo
	largePrint   bool                         // for every letter
	noReturn     bool                         // letters name no address of ours
	printTo      string                       // the folder of print batches
	pickupAt     maybeTimeOfDay               // unset: a person lays letters out for it
	pickupTo     string                       // where a printing service collects them; empty: nobody does
	bothSides    bool                         // print batches are printed on both
	policy       register.Policy
	from         register.Address
	envelope     string
	returns      reference.ReturnPaths     // zero: envelope alone
	languages    map[string]*templates.Set // other words than words
	scanners     map[string][]string       // by mailbox: whose mails carry scans
	oldSelectors []string                  // of keys that signed before
	dkim         *notify.DKIM              // nil: our mail is not signed here
	retry        notify.Retry
	lines        int // connections to the mail server; 0: notify's own

	driver, dsn string
	archiveDir  string
	bucket      *objects.Config // where the archive's files are; nil: in the folder
	scanner     *malware.Clamd  // nil: nothing is looked at for malware
	redisURL    string
	redis       *queue.Servers // several; nil: one, or inside the process
	redisCA     []byte
	redisPrefix string

	mailboxes []ingest.Mailbox
	options   map[string]mime.Options // by mailbox name
	paper     scan.Config             // how letters are read
	splitting scan.Splitting
	scans     ingest.ScanFolder // empty Path: none
	smtp      notify.SMTP
	guard     notify.GuardSettings
	windows   register.Windows
	accounts  []account          // at sign-in services
	signIn    map[string]account // by mailbox; "" is the mail server's
	webhook   notify.Webhook
	alarms    []register.Recipient
	digest    []register.Recipient // who gets the morning's list
	hazards   []workday.HazardLaw  // the landlord's own

	retention records.Retention // in months
	forgets   bool              // what is over its time, by itself

	roles   map[string]bool // empty: all
	listen  string          // of the pages; empty: no pages
	watch   string          // where monitoring programs ask; empty: nowhere
	access  web.Access
	form    bool          // residents can complain on a page
	api     bool          // other systems can come in
	tls     keyPair       // of the pages; zero: none
	keep    time.Duration // of a message that somebody took
	refresh int
	hints   []web.Hint
	sweep   time.Duration // 0: the rooms' own

	now    func() time.Time
	logger *slog.Logger
	step   func(string) // told at each step of a message's way; nil: nobody
}

func (p *plan) plays(role string) bool { return len(p.roles) == 0 || p.roles[role] }

// A keyPair names the files of a certificate and its key.
type keyPair struct{ certificate, key string }

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
