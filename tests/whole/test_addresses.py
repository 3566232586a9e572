# SPDX-License-Identifier: ISC
"""From an address to a folder: whatever local part is accepted has a mailbox of its own, below
its domain and nowhere else; the rest is refused before the message comes."""

import re

import pytest

import harness
from sessions import leave, log_in, send, split_trace

BRAD = "brad@447.edu"
# The folder of each local part; None where it is none.
FOLDERS = {
    "-rf": "%2Drf", "--": "%2D-", '"."': "%22.%22", '".."': "%22..%22", ".hidden": None,
    "..": None, "/": "%2F", "/etc/passwd": "%2Fetc%2Fpasswd", "a/../b": None,
    '"a/../../b"': "%22a%2F..%2F..%2Fb%22", "%2f": "%252f", "a%00b": "a%2500b",
    "a b": None, '"a b"': "%22a%20b%22", "$(id)": None, "`id`": "%60id%60", "a;b": None,
    "|sh": "%7Csh", "a'b": "a%27b", '"a\\"b"': "%22a%5C%22b%22",
    '"a\\\\b"': "%22a%5C%5Cb%22", "~root": "%7Eroot", "new": "new", "cur": "cur",
    "=a": "=a", "+a": "+a", "x" * 64: "x" * 64, "/" * 64: "%2F" * 64, "y" * 65: None,
    '"' + "z" * 62 + '"': "z" * 62, "grün": "gr%C3%BCn", "ä" * 32: "%C3%A4" * 32,
    "ä" * 33: None, "用户": "%E7%94%A8%E6%88%B7", "a\x01b": None, "a\u202eb": None,
    "a\u3164b": None, "a\u200db": None, "❤\ufe0f": None, "a\u2800b": None,
    "📧": "%F0%9F%93%A7", "Ä": "%C3%84",
}


@pytest.fixture
def client(door):
    d = door(recipients="any", domains="447.edu xn--bcher-kva.example", max_errors=100)
    password = d.add_user("brad")
    client = d.connect()
    client.door = d
    log_in(client, "brad", password)
    return client


def test_every_mailbox_has_a_folder_of_its_own(client):
    d, accepted = client.door, {}
    for n, (local, folder) in enumerate(FOLDERS.items()):
        client.command(f"MAIL FROM:<{BRAD}> SMTPUTF8", 250)
        reply = client.command(f"RCPT TO:<{local}@447.edu>")
        assert (reply.code == 250) == (folder is not None), f"{local!r}: {reply}"
        if folder is None:
            assert reply.code == 501 and reply.text.startswith("5.1.3 ")
            client.command("RSET", 250)
            continue
        assert folder not in accepted
        accepted[folder] = b"message %d\n" % n
        client.command("DATA", 354)
        client.send(b"message %d\r\n.\r\n" % n)
        assert client.reply().code == 250
        if n % 8 == 7:
            client.command("NOOP", 250)
    leave(client)
    d.wait()
    found = {path.name: path for path in (d.mail / "447.edu").iterdir()}
    assert found.keys() == accepted.keys()
    assert [path.name for path in d.mail.iterdir()] == ["447.edu"]
    for folder, text in accepted.items():
        assert {p.name for p in found[folder].iterdir()} == {"tmp", "new", "cur"}
        [message] = (found[folder] / "new").iterdir()
        assert split_trace(message.read_bytes())[2] == text
        assert len(folder.encode()) <= 255
    assert sorted(p.name for p in d.dir.iterdir()) == sorted(
        ["state", "mail", "run", "cache", "postern.conf", "stderr", "log"])


def test_domain_in_its_own_letters(client):
    """One mailbox, however its domain is written; the folder has the configured spelling."""
    d = client.door
    for domain in ("xn--bcher-kva.example", "bücher.example", "Bücher.Example"):
        client.command(f"MAIL FROM:<brad@{domain}> SMTPUTF8", 250)
        client.command(f"RCPT TO:<brad@{domain}>", 250)
        client.command("DATA", 354)
        client.send(b"x\r\n.\r\n")
        assert client.reply().code == 250
    for other in ("BÜCHER.example", "bu\u0308cher.example", "bucher.example",
                  "b\u00fccher\u3002example"):
        client.command(f"MAIL FROM:<{BRAD}> SMTPUTF8", 250)
        assert client.command(f"RCPT TO:<brad@{other}>").code in (501, 550)
        client.command("RSET", 250)
    leave(client)
    d.wait()
    assert [path.name for path in d.mail.iterdir()] == ["xn--bcher-kva.example"]
    senders = [split_trace(m)[0] for m in d.messages("brad@xn--bcher-kva.example")]
    assert senders == ["brad@xn--bcher-kva.example"] * 3


def test_names_beyond_ascii_in_log_and_trace(client):
    """The log is ASCII, a message that needs more says so, and replies never do."""
    d = client.door
    client.command("MAIL FROM:<grün@447.edu> SMTPUTF8", 250)
    assert str(client.command("RCPT TO:<用户@447.edu>")) == "250 2.1.5 <??@447.edu> recipient OK"
    client.command("DATA", 354)
    client.send("Subject: Grüße\r\n.\r\n".encode())
    assert client.reply().code == 250
    leave(client)
    d.wait()
    assert d.log.read_bytes().isascii()
    [record] = d.records(event="message-accepted")
    assert "gr" in record["message"] and record["user"] == BRAD
    [stored] = d.messages("用户@447.edu")
    sender, received, _ = split_trace(stored)
    assert sender == "grün@447.edu" and " with UTF8SMTPSA " in received


@pytest.mark.parametrize("senders, foreign, other, own", [
    ("own", 550, 550, 250), ("domain", 550, 250, 250), ("any", 250, 250, 250)])
def test_senders(door, senders, foreign, other, own):
    d = door(senders=senders)
    password = d.add_user("brad")
    d.add_user("carol")
    d.ctl("user", "alias", "brad", "add", "press@447.edu")
    with d.connect() as client:
        log_in(client, "brad", password)
        for address, code in (
                ("x@elsewhere.org", foreign), ("carol@447.edu", other), (BRAD, own),
                ("press@447.edu", own), ("Brad@447.EDU", own), ("", 250)):
            reply = client.command(f"MAIL FROM:<{address}>", code)
            assert reply.code == 250 or reply.text.startswith("5.7.1 ")
            client.command("RSET", 250)
        send(client, BRAD, [BRAD], b"x\r\n")
        leave(client)
    d.wait()
    refused = {r["reason"] for r in d.records(event="refused-command")}
    assert refused <= {"foreign-sender", "sender-not-allowed"}
    assert bool(refused) == (senders != "any")
    assert not re.search(r"[^\x20-\x7e\n]", d.log.read_text())


def test_folder_names_are_what_the_manual_says():
    assert harness.folder_name("A.b-c_d+e=f") == "a.b-c_d+e=f"
    assert harness.folder_name("-a") == "%2Da" and harness.folder_name(".a") == "%2Ea"
