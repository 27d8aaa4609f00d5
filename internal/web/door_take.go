package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// largestCall bounds what a system hands in at once, in bytes: files of
// largestFiles as base64, and the words.
const largestCall = 28 << 20

// A taken answers a system that handed post in.
type taken struct {
	Reference     string `json:"reference"`
	ReceivedAt    string `json:"received_at"`
	AcknowledgeBy string `json:"acknowledge_by"`
	AnswerBy      string `json:"answer_by"`
	Case          string `json:"case"` // where to ask how it stands
}

// handIn takes in what a system hands in, whole and once: its key is the
// post's fingerprint. What is judged and answered is left to whoever reads the
// queue, as with all other post.
func (d *Desk) handIn(w http.ResponseWriter, r *http.Request, k register.Token) {
	key, no := theKey(r)
	if no == nil {
		no = mayRead(r)
	}
	if no != nil {
		d.refuse(w, r, *no)
		return
	}
	select {
	case d.doorway <- struct{}{}:
		defer func() { <-d.doorway }()
	case <-r.Context().Done():
		d.away(w, r, r.Context().Err())
		return
	}
	body, no := readCall(r)
	if no != nil {
		d.refuse(w, r, *no)
		return
	}
	h, no := readHandedIn(body, d.c.Now())
	if no == nil && h.IdentityConfirmed && !k.Grants(register.MayVouch) {
		no = &refusal{Status: http.StatusForbidden, Code: "not_granted", Detail: "This token may not say that its system knows who the resident is. Leave identity_confirmed out, or ask the operator for a token with: -may submit,vouch."}
	}
	if no != nil {
		d.refuse(w, r, *no)
		return
	}
	d.takeIn(w, r, k, key, h, body)
}

func (d *Desk) takeIn(w http.ResponseWriter, r *http.Request, k register.Token, key string, h handedIn, body []byte) {
	ctx := r.Context()
	sum := sha256.Sum256(body)
	digest := hex.EncodeToString(sum[:])
	err := d.c.Register.ClaimKey(ctx, k.System, key, digest)
	if errors.Is(err, register.ErrKeyReused) {
		d.refuse(w, r, refusal{Status: http.StatusUnprocessableEntity, Code: "key_reused", Detail: "Your system sent something else with this Idempotency-Key before. Nothing was taken in: send new post with a new key, and the same post with the same bytes."})
		return
	}
	if err != nil {
		d.away(w, r, err)
		return
	}
	got, err := d.c.Intake.Submit(ctx, h.submission(d.c.Now(), k.System, key, digest))
	if err != nil {
		d.away(w, r, err)
		return
	}
	// Handed in again, it keeps the time of the first.
	m, err := d.c.Register.GetMessage(ctx, got.ID)
	if err != nil {
		d.away(w, r, err)
		return
	}
	status := http.StatusOK
	if got.New {
		status = http.StatusCreated
		d.c.Logger.InfoContext(ctx, "another system handed post in", slog.String("message_id", m.ID), slog.String("case_ref", m.Reference), slog.String("system", k.System.Name))
	}
	at := casePath(m.Reference)
	w.Header().Set("Location", at)
	writeJSON(w, status, taken{
		Reference: m.Reference, ReceivedAt: londonTime(m.ReceivedAt), AcknowledgeBy: m.Deadline.String(),
		AnswerBy: d.c.Register.AnswerBy(m.ReceivedAt).String(), Case: at,
	})
}

func casePath(reference string) string { return apiPath + "v1/cases/" + reference }

// londonTime writes an instant with the offset that London has then.
func londonTime(t time.Time) string { return t.In(workday.London()).Format(time.RFC3339) }

var callKey = regexp.MustCompile(`^[!-~]{8,200}$`)

// theKey is the call's Idempotency-Key, with or without the quotes that the
// draft of its RFC wants (draft-ietf-httpapi-idempotency-key-header).
func theKey(r *http.Request) (string, *refusal) {
	all := r.Header.Values("Idempotency-Key")
	if len(all) == 0 {
		return "", &refusal{Status: http.StatusBadRequest, Code: "no_key", Detail: "Send an Idempotency-Key with each message, a new one for each, and the same one when you send a message again."}
	}
	key := strings.TrimSpace(all[0])
	if quoted, ok := strings.CutPrefix(key, `"`); ok {
		key = strings.TrimSuffix(quoted, `"`)
	}
	if len(all) > 1 || !callKey.MatchString(key) || strings.ContainsAny(key, `"\`) {
		return "", &refusal{Status: http.StatusBadRequest, Code: "bad_key", Detail: "An Idempotency-Key has 8 to 200 letters, digits and signs, no spaces, and is sent once. A UUID is fine."}
	}
	return key, nil
}

// mayRead refuses what is no JSON, or too much, before it is read.
func mayRead(r *http.Request) *refusal {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || kind != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") || r.Header.Get("Content-Encoding") != "" {
		return &refusal{Status: http.StatusUnsupportedMediaType, Code: "not_json", Detail: "Send JSON in UTF-8, not compressed: Content-Type: application/json."}
	}
	if r.ContentLength > largestCall {
		return tooLarge()
	}
	return nil
}

func tooLarge() *refusal {
	return &refusal{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "A message has at most 28 MiB, and its attachments 20 MiB before they are written as base64. Send it without the largest, and ask the resident for that one another way."}
}

func readCall(r *http.Request) ([]byte, *refusal) {
	body, err := io.ReadAll(r.Body) // which patient bounds
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLarge()
	}
	if err != nil {
		return nil, &refusal{Status: http.StatusBadRequest, Code: "not_understood", Detail: "The message broke off on its way. Nothing was taken in: send it again with the same key."}
	}
	return body, nil
}
