package mime

import (
	"strings"
	"testing"
)

// TestQuotesOfManyPrograms has an answer above what programs of many makers
// and languages put between it and the mail that it answers, or below it.
func TestQuotesOfManyPrograms(t *testing.T) {
	t.Parallel()
	own := func(a string) bool { return strings.HasSuffix(a, "@larkmere.example.org") }
	for _, below := range []string{
		"Jo Bo Co <jo@abc.example> schrieb am So., 23.\nJuni 2024, 21:08:\n\n> OLD\n>\n> OLD",
		"ср, 30 апр. 2025 г. в 15:19, Jo Doe <doe@example.com>:\n\nOLD",
		"-------- Oprindelig besked --------\nFra: A B C <abc@abc.example>\nDato: 04.07.2024  17.45  (GMT+01:00)\nTil: abc@abc.example\nEmne: OLD\n\nOLD",
		"---- On Wed, 24 Feb 2021 14:02:50 +0530 jo@gmail.example wrote ----\n\nOLD",
		"30.09.2017, 18.30, \"Jo - Doe\" <s.i@saas.example>:\n\nOLD",
		"On Wed, 14 Nov 2018 08:14:43 -0200 Jo Doe <jo@doe.example> wrote\n\nOLD",
		"Em 10 de julho de 2017 às 16:32:35, Jo Doe - Str (\ncontact@str.example) escreveu:\n\nOLD",
		"Op 13-02-2014 3:18 schreef Jules C <pan@rome.example>:\n\nOLD",
		"Op 17-feb.-2015, om 13:18 heeft Jules C <pan@rome.example> het volgende geschreven:\n\nOLD",
		"Sent from Samsung MobileName <address@example.com> wrote:\n\n>\n> OLD\n>\n> OLD",
		"2014-10-17 11:28 GMT+03:00 Postmaster <\npostmaster@sandboxxxxxxxxxxxxxxxxxxx.example>:\n\n> OLD\n>",
		"On 11-Apr-2011, at 6:54 PM, Ro Tk <ro@example.com> sent:\n\n> OLD",
		"-----Antwort Nachricht-----\n\nOLD",
		"------On 12/29/1987 17:32 PM, Jules Caesar wrote-----\n\nOLD",
		"2011/4/7 Nathan ова <support@example.com>\n\n>  OLD",
		"Den 14 september, 2015 02:23:18, Va Rudy (va@rudy.example) skrev:\n\nOLD",
		"På 14 september 2015 på 02:23:18, Va Rudy (va@rudy.example) skrev:\n\nOLD",
		"W dniu 28 stycznia 2015 01:53 użytkownik Zoe xxx <zoe.xxx@xxx.example>\nnapisał:\n\nOLD",
		"Date: Wed, 16 May 2012 00:15:02 -0600\nTo: kl@example.com\nFrom: jo@example.com\nSubject: OLD\n\nOLD",
		"Date: Fri, 28 Sep 2012 10:55:48 +0000\nFrom: tickets@example.com\nTo: bob@example.com\nSubject: OLD\n\nOLD",
		"From: Human Resources \n<a-really-long-automated-email+1234556@humanresources.example> \nSent: Monday, August 26, 2019 4:37 PM\nTo: Ab <ab@company.example>\nSubject: OLD\n\nOLD",
		"  *From:* bob@example.com [mailto:\n  bob@example.com]\n  *Sent:* Wednesday, June 27, 2012 3:05 PM\n  *To:* travis@example.com\n  *Subject:* OLD\n\nOLD",
		"Gesendet: Montag, 2. März 2026 um 10:00 Uhr\nVon: \"X Y\" <x@gmx.example>\nAn: jo@gmx.example\nBetreff: OLD\n\nOLD",
		"Am Mi., 5. Feb. 2020 um 17:58 Uhr schrieb Company Questions\n<questions@company.example>:\n\n> OLD",
		"Von: Max Muster <max@beispiel.example>\nGesendet: Donnerstag, 23. März 2023 17:11\nAn: Jo\nBetreff: AW: OLD\n\nOLD",
		"Télécharger Outlook pour iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: The Hi <job@hi.example>\nSent: Thursday, September 26, 2019 11:35:12 AM\nTo: Yo <yo@p.example>\nSubject: OLD\n\nOLD",
		"Gesendet von Outlook für Android<https://aka.ms/AAb9ysg>",
		"在 2024年1月1日星期一，Jo <jo@abc.example> 写道：\n\nOLD",
		"2024년 1월 1일 (월) 오전 10:00, 홍길동 <h@abc.example>님이 작성:\n\nOLD",
		"2024年1月1日(月) 10:00 山田太郎 <y@abc.example>:\n\n> OLD",
		"2024/01/01 10:00、Yamada <y@abc.example>のメール:\n\n> OLD",
		"--- On Mon, 3/2/26, Jo <jo@yahoo.example> wrote:\n\nFrom: Jo <jo@yahoo.example>\nSubject: OLD\nTo: c@l.example\nDate: Monday, March 2, 2026, 10:00 AM\n\nOLD",
		"Dne 2. 3. 2026 v 10:00 Jan N <jan@abc.example> napsal(a):\n\nOLD",
		"Jo <jo@abc.example>, 2 Mar 2026 Pzt, 10:00 tarihinde şunu yazdı:\n\n> OLD",
		"Jo <jo@abc.example> ezt írta (időpont: 2026. márc. 2., H, 10:00):\n\n> OLD",
		"Στις Δευ 2 Μαρ 2026 στις 10:00 π.μ., ο χρήστης Jo <jo@abc.example>\nέγραψε:\n\n> OLD",
		"في الاثنين، 2 مارس 2026 10:00 كتب Jo <jo@abc.example>:\n\n> OLD",
		"2026-03-02, pr, 10:00 Jo <jo@abc.example> rašė:\n\n> OLD",
		"po 2. 3. 2026 o 10:00 Jo <jo@abc.example> napísal(a):\n\nOLD",
		"pon, 2. ožu 2026. u 10:00 Jo <jo@abc.example> je napisao/la:\n\nOLD",
		"На пн, 2.03.2026 г. в 10:00 ч. Jo <jo@abc.example> написа:\n\nOLD",
		"пн, 2 бер. 2026 р. о 10:00 Jo <jo@abc.example> пише:\n\nOLD",
		"Jo Bloggs <jo@abc.example> wrote on 02/03/2026 10:00:00:\n\n> OLD",
		"Pe lun., 2 mar. 2026 la 10:00, Jo <jo@abc.example> a scris:\n\nOLD",
		"El lun, 2 mar 2026 a las 10:00, Jo (<jo@abc.example>) escribió:\n\nOLD",
		"Il giorno lun 2 mar 2026 alle ore 10:00 Jo <jo@abc.example> ha scritto:\n\nOLD",
		"man. 2. mar. 2026 kl. 10.00 skrev Jo <jo@abc.example>:\n\nOLD",
		"Den mån 2 mars 2026 kl 10:00 skrev Jo <jo@abc.example>:\n\nOLD",
		"Op ma 2 mrt 2026 om 10:00 schreef Jo <jo@abc.example>:\n\nOLD",
		"ma 2. maalisk. 2026 klo 10.00 Jo (jo@abc.example) kirjoitti:\n\nOLD",
		"Vào Th 2, 2 thg 3, 2026 vào lúc 10:00 Jo <jo@abc.example> đã viết:\n\nOLD",
		"Pada Sen, 2 Mar 2026 pukul 10.00 Jo <jo@abc.example> menulis:\n\nOLD",
		"lun. 2 mars 2026 à 10 h 00, Jo <jo@abc.example> a écrit :\n\nOLD",
		"Ar Llun, 2 Maw 2026 am 10:00, ysgrifennodd Jo <jo@abc.example>:\n\n> OLD",
		"----- Reply message -----\nFrom: \"Jo\" <jo@abc.example>\nTo: x\nDate: Mon, Mar 2\n\nOLD",
		"----- Forwarded Message -----\nFrom: c@larkmere.example.org\nTo: jo\nSent: Monday\nSubject: OLD\n\nOLD",
		"_____________________________\nFrom: Jo <jo@abc.example>\nSent: Monday, March 2, 2026 10:00 am\nSubject: OLD\nTo: <c@l.example>\n\nOLD",
		"________________________________\nDe: Jo <jo@abc.example>\nEnviado: lunes, 2 de marzo de 2026 10:00\nPara: c\nAsunto: OLD\n\nOLD",
		"________________________________\nDa: Jo <jo@abc.example>\nInviato: lunedì 2 marzo 2026 10:00\nA: c\nOggetto: OLD\n\nOLD",
		"________________________________\nOd: Jo <jo@abc.example>\nOdoslané: pondelok 2. marca 2026 10:00\nKomu: c\nPredmet: OLD\n\nOLD",
		"________________________________\nFeladó: Jo <jo@abc.example>\nElküldve: 2026. március 2., hétfő 10:00\nCímzett: c\nTárgy: OLD\n\nOLD",
		"________________________________\nОт: Jo <jo@abc.example>\nОтправлено: 2 марта 2026 г. 10:00\nКому: c\nТема: OLD\n\nOLD",
		"________________________________\nKimden: Jo <jo@abc.example>\nGönderildi: 2 Mart 2026 Pazartesi 10:00\nKime: c\nKonu: OLD\n\nOLD",
		"________________________________\n发件人: Jo <jo@abc.example>\n发送时间: 2026年3月2日 10:00\n收件人: c\n主题: OLD\n\nOLD",
		"________________________________\nمن: Jo <jo@abc.example>\nتم الإرسال: 2 مارس 2026 10:00\nإلى: c\nالموضوع: OLD\n\nOLD",
		"________________________________\nAlkaen: Jo <jo@abc.example>\nLähetetty: maanantai 2. maaliskuuta 2026 10:00\nVastaanottaja: c\nAihe: OLD\n\nOLD",
		"________________________________\nVan: Jo <jo@abc.example>\nVerzonden: maandag 2 maart 2026 10:00\nAan: c\nOnderwerp: OLD\n\nOLD",
		"________________________________\nNo: Jo <jo@abc.example>\nNosūtīts: pirmdiena, 2026. gada 2. marts 10:00\nKam: c\nTēma: OLD\n\nOLD",
		"________________________________\nNuo: Jo <jo@abc.example>\nIšsiųsta: 2026 m. kovo 2 d. 10:00\nKam: c\nTema: OLD\n\nOLD",
		"Jo Bloggs wrote:\n> OLD",
		"jo@example.net said:\n> OLD",
		"Jo Bloggs <jo@example.net> writes:\n\n> OLD\n> OLD",
		"Quoting Jo Bloggs <jo@example.net>:\n\n> OLD",
		"Zitat von Jo Bloggs <jo@example.net>:\n> OLD",
		"Jo Bloggs\n03/02/2026 10:00 AM\nTo: Complaints/HQ/LARKMERE@LARKMERE\ncc: \nSubject: OLD\n\nOLD",
		"\"Jo Bloggs\" <jo@example.net> on 03/02/2026 10:00:00 AM\n\nTo: c@larkmere.example.org\ncc:\nSubject: OLD\n\nOLD",
		"---------------------- Forwarded by Jo Bloggs/HQ/LARKMERE on 03/02/2026 10:00 AM ---------------------------\n\nFrom: c@larkmere.example.org\n\nOLD",
		"Sent from my Google Pixel 8",
		"CAUTION - EXTERNAL:",
		"Sent from Mail for Windows",
		"Sent from Mail for Windows 10\n\nFrom: Jo\nSent: 02 March 2026 10:00\nTo: c\nSubject: OLD\n\nOLD",
		"Sent from myMail for iOS", "Sent from AOL on Android", "Sent from the all new AOL app for iOS", "Sent from Yahoo Mail on Android\n\nOn Mon, 2 Mar 2026 at 10:00, Jo<jo@abc.example> wrote:   OLD\nOLD",
		"Sent via the Samsung Galaxy S24, an AT&T 5G smartphone", "Sent from my T-Mobile 4G LTE Device", "Enviado do meu iPhone", "Inviato da iPhone", "Von meinem iPhone gesendet", "Envoyé de mon iPhone", "Wysłane z iPhone'a", "Trimis de pe iPhone-ul meu", "Enviado desde mi iPhone", "iPhoneから送信", "从我的 iPhone 发送", "Skickat från min iPhone", "Sendt fra min iPhone", "Verstuurd vanaf mijn iPhone", "Lähetetty iPhonesta", "Odesláno z iPhonu", "Odoslané z iPhonu", "Elküldve iPhone-omról", "Отправлено с iPhone", "iPhone'umdan gönderildi", "أُرسلت من الـ iPhone", "Anfonwyd o fy iPhone", "Get TypeApp for Android", "Sent with Proton Mail secure email.", "Sent from Gmail Mobile", "Sent from Outlook for iOS<https://aka.ms/o0ukef>", "Sent from my Huawei phone", "Sent from Samsung tablet.",
	} {
		for _, above := range []string{"NEW one.\n\n", "NEW one.\n", "On 3 May I\nNEW one.\n", "On 3 May 2026 I rang.\n"} {
			if got := newReader(true, own).newText(above + below + "\n"); got != strings.TrimSpace(above) {
				t.Errorf("%q above %q:\ngot %q", above, below, got)
			}
		}
	}
}

// TestWordsThatLookQuoted has residents' own words that begin or end as quotes
// do. Losing one is worse than keeping a quote.
func TestWordsThatLookQuoted(t *testing.T) {
	t.Parallel()
	own := func(a string) bool { return strings.HasSuffix(a, "@larkmere.example.org") }
	log := "Who told me what:\n\n3 March 2026 10:00 Jo Smith <jo@example.net>:\nsomebody comes on Monday\n\nNobody came."
	if got := newReader(false, own).newText(log); got != log {
		t.Errorf("%q\nbecame %q", log, got)
	}
	for _, text := range []string{
		"On 3 March 2026 at 10:00 your officer said:\n\nwe will come on Monday\n\nNobody came.",
		"On 3 May your man wrote:\nno access\nThat is a lie.",
		"I wrote to Jo Smith <jo@larkmere.example.org> on 3 May 2026 at 10:00:\n\nplease fix the lift. And nothing happened.",
		"My mail to Jo Smith <jo@larkmere.example.org> of 3 May 2026, 10:00, which you never answered, said this:\n\nplease fix the lift.",
		"These are the days on which I rang:\n\n3 March 2026, 10:00\n4 March 2026, 11:00\n\nNobody answered.",
		"Sent by a neighbour.\n\nThe lift is broken.",
		"Name: Jo Bloggs\nEmail: jo@example.net\nDate: 3 March 2026 10:00\nProblem: no heating",
		"Date: 3 March 2026 10:00\nTime off work: four hours\nEmail sent to: repairs@larkmere.example.org\n\nPay me for it.",
		"From: 12 Lark Road\nTo: 3 Wharf Lane\nDate: 3 March 2026 10:00\nEmail: jo@example.net\n\nThe van was late.",
		"Your officer wrote:\n\nno access. That is a lie.",
		"I wait for three things.\nTo: be heard\nSubject: to none of your rules",
		"I enclose two letters.\n\nSent by Royal Mail",
		"I enclose two letters.\nSent from Coventry",
		"Caution: external wall is loose.",
		"---- Kitchen ----\nThe tap drips.\n---- Bath ----\nThe tap drips too.",
		"To: whom it may concern\nFrom: me\n\nThe lift is broken.",
		"Till: the receipt is attached\nTema: damp\n\nIt is wet.",
		"Call me on 01632 960100 or (jo@example.net) after 10:00:\nI work nights.",
		"From my window I see the bins.\nTo get there takes an hour.\nDate: every Monday.",
		"8:30 to 10:30 on 3 March 2026 I waited. Your office (office@larkmere.example.org) told me at 11:00:\nnobody is coming.",
	} {
		for _, reply := range []bool{false, true} {
			if got := newReader(reply, own).newText(text); got != text {
				t.Errorf("reply %t: %q\nbecame %q", reply, text, got)
			}
		}
	}
}
