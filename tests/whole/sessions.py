# SPDX-License-Identifier: ISC
"""Whole sessions with a Client of smtpline.py, in both voices, and what the server stores of
a message."""

import base64
import re


def b64(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def plain(user, password):
    """The initial response of AUTH PLAIN."""
    return b64(f"\0{user}\0{password}")


def log_in(client, user, password, greeting="EHLO client.447.edu"):
    """Greets, and logs in as that voice does."""
    client.command(greeting, 250)
    if greeting.upper().startswith("EHLO"):
        client.command(f"AUTH PLAIN {plain(user, password)}", 235)
        return
    client.command("AUTH", 334)
    client.command(b64(user), 334)
    client.command(b64(password), 235)


def stuffed(message):
    """What is sent behind DATA for a message with CRLF line ends, the final dot included."""
    text = re.sub(rb"(?m)^\.", b"..", message)
    return text + (b"" if not text or text.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def begin(client, sender, recipients):
    """Everything of a transaction before the message."""
    client.command(f"MAIL FROM:<{sender}>", 250)
    for recipient in recipients:
        client.command(f"RCPT TO:<{recipient}>", 250)
    client.command("DATA", 354)


def send(client, sender, recipients, message, expect=250):
    begin(client, sender, recipients)
    client.send(stuffed(message))
    reply = client.reply()
    assert reply.code == expect, reply
    return reply


# Lines end with LF, but those of a message declared BODY=BINARYMIME with CRLF.
FIELD = rb"((?:[^\n]+\n[ \t]+)*[^\r\n]+)\r?\n"
TRACE = re.compile(
    rb"Return-Path: <([^>\n]*)>(\r?\n)Authentication-Results: " + FIELD
    + rb"Received: " + FIELD)


def unfold(value):
    return re.sub(r"\r?\n[ \t]+", " ", value.decode())


def split_stored(stored):
    """(Return-Path's value, Received unfolded, the rest) of a stored message."""
    found = TRACE.match(stored)
    assert found, stored[:1000]
    return found[1].decode(), unfold(found[4]), stored[found.end():]


def added_fields(received, end=b"\n"):
    """What the server adds to a message with that Received, which is of the same moment: its
    Date and its Message-ID."""
    host, queue_id = re.search(r" by (\S+) with \w+ id (\w+)", received).groups()
    date = received.rsplit("; ", 1)[1]
    return f"Date: {date}".encode() + end, f"Message-ID: <{queue_id}@{host}>".encode() + end


def split_trace(stored):
    """The same with the rest as it was sent: a header or some text, not an empty line, came
    first; with no Bcc and the like."""
    path, received, rest = split_stored(stored)
    end = TRACE.match(stored)[2]
    date, message_id = added_fields(received, end)
    if rest.startswith(date + message_id + end):
        return path, received, rest.removeprefix(date + message_id + end)
    return path, received, rest.replace(date, b"", 1).replace(message_id, b"", 1)


def results_of(stored):
    """The value of our Authentication-Results, unfolded, of a stored message."""
    return unfold(TRACE.match(stored)[3])


def leave(client):
    client.command("QUIT", 221)
    assert client.at_end()
    client.close()
