"""Awkward mails as they come in from the world, each with what must be read from it."""

import base64
from typing import Any

import msgspec


class Sample(msgspec.Struct):
    """A raw mail, and the facts expected of it: attribute paths of `Mail`, or the code of its refusal."""

    name: str
    raw: bytes
    expected: dict[str, Any] = {}
    refused: str | None = None
    envelope_from: str | None = "camille@example.org"


def mail(headers: str, body: str | bytes = "hello", charset: str = "utf-8") -> bytes:
    """Write a mail with the usual headers unless given."""
    given = headers.replace("\r", "").strip("\n").split("\n") if headers.strip() else []
    names = {line.partition(":")[0].lower() for line in given if line[0] not in " \t"}
    usual = ["From: Camille Test <camille@example.org>", "To: help@check.example", "Message-ID: <one@example.org>"]
    lines = [line for line in usual if line.partition(":")[0].lower() not in names] + given
    raw = body.encode(charset) if isinstance(body, str) else body
    return (
        "\r\n".join(lines).encode("utf-8", "surrogateescape")
        + b"\r\n\r\n"
        + raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    )


def parts(kind: str, *inner: str, preamble: str = "") -> tuple[str, str]:
    """Write the header and body of a multipart; each inner part is its headers, a blank line, its content."""
    body = preamble + "".join(f"--edge\n{part}\n" for part in inner) + "--edge--\n"
    return f'MIME-Version: 1.0\nContent-Type: {kind}; boundary="edge"', body


def multi(kind: str, *inner: str, headers: str = "") -> bytes:
    head, body = parts(kind, *inner)
    return mail(f"{headers}\n{head}".strip("\n"), body)


PLAIN = "Content-Type: text/plain; charset=utf-8\n\n"
HTML = "Content-Type: text/html; charset=utf-8\n\n"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\x00" * 32).decode()


def file_part(headers: str, content: str) -> str:
    return f"{headers}\n\n{content}"


DSN = multi(
    "multipart/report; report-type=delivery-status",
    PLAIN + "Your message could not be delivered.",
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
    "Final-Recipient: rfc822; nobody@example.net\nAction: failed\nStatus: 5.1.1\nDiagn"
    "ostic-Code: smtp; 550 5.1.1 no such user\n",
    "Content-Type: message/rfc822\n\nMessage-ID: <ours@check.example>\nFrom: "
    "help@check.example\nSubject: Re: Facture\n\nBonjour\n",
    headers="From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered Mail Returned to Sender",
)

SAMPLES = [
    Sample("nothing at all", b"", {"body.text": "", "sender": None, "has_own_id": False, "classification": "normal"}),
    Sample(
        "headers without a body",
        b"From: a@b.example\r\nSubject: hi",
        {"subject": "hi", "body.text": "", "sender.email": "a@b.example"},
    ),
    Sample("a body without headers", b"\r\nonly words\r\n", {"body.text": "only words", "sender": None}),
    Sample(
        "unix line ends", b"From: a@b.example\nSubject: hi\n\none\ntwo\n", {"body.text": "one\ntwo", "subject": "hi"}
    ),
    Sample(
        "old Mac line ends", b"From: a@b.example\rSubject: hi\r\rone\rtwo\r", {"subject": "hi", "body.text": "one\ntwo"}
    ),
    Sample("a NUL in the subject", mail("Subject: Fac\x00ture"), {"subject": "Facture"}),
    Sample("a NUL in the body", mail("", b"a\x00b"), {"body.text": "a\ufffdb"}),
    Sample("a subject of raw UTF-8", mail("Subject: Réponse"), {"subject": "Réponse"}),
    Sample("a subject of raw Latin-1", mail("Subject: R\udce9ponse"), {"subject": "Réponse"}),
    Sample(
        "an encoded subject",
        mail("Subject: =?utf-8?B?UsOpcG9uc2U=?= =?iso-8859-1?Q?_=E0_tous?="),
        {"subject": "Réponse à tous"},
    ),
    Sample(
        "a character cut between two encoded words",
        mail("Subject: =?utf-8?Q?R=C3?= =?utf-8?Q?=A9ponse?="),
        {"subject": "Réponse"},
    ),
    Sample("an encoded word with a broken base64", mail("Subject: =?utf-8?B?UsOpc?= x"), {"has_own_id": True}),
    Sample("an encoded word of an unknown charset", mail("Subject: =?x-nothing?Q?caf=C3=A9?="), {"subject": "café"}),
    Sample("an encoded word of a codec that is no charset", mail("Subject: =?zip?Q?caf=C3=A9?="), {"subject": "café"}),
    Sample("a folded subject", mail("Subject: one\r\n two\r\n\tthree"), {"subject": "one two three"}),
    Sample("a subject of 40,000 characters", mail("Subject: " + "a" * 40_000), {"subject": "a" * 998}),
    Sample(
        "an encoded name with a comma",
        mail("From: =?utf-8?Q?Test=2C_Camille?= <camille@example.org>"),
        {"sender.name": "Test, Camille", "sender.email": "camille@example.org"},
    ),
    Sample(
        "a quoted name with an at sign",
        mail('From: "help@bank.example" <thief@example.org>'),
        {"sender.email": "thief@example.org"},
    ),
    Sample("a From that is no address", mail("From: nobody in particular"), {"sender": None, "answer_to": None}),
    Sample(
        "a Sender in place of a From", mail("From: broken\nSender: s@example.org"), {"sender.email": "s@example.org"}
    ),
    Sample("a domain in capitals", mail("From: Camille@Example.ORG"), {"sender.email": "Camille@example.org"}),
    Sample(
        "a group of recipients", mail("To: friends: a@b.example, c@d.example;"), {"to": ["a@b.example", "c@d.example"]}
    ),
    Sample(
        "an answer address of its own", mail("Reply-To: other@example.org"), {"answer_to.email": "other@example.org"}
    ),
    Sample("no Message-ID", mail("Message-ID:"), {"has_own_id": False}),
    Sample(
        "a Message-ID without brackets",
        mail("Message-ID: one@example.org"),
        {"external_id": "<one@example.org>", "has_own_id": True},
    ),
    Sample("a Message-ID with spaces", mail("Message-ID: <one two@example.org>"), {"has_own_id": False}),
    Sample(
        "references over several lines",
        mail("References: <a@x>\r\n <b@x>\r\n\t<c@x>\nIn-Reply-To: <c@x> (Camille's message)"),
        {"references": ["<a@x>", "<b@x>", "<c@x>"], "in_reply_to": ["<c@x>"]},
    ),
    Sample("a date that makes no sense", mail("Date: the day after tomorrow"), {"date": None}),
    Sample("a date in a zone", mail("Date: Mon, 23 Nov 2026 10:00:00 +0100"), {"date": "2026-11-23T09:00:00+00:00"}),
    Sample("a date of the year 99999", mail("Date: Mon, 23 Nov 99999 10:00:00 +0100"), {"date": None}),
    Sample(
        "Latin-1 that says it is ASCII",
        mail("Content-Type: text/plain; charset=us-ascii", "été".encode("latin-1")),
        {"body.text": "été"},
    ),
    Sample(
        "Windows characters that say they are Latin-1",
        mail("Content-Type: text/plain; charset=iso-8859-1", "l’été – 5 €".encode("cp1252")),
        {"body.text": "l’été – 5 €"},
    ),
    Sample(
        "UTF-8 that says it is Latin-1 is taken at its word",
        mail("Content-Type: text/plain; charset=utf-8", "naïve"),
        {"body.text": "naïve"},
    ),
    Sample("an unknown charset", mail("Content-Type: text/plain; charset=klingon-8", "naïve"), {"body.text": "naïve"}),
    Sample(
        "Korean by its old name",
        mail("Content-Type: text/plain; charset=ks_c_5601-1987", "안녕하세요".encode("cp949")),
        {"body.text": "안녕하세요"},
    ),
    Sample(
        "Japanese in escape sequences",
        mail("Content-Type: text/plain; charset=iso-2022-jp", "こんにちは".encode("iso-2022-jp")),
        {"body.text": "こんにちは"},
    ),
    Sample(
        "UTF-16 in base64",
        mail(
            "Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64",
            base64.b64encode("été".encode("utf-16")),
        ),
        {"body.text": "été"},
    ),
    Sample(
        "quoted-printable with soft line ends",
        mail(
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable",
            "caf=C3=A9 =\nau lait",
        ),
        {"body.text": "café au lait"},
    ),
    Sample(
        "broken base64",
        mail("Content-Type: text/plain\nContent-Transfer-Encoding: base64", "Qm9uam91cg=$$$"),
        {"body.text": "Bonjour"},
    ),
    Sample(
        "an unknown transfer encoding",
        mail("Content-Type: text/plain\nContent-Transfer-Encoding: martian", "hello"),
        {"body.text": "hello"},
    ),
    Sample("a media type that is none", mail("Content-Type: ///", "hello"), {"body.text": "hello"}),
    Sample(
        "flowed text",
        mail("Content-Type: text/plain; charset=utf-8; format=flowed", "one \ntwo\nthree\n-- \nme"),
        {"body.text": "one two\nthree\n-- \nme", "body.reply_text": "one two\nthree"},
    ),
    Sample(
        "plain and HTML alternatives",
        multi("multipart/alternative", PLAIN + "plain words", HTML + "<p>rich <b>words</b></p>"),
        {"body.text": "plain words", "body.html": "<p>rich <b>words</b></p>", "attachments": []},
    ),
    Sample(
        "HTML alone",
        mail(
            "Content-Type: text/html; charset=utf-8", "<style>p{}</style><p>one<br>two</p><ul><li>a</li><li>b</li></ul>"
        ),
        {"body.text": "one\ntwo\n\na\nb"},
    ),
    Sample(
        "an empty plain part beside HTML",
        multi("multipart/alternative", PLAIN + " \n", HTML + "<p>words</p>"),
        {"body.text": "words"},
    ),
    Sample(
        "an answer in HTML alone",
        mail(
            "Content-Type: text/html",
            '<div>Yes please.</div><div class="gmail_quote">On Mon, 23 Nov 2026 at 10:00, Help &lt;'
            "help@check.example&gt; wrote:<br><blockquote><p>Shall I?</p></blockquote></div>",
        ),
        {"body.reply_text": "Yes please."},
    ),
    Sample(
        "pictures inside HTML",
        multi(
            "multipart/related",
            HTML + '<p>see <img src="cid:pic@x"></p>',
            file_part(
                "Content-Type: image/png\nContent-ID: <pic@x>\nContent-Disposition: inline; filename=a.pn"
                "g\nContent-Transfer-Encoding: base64",
                PNG,
            ),
        ),
        {
            "body.html": '<p>see <img src="cid:pic@x"></p>',
            "files": [("a.png", "image/png", 40)],
            "attachments.0.content_id": "pic@x",
        },
    ),
    Sample(
        "text, picture, text",
        multi(
            "multipart/mixed",
            PLAIN + "before",
            file_part("Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64", PNG),
            PLAIN + "after",
        ),
        {"body.text": "before\n\nafter", "files": [("a.png", "image/png", 40)]},
    ),
    Sample(
        "a text file beside the words",
        multi(
            "multipart/mixed",
            PLAIN + "see file",
            file_part(
                "Content-Type: text/plain; name=notes.txt\nContent-Disposition: attachment; filename=notes.txt",
                "file words",
            ),
        ),
        {"body.text": "see file", "files": [("notes.txt", "text/plain", 10)]},
    ),
    Sample(
        "a file name in RFC 2231 pieces",
        multi(
            "multipart/mixed",
            PLAIN + "x",
            file_part(
                "Content-Type: application/pdf\nContent-Disposition: attachment;\n filen"
                "ame*0*=utf-8''r%C3%A9su;\n filename*1*=m%C3%A9.pdf",
                "%PDF",
            ),
        ),
        {"files": [("résumé.pdf", "application/pdf", 4)]},
    ),
    Sample(
        "a file name in encoded words",
        multi(
            "multipart/mixed",
            PLAIN + "x",
            file_part(
                'Content-Type: application/pdf; name="=?utf-8?B?cmVzdW3DqS5wZGY=?="\nContent-Disposition: attachment',
                "%PDF",
            ),
        ),
        {"files": [("resumé.pdf", "application/pdf", 4)]},
    ),
    Sample(
        "a file name that climbs",
        multi(
            "multipart/mixed",
            PLAIN + "x",
            file_part('Content-Type: text/x-sh\nContent-Disposition: attachment; filename="../../etc/cron.d/x"', "#!"),
        ),
        {"files": [("x", "text/x-sh", 2)]},
    ),
    Sample(
        "a file name turned around on screen",
        multi(
            "multipart/mixed",
            PLAIN + "x",
            file_part(
                "Content-Type: application/x-dosexec\nContent-Disposition: attachment; filename*=utf-8''in"
                "voice%E2%80%AEfdp.exe",
                "MZ",
            ),
        ),
        {"files": [("invoicefdp.exe", "application/x-dosexec", 2)]},
    ),
    Sample(
        "a file without a name",
        multi(
            "multipart/mixed",
            PLAIN + "x",
            file_part("Content-Type: application/pdf\nContent-Disposition: attachment", "%PDF"),
        ),
        {"files": [("attachment-1.pdf", "application/pdf", 4)]},
    ),
    Sample(
        "an Outlook envelope",
        multi(
            "multipart/mixed",
            PLAIN + "x",
            file_part(
                "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64", "eJ8+Ig=="
            ),
        ),
        {"files": [("winmail.dat", "application/ms-tnef", 4)]},
    ),
    Sample(
        "an invitation",
        multi(
            "multipart/alternative",
            PLAIN + "come",
            HTML + "<p>come</p>",
            file_part("Content-Type: text/calendar; method=REQUEST; name=invite.ics", "BEGIN:VCALENDAR\nEND:VCALENDAR"),
        ),
        {"body.text": "come", "files": [("invite.ics", "text/calendar", 30)]},
    ),
    Sample(
        "a forwarded mail inside",
        multi(
            "multipart/mixed",
            PLAIN + "see below",
            "Content-Type: message/rfc822\n\nSubject: Old one\nContent-Type: text/plain\n\nold words",
        ),
        {"body.text": "see below", "attachments.0.name": "Old one.eml", "attachments.0.content_type": "message/rfc822"},
    ),
    Sample(
        "a signed mail",
        multi(
            "multipart/signed",
            PLAIN + "signed words",
            file_part("Content-Type: application/pkcs7-signature; name=smime.p7s", "sig"),
        ),
        {"body.text": "signed words", "files": [("smime.p7s", "application/pkcs7-signature", 3)]},
    ),
    Sample(
        "a multipart without its boundary",
        mail("Content-Type: multipart/mixed", "these words are all there is"),
        {"body.text": "these words are all there is"},
    ),
    Sample(
        "a multipart whose boundary never comes",
        mail("Content-Type: multipart/mixed; boundary=never", "these words are all there is"),
        {"body.text": "these words are all there is"},
    ),
    Sample(
        "a multipart that stops short",
        mail("Content-Type: multipart/mixed; boundary=edge", "--edge\nContent-Type: text/plain\n\ncut of"),
        {"body.text": "cut of"},
    ),
    Sample(
        "a boundary of nonsense",
        mail("Content-Type: multipart/mixed; boundary*=a\x00b'c'd%ZZ", "words"),
        {"body.text": "words"},
    ),
    Sample(
        "parts nested too deep",
        mail("", "").replace(b"\r\n\r\n", b"\r\n", 1)
        + b"".join(b"Content-Type: multipart/mixed; boundary=e%d\r\n\r\n--e%d\r\n" % (n, n) for n in range(5000)),
        refused="mail.nested_too_deep",
    ),
    Sample(
        "messages in messages without end", mail("") + b"Content-Type: message/rfc822\r\n\r\n" * 3, {"has_own_id": True}
    ),
    Sample("messages nested too deep", b"Content-Type: message/rfc822\r\n\r\n" * 5000, refused="mail.nested_too_deep"),
    Sample("too many parts", multi("multipart/mixed", *([PLAIN + "x"] * 600)), refused="mail.too_many_parts"),
    Sample("a header block without end", b"X-Bulk: y\r\n" * 60_000, refused="mail.headers_too_large"),
    Sample("a mail that goes round in circles", mail("\n".join(["Received: by somewhere"] * 101)), refused="mail.loop"),
    Sample(
        "a delivery failure",
        DSN,
        {
            "classification": "bounce",
            "report.action": "failed",
            "report.status": "5.1.1",
            "report.original_message_id": "<ours@check.example>",
            "report.is_final": True,
        },
        envelope_from="",
    ),
    Sample(
        "a delay",
        multi(
            'multipart/report; report-type="delivery-status"',
            PLAIN + "later",
            "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: delayed\nStatus: 4.4.1\n",
        ),
        {"classification": "bounce", "report.action": "delayed", "report.is_final": False},
    ),
    Sample(
        "a bounce without a report",
        mail("From: Mail Delivery System <MAILER-DAEMON@example.net>", "could not deliver"),
        {"classification": "bounce"},
    ),
    Sample(
        "a bounce by its empty return path",
        mail("From: system@example.net"),
        {"classification": "bounce"},
        envelope_from="",
    ),
    Sample(
        "an abuse report",
        multi(
            "multipart/report; report-type=feedback-report",
            PLAIN + "complaint",
            "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: X/1\nVersion: 1\n",
            "Content-Type: message/rfc822\n\nSubject: spam\n\nspam",
        ),
        {"classification": "abuse_report"},
    ),
    Sample(
        "a vacation reply",
        mail("Auto-Submitted: auto-replied (vacation)"),
        {"classification": "auto_reply"},
        envelope_from="",
    ),
    Sample("a machine's notice", mail("Auto-Submitted: auto-generated"), {"classification": "auto_reply"}),
    Sample("not submitted by a machine", mail("Auto-Submitted: no"), {"classification": "normal"}),
    Sample("an old autoresponder", mail("X-Autoreply: yes"), {"classification": "auto_reply"}),
    Sample("bulk mail", mail("Precedence: bulk"), {"classification": "auto_reply"}),
    Sample(
        "a person on a distribution list",
        mail("Precedence: list\nList-Id: <team.example.org>"),
        {"classification": "normal"},
    ),
    Sample(
        "a read receipt",
        multi(
            "multipart/report; report-type=disposition-notification",
            PLAIN + "read",
            "Content-Type: message/disposition-notification\n\nDisposition: automatic-action/MDN-sen"
            "t-automatically; displayed\n",
        ),
        {"classification": "auto_reply"},
    ),
    Sample(
        "a person who attaches a report",
        multi(
            "multipart/mixed",
            PLAIN + "what is this?",
            "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n",
        ),
        {"classification": "normal"},
    ),
    Sample(
        "a mail without any word",
        multi(
            "multipart/mixed", file_part("Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64", PNG)
        ),
        {"body.text": "", "files": [("a.png", "image/png", 40)]},
    ),
]
