package web_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

// FuzzHandedIn: whatever a system sends is refused with a reason, or becomes a
// record that is read as it was sent, and is valid by the description.
func FuzzHandedIn(f *testing.F) {
	for _, seed := range []string{
		words(), words("subject", "Zażółć \u2028 =?utf-8?q?x?= "), words("complainant", `{"name": "a\"b", "email": "x@example.com", "phone": "\u0080", "postal_address": ["1 Lane", "LS1 4AP"]}`),
		words("attachments", `[{"filename": "a\"; b.eml", "content": "RnJvbTogYUBleGFtcGxlLmNvbQ0KDQp4"}]`), words("text", `"--postroom\r\n.\r\nFrom x\n\ud800"`), words("needs", `["easy_read"]`, "reply_by", "none"),
		words("received_at", "2026-01-01T0:00:00Z"), "{}", "[", `{"id": {"id": [[[[1]]]]}}`, strings.Repeat(`{"a":`, 40), `{"text":"a","text":"b","TEXT":null}`, "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(seed))
	}
	now := registertest.NewClock().Now()
	f.Fuzz(func(t *testing.T, body []byte) {
		s, refused := web.ReadHandedIn(body, now)
		if refused != "" {
			var problem struct {
				Code, Detail string
			}
			if err := json.Unmarshal([]byte(refused), &problem); err != nil || problem.Code == "" || problem.Detail == "" {
				t.Errorf("refused with %s", refused)
			}
			return
		}
		if d, err := described(); err != nil || d.valid("/components/schemas/Message", string(body)) != nil {
			t.Errorf("taken in, and not as described: %q", body)
		}
		var record bytes.Buffer
		if err := s.WriteRecord(&record); err != nil {
			t.Fatal(err)
		}
		rd := ingest.ReadTold(t.Context(), bytes.NewReader(record.Bytes()), mime.Options{Now: registertest.NewClock().Now}, []string{"CIT"})
		if rd.Error != "" || rd.From.Name != s.Name || rd.From.Address != s.Email || rd.Subject != s.Subject || rd.Told.TheirID != s.Told.TheirID || rd.Told.Vouched != s.Told.Vouched {
			t.Errorf("%q is read as %+v", body, rd)
		}
	})
}
