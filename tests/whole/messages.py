# SPDX-License-Identifier: ISC
"""What the server stores of a message, by the rules of postern-smtpd(8), found apart from it:
whole, with regular expressions."""

import re

REMOVED = {b"bcc", b"resent-bcc", b"return-path"}
OURS = re.compile(rb"(.*\.)?447\.edu\.?", re.IGNORECASE)
READABLE = re.compile(rb"\s*(?:\"([\w.-]+)\"|([\w.-]+))(?:\s+(\d+))?\s*;")


def split_header(text):
    """[[name in lower case, the whole field], ...], and what is behind the header."""
    fields, at = [], 0
    for line in re.findall(rb"[^\n]*\n|[^\n]+", text):
        named = re.match(rb"([!-9;-~]+)[ \t]*:", line)
        if named and len(named[0]) <= 998:
            fields.append([named[1].lower(), line])
        elif fields and line.startswith((b" ", b"\t")):
            fields[-1][1] += line
        else:
            break
        at += len(line)
    return fields, text[at:]


def is_foreign(field):
    """Whether an Authentication-Results may stay."""
    value = field.split(b":", 1)[1]
    while (fewer := re.sub(rb"\([^()]*\)", b" ", value)) != value:
        value = fewer
    found = READABLE.match(value)
    if not found or found[3] not in (None, b"1"):
        return False
    return not OURS.fullmatch(found[1] or found[2])


def stays(name, field):
    if name == b"authentication-results":
        return is_foreign(field)
    return name not in REMOVED


def as_stored(sent, date, message_id, binary=False):
    """The message as it is stored behind the trace. date and message_id are the fields that
    are added where they are missing, with LF; binary: a message that keeps its CRLF."""
    end = b"\r\n" if binary else b"\n"
    fields, rest = split_header(sent if binary else sent.replace(b"\r\n", b"\n"))
    names = {name for name, _ in fields}
    missing = b"" if b"date" in names else date.replace(b"\n", end)
    missing += b"" if b"message-id" in names else message_id.replace(b"\n", end)
    header = b"".join(field for name, field in fields if stays(name, field))
    if missing and header and not header.endswith(b"\n"):
        header += end
    if rest and not rest.startswith(end):
        rest = end + rest
    return header + missing + rest
