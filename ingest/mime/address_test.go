package mime

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		want []Address
	}{
		{"Jo <jo@example.net>", []Address{{"Jo", "jo@example.net"}}},
		{"jo@example.net", []Address{{"", "jo@example.net"}}},
		{"<jo@example.net>", []Address{{"", "jo@example.net"}}},
		{`"Bloggs, Jo" <jo@example.net>`, []Address{{"Bloggs, Jo", "jo@example.net"}}},
		{"Bloggs, Jo <jo@example.net>", []Address{{"Bloggs, Jo", "jo@example.net"}}},
		{"jo@example.net (Jo Bloggs)", []Address{{"Jo Bloggs", "jo@example.net"}}},
		{"Jo Bloggs jo@example.net", []Address{{"Jo Bloggs", "jo@example.net"}}},
		{"Jo <jo@example.net", []Address{{"Jo", "jo@example.net"}}},
		{"'jo@example.net' <jo@example.net>", []Address{{"jo@example.net", "jo@example.net"}}},
		{"Jo <mailto:jo@example.net>", []Address{{"Jo", "jo@example.net"}}},
		{"Jo <jo@EXAMPLE.net>", []Address{{"Jo", "jo@example.net"}}},
		{"Jo <jo @ example.net>", []Address{{"Jo", "jo@example.net"}}},
		{"Jo <@relay.example,@x.example:jo@example.net>", []Address{{"Jo", "jo@example.net"}}},
		{"a@example.net, b@example.net; c@example.net", []Address{{"", "a@example.net"}, {"", "b@example.net"}, {"", "c@example.net"}}},
		{"Team: a@example.net, b@example.net;", []Address{{"", "a@example.net"}, {"", "b@example.net"}}},
		{"undisclosed-recipients:;", nil},
		{"=?utf-8?Q?J=C3=B6_Bl=C3=B6ggs?= <jo@example.net>", []Address{{"Jö Blöggs", "jo@example.net"}}},
		{"\"=?iso-8859-1?Q?J=F6?=\" <jo@example.net>", []Address{{"Jö", "jo@example.net"}}},
		{"J\xf6 <jo@example.net>", []Address{{"Jö", "jo@example.net"}}},
		{"=?utf-8?Q?jo=40example.net?=", []Address{{"jo@example.net", "jo@example.net"}}},
		{"Jo <IMCEAMAILTO-jo+40example+2Enet@exchange.example>", []Address{{"Jo", "jo@example.net"}}},
		{"jo.@docomo.example", []Address{{"", "jo.@docomo.example"}}},
		{"Jo \"the plumber\" Bloggs <jo@example.net>", []Address{{"Jo \"the plumber\" Bloggs", "jo@example.net"}}},
		{"fred@@x..y", []Address{}},
		{"Jo <jo@localhost>", []Address{{"Jo", ""}}},
		{"<<<>>,,;;\"@@ (((\xff\xfe [not an address", []Address{}},
		{"jö@exämple.net", []Address{{"", "jö@exämple.net"}}},
		{"jo@[192.0.2.1]", []Address{{"", "jo@[192.0.2.1]"}}},
	} {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got := parseAddresses(tt.in)
			if len(tt.want) == 0 {
				if len(answerable(got)) > 0 {
					t.Errorf("got %+v", got)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// There is somebody to answer, or it is said that there is nobody.
func TestSender(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, header, want, repair string }{
		{"Reply-To instead", "From: fred@@x..y\nReply-To: jo@example.net", "jo@example.net", "Reply-To"},
		{"Sender instead", "From: (nobody)\nSender: jo@example.net", "jo@example.net", "Sender"},
		{"envelope instead", "Return-Path: <jo@example.net>\nFrom: ", "jo@example.net", "envelope"},
		{"nobody", "From: <<<>>", "", "Nobody can be answered"},
		{"none at all", "To: x@example.org", "", "Nobody can be answered"},
		{"two lines", "From: Jo <jo@example.net>\nFrom: Max <max@example.net>", "jo@example.net", "several From"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := readText(t, tt.header+"\nSubject: damp\n\nThe wall is wet.\n", landlord())
			if m.From.Address != tt.want || !strings.Contains(strings.Join(m.Repairs, " "), tt.repair) {
				t.Errorf("got %q, repairs %q", m.From.Address, m.Repairs)
			}
		})
	}
}
