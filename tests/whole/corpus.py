# SPDX-License-Identifier: ISC
"""Messages to submit, with CRLF line ends: the files of tests/messages, and what is better
made than kept: big, binary, or broken."""

import email.policy
import functools
import pathlib
import random
from email.message import EmailMessage

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "messages"
HEADER = b"From: brad@447.edu\r\nSubject: x\r\n\r\n"


def noise(size, seed=447):
    return random.Random(seed).randbytes(size)


def lines(*parts):
    return b"".join(part + b"\r\n" for part in parts)


def kept():
    return {path.stem: path.read_bytes().replace(b"\n", b"\r\n")
            for path in sorted(FOLDER.glob("*.eml"))}


def with_attachments(*sizes):
    """As a mail program makes it: text in two forms, and files in base64."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"] = "Brad <brad@447.edu>", "carol@447.edu, dave@447.edu"
    message["Subject"] = "Grüße mit Anhang " * 8
    message["References"] = " ".join(f"<{n}.{'x' * 40}@447.edu>" for n in range(60))
    message.set_content("Grüße\n" * 20)
    message.add_alternative("<p>Grüße</p>\n" * 20, subtype="html")
    for n, size in enumerate(sizes):
        message.add_attachment(
            noise(size, n), maintype="application", subtype="octet-stream",
            filename=f"Datei {n} größer.bin")
    message.set_boundary("=_outer")
    return message.as_bytes()


def typed_and_broken():
    """Text that no program would send, headers that begin or end in no proper way."""
    return {
        "nothing": b"",
        "an empty line": b"\r\n",
        "empty lines": b"\r\n" * 5,
        "an empty line first": b"\r\nSubject: x\r\n\r\nx\r\n",
        "a word": b"Hi\r\n",
        "header only": b"Subject: only a header\r\n",
        "whole header only": b"Date: d\r\nMessage-ID: <m@x>\r\n",
        "only what is removed": b"Bcc: a,\r\n b\r\n",
        "a colon": b":\r\n",
        "a fold first": b" Subject: x\r\n\r\nx\r\n",
        "from an mbox": b"From brad Mon Jan  1 00:00:00 2026\r\nSubject: x\r\n\r\nx\r\n",
        "8-bit name": "Grüße: x\r\n\r\nx\r\n".encode(),
        "a long name": b"n" * 255 + b": x\r\n\r\nx\r\n",
        "a word of 1,000": b"n" * 1000 + b": x\r\n\r\nx\r\n",
        "control bytes": HEADER + bytes({*range(1, 32), 127} - {10, 13}) + b"\r\n",
        "as many fields as may be": b"X: y\r\n" * 900 + b"Received: z\r\n" * 100 + b"\r\nx\r\n",
        "header of 250 KB": (b"X: " + b"y" * 1000 + b"\r\n y\r\n") * 249 + b"\r\nx\r\n",
        "header line of 8,192": b"Subject: " + b"x" * 8183 + b"\r\n\r\nx\r\n",
    }


def of_lines():
    """What the line ends and dots of DATA could spoil."""
    return {
        "dots": HEADER + lines(
            b".", b"..", b"...", b".a", b"a.", b" .", b"", b".", b"..b", b".\t", b"."),
        "dots in the header": b".x: y\r\n..z: y\r\nSubject: .\r\n .\r\n\r\n.\r\n",
        "dots at the edges of blocks": HEADER + lines(
            *[b"." * n + b"e" * (4095 - 2 - n) for n in range(3)], *[b"." * 65533] * 2),
        "lines of 998": HEADER + lines(*[bytes([0x61 + n]) * 998 for n in range(5)]),
        "a line of 100,000": HEADER + lines(b"x" * 100_000),
        "commands": HEADER + lines(b"MAIL FROM:<x@447.edu>", b"DATA", b"BDAT 4 LAST", b"QUIT"),
        "blanks at the ends": HEADER + lines(b"a  ", b"\t", b"  ", b"", b"", b""),
        "latin-1": HEADER + lines(bytes(range(0x80, 0x100)), "Grüße".encode("latin-1")),
        "utf-8": HEADER + lines("Grüße, Ελλάδα, 日本, 🖨".encode()),
        "forms": with_attachments(),
        "attachments": with_attachments(1, 57, 100_000, 1_000_000),
    }


def unterminated():
    """No line end behind the last line; DATA cannot send such."""
    return {
        "body not ended": HEADER + b"x",
        "a word not ended": b"Hi",
        "a name not ended": b"Subject",
        "header not ended": b"Subject: x",
        "whole header not ended": b"Date: d\r\nMessage-ID: <m@x>",
        "removed and not ended": b"Subject: x\r\nBcc: y",
    }


def binary():
    """What BODY=BINARYMIME alone may carry, in the body."""
    header = HEADER.replace(b"Subject", b"MIME-Version: 1.0\r\nContent-Type: image/png\r\n"
                            b"Content-Transfer-Encoding: binary\r\nSubject")
    return {
        "every byte": header + bytes(range(256)) * 3,
        "bare line ends": header + b"a\nb\rc\r\r\nd\n\re\r\n.\r\n..\n.\n",
        "noise": header + noise(300_000),
        "NUL": header + b"\0" * 5000,
        "no header": b"\x89PNG\r\n\x1a\n" + noise(2000),
    }


@functools.cache
def texts():
    """Those that DATA can send."""
    return {**kept(), **typed_and_broken(), **of_lines()}


def big(megabytes):
    """Attachments: lines of 76, one of them far too long, dots, and more bytes than fit any
    buffer."""
    line = noise(57).hex()[:76].encode() + b"\r\n"
    chunk = line * 1000 + b".\r\n..\r\n" + b"y" * 10_000 + b"\r\n"
    return HEADER + chunk * (megabytes * 1_000_000 // len(chunk) + 1)
