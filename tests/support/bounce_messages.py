"""Messages that report of letters, as mail servers and mailbox providers write them, and some that nobody should."""

from collections.abc import Iterable

ORIGINAL = """\
From: BuffrSign <no-reply@buffrsign.example>
To: Anna <anna@example.com>
Subject: Please sign
Message-ID: {message_id}

Dear Anna
"""


def recipient_block(**fields: str) -> str:
    """The fields of one recipient in a delivery status; an underscore stands for a dash."""
    known = {
        "Final_Recipient": "rfc822; anna@example.com",
        "Action": "failed",
        "Status": "5.1.1",
        "Remote_MTA": "dns; mx.far.example",
        "Diagnostic_Code": "smtp; 550 5.1.1 no such user",
    }
    return "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in {**known, **fields}.items() if value)


def bounce(
    message_id: str | None = "<01jd@buffrsign.example>",
    *,
    blocks: Iterable[str] | None = None,
    original_type: str = "message/rfc822",
    status_type: str = "message/delivery-status",
    headers: str = "",
    **fields: str,
) -> bytes:
    """A delivery status notification (RFC 3464); without a `message_id` it returns nothing of the letter."""
    status = "Reporting-MTA: dns; mx.near.example\nArrival-Date: Mon, 2 Mar 2026 11:00:00 +0000\n\n"
    status += "\n".join(blocks if blocks is not None else [recipient_block(**fields)])
    parts = [("text/plain; charset=utf-8", "I am sorry to say that it came back.\n"), (status_type, status)]
    if message_id is not None:
        parts.append((original_type, ORIGINAL.format(message_id=message_id)))
    return _report("delivery-status", parts, headers=headers)


def complaint(
    message_id: str | None = "<01jd@buffrsign.example>", *, kind: str = "abuse", fields: str = "", headers: str = ""
) -> bytes:
    """A feedback report (RFC 5965)."""
    report = f"Feedback-Type: {kind}\nUser-Agent: FBL/1\nVersion: 1\nReporting-MTA: dns; fbl.far.example\n{fields}"
    parts = [("text/plain", "Somebody pressed a button.\n"), ("message/feedback-report", report)]
    if message_id is not None:
        parts.append(("message/rfc822", ORIGINAL.format(message_id=message_id)))
    return _report("feedback-report", parts, headers=headers)


def nested(depth: int) -> bytes:
    """A message in which a message lies in which a message lies."""
    opening = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    return f"From: x@example.com\nMIME-Version: 1.0\n{opening}Content-Type: text/plain\n\nx\n".encode()


def _report(kind: str, parts: list[tuple[str, str]], *, headers: str) -> bytes:
    body = "".join(f"--=_b\nContent-Type: {type_}\n\n{text}\n" for type_, text in parts)
    return (
        "From: MAILER-DAEMON@mx.near.example\nTo: bounces@buffrsign.example\nSubject: Undelivered\n"
        f"Date: Mon, 2 Mar 2026 11:30:00 +0000\n{headers}MIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="=_b"\n\n{body}--=_b--\n'
    ).encode()
