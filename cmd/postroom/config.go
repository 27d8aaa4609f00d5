package main

import (
	"time"

	"postroom/classify"
	"postroom/ingest/mime"
	"postroom/internal/web"
	"postroom/internal/workday"
	"postroom/templates"
)

// config is the configuration file, section by section, and its defaults in
// defaultConfig. What each setting means stands in config.example.yaml, which
// a test holds to these types. Fields marked is:"path" are resolved against
// the file's folder; fields without a yaml name are filled in after reading.
type config struct {
	Landlord   landlordConfig    `yaml:"landlord"`
	Nation     string            `yaml:"nation"`
	Scheme     string            `yaml:"scheme"`
	Schemes    []workday.Scheme  `yaml:"schemes"`
	Calendar   calendarConfig    `yaml:"calendar"`
	Register   registerConfig    `yaml:"register"`
	Archive    archiveConfig     `yaml:"archive"`
	Queue      queueConfig       `yaml:"queue"`
	OAuth      []oauthConfig     `yaml:"oauth"`
	Mailboxes  []mailboxConfig   `yaml:"mailboxes"`
	SMTP       smtpConfig        `yaml:"smtp"`
	Keys       keysConfig        `yaml:"keys"`
	Outgoing   string            `yaml:"outgoing"`    // send, held
	Release    string            `yaml:"acknowledge"` // automatic, reviewed
	Failsafe   failsafeConfig    `yaml:"failsafe"`
	Review     reviewConfig      `yaml:"review"`
	Warnings   warningsConfig    `yaml:"warnings"`
	Digest     digestConfig      `yaml:"digest"`
	HazardLaws hazardLawsConfig  `yaml:"hazard_laws"`
	Alerts     alertsConfig      `yaml:"alerts"`
	Caps       capsConfig        `yaml:"caps"`
	Forwarding map[string]string `yaml:"forwarding"` // topic, or *, to address
	Templates  templatesConfig   `yaml:"templates"`
	Letters    lettersConfig     `yaml:"letters"`
	Scans      scansConfig       `yaml:"scans"`
	Limits     limitsConfig      `yaml:"limits"`
	Malware    malwareConfig     `yaml:"malware"`
	Rules      rulesConfig       `yaml:"rules"`
	Retention  retentionConfig   `yaml:"retention"`
	Web        webConfig         `yaml:"web"`
	Metrics    metricsConfig     `yaml:"metrics"`
	Roles      []string          `yaml:"roles"`
	Log        logConfig         `yaml:"log"`
}

type landlordConfig struct {
	Name            string            `yaml:"name"`
	Team            string            `yaml:"team"`
	ReferencePrefix string            `yaml:"reference_prefix"`
	Phone           string            `yaml:"phone"`
	Hours           string            `yaml:"hours"`
	OutOfHours      string            `yaml:"out_of_hours"`
	Email           string            `yaml:"email"`
	Website         string            `yaml:"website"`
	ComplaintsAt    string            `yaml:"complaints_at"`
	Address         []string          `yaml:"address"`
	Homes           int               `yaml:"homes"`
	Ombudsman       []ombudsmanConfig `yaml:"ombudsman"`
}

type ombudsmanConfig struct {
	From    workday.Date `yaml:"from"`
	Name    string       `yaml:"name"`
	Phone   string       `yaml:"phone"`
	Website string       `yaml:"website"`
	Address []string     `yaml:"address"`
}

type calendarConfig struct {
	Files []string `yaml:"files" is:"path"`
}

type registerConfig struct {
	Driver  string `yaml:"driver"` // sqlite, postgres
	Path    string `yaml:"path" is:"path"`
	DSNEnv  string `yaml:"dsn_env"`
	DSNFile string `yaml:"dsn_file" is:"path"`
	DSN     secret `yaml:"-"`
}

type archiveConfig struct {
	Folder string   `yaml:"folder" is:"path"`
	S3     s3Config `yaml:"s3"`
}

type mailboxConfig struct {
	Name         string        `yaml:"name"`
	Host         string        `yaml:"host"`
	Port         int           `yaml:"port"` // 0: by tls
	TLS          string        `yaml:"tls"`  // tls, starttls, none
	Auth         string        `yaml:"auth"` // login, oauth2
	User         string        `yaml:"user"`
	PasswordEnv  string        `yaml:"password_env"`
	PasswordFile string        `yaml:"password_file" is:"path"`
	Password     secret        `yaml:"-"`
	OAuth        string        `yaml:"oauth"` // an account's name
	Folder       string        `yaml:"folder"`
	JunkFolder   string        `yaml:"junk_folder"`
	FiledFolder  string        `yaml:"filed_folder"`
	Start        workday.Date  `yaml:"start"`
	Addresses    []string      `yaml:"addresses"`
	Scanners     []string      `yaml:"scanners"` // addresses, or "*" for all mail here
	AuthservID   string        `yaml:"authserv_id"`
	Microsoft365 bool          `yaml:"microsoft365"`
	Poll         time.Duration `yaml:"poll"`
	IdleFor      time.Duration `yaml:"idle_for"`
	SilentAfter  time.Duration `yaml:"silent_after"`
	SizeCapMB    int           `yaml:"size_cap_mb"`
	Batch        int           `yaml:"batch"`
}

// setDefaults is called for each mailbox before its own settings are read.
func (m *mailboxConfig) setDefaults() {
	*m = mailboxConfig{
		TLS: "tls", Auth: "login", Folder: "INBOX",
		Poll: time.Minute, IdleFor: 9 * time.Minute, SizeCapMB: 150, Batch: 32,
	}
}

type smtpConfig struct {
	Host            string        `yaml:"host"`
	Port            int           `yaml:"port"` // 0: by tls
	TLS             string        `yaml:"tls"`  // tls, starttls, none
	Auth            string        `yaml:"auth"`
	User            string        `yaml:"user"`
	PasswordEnv     string        `yaml:"password_env"`
	PasswordFile    string        `yaml:"password_file" is:"path"`
	Password        secret        `yaml:"-"`
	OAuth           string        `yaml:"oauth"` // an account's name
	Helo            string        `yaml:"helo"`
	From            addressConfig `yaml:"from"`
	ReturnPath      string        `yaml:"return_path"`
	EnvelopeSender  string        `yaml:"envelope_sender"` // <>, an address; empty: from's
	MessageIDDomain string        `yaml:"message_id_domain"`
	DKIM            dkimConfig    `yaml:"dkim"`
	Connections     int           `yaml:"connections"`
	Timeout         time.Duration `yaml:"timeout"`
	FinalTimeout    time.Duration `yaml:"final_timeout"`
	Retry           retryConfig   `yaml:"retry"`
}

type addressConfig struct {
	Name    string `yaml:"name"`
	Address string `yaml:"address"`
}

type dkimConfig struct {
	Domain   string   `yaml:"domain"` // empty: our mail is not signed here
	Selector string   `yaml:"selector"`
	Old      []string `yaml:"old_selectors"` // published still, and sign no more
	KeyEnv   string   `yaml:"key_env"`
	KeyFile  string   `yaml:"key_file" is:"path"`
	Key      secret   `yaml:"-"`
}

type retryConfig struct {
	First    time.Duration `yaml:"first"`
	Longest  time.Duration `yaml:"longest"`
	Attempts int           `yaml:"attempts"`
	Patience time.Duration `yaml:"patience"`
}

type keysConfig struct {
	Folder           string   `yaml:"folder" is:"path"`
	ReferenceEnv     string   `yaml:"reference_key_env"`
	ReferenceFile    string   `yaml:"reference_key_file" is:"path"`
	Reference        secret   `yaml:"-"`
	MessageIDEnv     string   `yaml:"message_id_key_env"`
	MessageIDFile    string   `yaml:"message_id_key_file" is:"path"`
	MessageID        secret   `yaml:"-"`
	OldMessageIDs    []secret `yaml:"-"`
	OldMessageIDFile []string `yaml:"message_id_old_key_files" is:"path"`
}

type failsafeConfig struct {
	WorkingDay int       `yaml:"working_day"`
	At         timeOfDay `yaml:"at"`
}

type reviewConfig struct {
	Keep time.Duration `yaml:"keep"`
	Undo time.Duration `yaml:"undo"`
}

type warningsConfig struct {
	DaysBefore []int `yaml:"days_before"`
}

type digestConfig struct {
	Emails []string  `yaml:"emails"`
	At     timeOfDay `yaml:"at"`
}

type hazardLawsConfig []workday.HazardLaw

type alertsConfig struct {
	Emails     []string      `yaml:"emails"`
	Webhook    string        `yaml:"webhook"`
	TokenEnv   string        `yaml:"webhook_token_env"`
	TokenFile  string        `yaml:"webhook_token_file" is:"path"`
	Token      secret        `yaml:"-"`
	Repeat     time.Duration `yaml:"repeat"`
	WebTimeout time.Duration `yaml:"webhook_timeout"`
}

type capsConfig struct {
	Recipient capConfig `yaml:"per_recipient"`
	Case      capConfig `yaml:"per_case"`
	Team      int       `yaml:"per_team"` // within per_recipient's span
	Global    capConfig `yaml:"global"`
}

type capConfig struct {
	Most   int           `yaml:"most"` // 0: no cap
	Within time.Duration `yaml:"within"`
}

type templatesConfig struct {
	Folder   string `yaml:"folder" is:"path"`
	Language string `yaml:"language"`
}

type lettersConfig struct {
	Profile      string         `yaml:"profile"` // of paper.Profiles, or custom
	Envelope     envelopeConfig `yaml:"envelope"`
	Logo         string         `yaml:"logo" is:"path"`
	Head         []string       `yaml:"head"` // empty: from landlord
	LargePrint   bool           `yaml:"large_print"`
	DoubleSided  bool           `yaml:"double_sided"`
	DaysToPost   int            `yaml:"days_to_post"`
	PrintFolder  string         `yaml:"print_folder" is:"path"`
	PickupFolder string         `yaml:"pickup_folder" is:"path"`
	PickupAt     maybeTimeOfDay `yaml:"pickup_at"` // unset: a person makes the batches
}

// envelopeConfig are the measures of profile: custom, in millimetres.
type envelopeConfig struct {
	Width        millimetres `yaml:"width"`
	Height       millimetres `yaml:"height"`
	WindowLeft   millimetres `yaml:"window_left"`
	WindowTop    millimetres `yaml:"window_top"`
	WindowWidth  millimetres `yaml:"window_width"`
	WindowHeight millimetres `yaml:"window_height"`
	Fold         millimetres `yaml:"fold"`
}

type limitsConfig struct {
	MessageMB int           `yaml:"message_mb"`
	Parts     int           `yaml:"parts"`
	Depth     int           `yaml:"depth"`
	HeaderKB  int           `yaml:"header_kb"`
	DecodedMB int           `yaml:"decoded_mb"`
	HTMLNodes int           `yaml:"html_nodes"`
	TextKB    int           `yaml:"text_kb"`
	Time      time.Duration `yaml:"time"`
}

type rulesConfig struct {
	File  string `yaml:"file" is:"path"`
	Words string `yaml:"words" is:"path"`
}

// retentionConfig is in months; 0: for ever.
type retentionConfig struct {
	Complaints      int `yaml:"complaints"`
	ServiceRequests int `yaml:"service_requests"`
	Enquiries       int `yaml:"enquiries"`
	Others          int `yaml:"others"`
	// Daily: serve forgets by itself, once a day.
	Daily bool `yaml:"daily"`
}

type webConfig struct {
	Listen      string        `yaml:"listen"`
	Address     string        `yaml:"address"`
	Certificate string        `yaml:"tls_certificate" is:"path"`
	Key         string        `yaml:"tls_key" is:"path"`
	BehindProxy bool          `yaml:"behind_proxy"`
	Form        bool          `yaml:"form"`    // residents can complain at /complain
	API         bool          `yaml:"api"`     // other systems can come in at /api
	Cookies     string        `yaml:"cookies"` // auto, secure, plain
	Idle        time.Duration `yaml:"session_idle"`
	Longest     time.Duration `yaml:"session_longest"`
	Passwords   web.Passwords `yaml:"local_accounts"` // everybody, admins, nobody
	OIDC        oidcConfig    `yaml:"oidc"`
}

type metricsConfig struct {
	Listen string `yaml:"listen"` // empty: nothing is told
}

type logConfig struct {
	Level  string `yaml:"level"`  // debug, info, warn, error
	Format string `yaml:"format"` // text, json
}

// roles are the parts of the work that a process may play.
func roles() []string { return []string{"mailbox", "scans", "read", "reply", "web"} }

// defaultConfig is the configuration of an empty file: it takes in no post,
// and is enough to inspect some.
func defaultConfig() config {
	return config{
		Landlord: landlordConfig{Team: "Complaints team", ReferencePrefix: "POST", Ombudsman: defaultOmbudsman()},
		Nation:   string(workday.EnglandAndWales),
		Scheme:   workday.DefaultScheme().ID,
		Register: registerConfig{Driver: "sqlite", Path: "data/register.db"},
		Archive:  archiveConfig{Folder: "data/archive", S3: s3Config{PathStyle: true, Timeout: 30 * time.Second}},
		Queue:    queueConfig{Prefix: "postroom:"},
		SMTP: smtpConfig{
			TLS: "starttls", Connections: 4, Timeout: 30 * time.Second, FinalTimeout: 2 * time.Minute,
			Retry: retryConfig{First: time.Minute, Longest: time.Hour, Attempts: 12, Patience: 12 * time.Hour},
		},
		Keys:     keysConfig{Folder: "data/secrets"},
		Outgoing: "send",
		Release:  "automatic",
		Failsafe: failsafeConfig{WorkingDay: 4, At: timeOfDay{Hour: 12}},
		Review:   reviewConfig{Keep: 20 * time.Minute, Undo: time.Minute},
		Warnings: warningsConfig{DaysBefore: []int{2, 1}},
		Digest:   digestConfig{At: timeOfDay{Hour: 8}},
		Alerts:   alertsConfig{Repeat: 15 * time.Minute, WebTimeout: 10 * time.Second},
		Caps: capsConfig{
			Recipient: capConfig{Most: 10, Within: 24 * time.Hour},
			Case:      capConfig{Most: 10, Within: 24 * time.Hour},
			Team:      1000,
			Global:    capConfig{Most: 2000, Within: time.Hour},
		},
		Templates: templatesConfig{Language: templates.English},
		Scans:     defaultScans(),
		Letters:   lettersConfig{Profile: "dl-35x90", DoubleSided: true, DaysToPost: 1, PrintFolder: "data/print"},
		Limits:    defaultLimits(),
		Malware:   malwareConfig{LargestMB: 25, Timeout: 2 * time.Minute},
		Web:       webConfig{Listen: "127.0.0.1:8080", Cookies: "auto", Idle: time.Hour, Longest: 12 * time.Hour, Passwords: web.ForEverybody, OIDC: defaultOIDC()},
		Roles:     roles(),
		Log:       logConfig{Level: "info", Format: "text"},
	}
}

func defaultOmbudsman() []ombudsmanConfig {
	var all []ombudsmanConfig
	for _, o := range templates.DefaultOmbudsman() {
		all = append(all, ombudsmanConfig{Name: o.Name, Phone: o.Phone, Website: o.Website, Address: o.Address})
	}
	return all
}

func defaultLimits() limitsConfig {
	l := mime.DefaultLimits()
	return limitsConfig{
		MessageMB: int(l.Bytes >> 20), Parts: l.Parts, Depth: l.Depth, HeaderKB: int(l.HeaderBytes >> 10),
		DecodedMB: int(l.DecodedBytes >> 20), HTMLNodes: l.HTMLNodes, TextKB: int(l.TextBytes >> 10), Time: l.Duration,
	}
}

// forwardable are the keys that forwarding may have.
func forwardable() []string { return append(classify.Topics(), "*") }
