# SPDX-License-Identifier: ISC
"""What was sent and what is stored: byte for byte, with its trace, for each recipient, only
within the limits, and on disk before it is acknowledged."""

import email.utils
import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess
import time

import pytest

import harness
import messages
from certificates import Authority, pin_of
from sessions import (
    added_fields, begin, leave, log_in, plain, results_of, send, split_stored, split_trace,
    stuffed)

BOTH_WAYS = True

VOICES = {"modern": "EHLO client.447.edu", "classic": "HELO client.447.edu"}


@pytest.fixture
def inside(door):
    """inside(**settings) is (door, a client that has logged in as brad)."""

    def open_client(greeting=VOICES["modern"], tls=None, **settings):
        d = door(**settings)
        password = d.add_user("brad")
        client = d.connect(tls=tls)
        log_in(client, "brad", password, greeting)
        return d, client

    return open_client


def lines(*parts):
    return b"".join(part + b"\r\n" for part in parts)


MESSAGES = {
    "plain": lines(b"Subject: Test", b"", b"Hi this is a test message"),
    "empty": b"",
    "empty line": lines(b""),
    "no body": lines(b"Subject: only a header"),
    "dots": lines(b".", b"..", b"...", b".a", b"a.", b" .", b"", b".", b"..b", b"."),
    "looks like an end": lines(b"a", b".\t", b". ", b" .", b"..", b"b"),
    "8-bit": lines("Grüße, Ελλάδα, 日本".encode(), bytes(range(0x80, 0x100))),
    "control bytes": lines(bytes(c for c in range(1, 0x20) if c not in (10, 13)) + b"\x7f"),
    "From lines": lines(b"From nobody Mon Jan  1", b">From x", b"From:", b"", b"From "),
    "lines of 998": lines(*[bytes([0x61 + n]) * 998 for n in range(5)]),
    "a line of 100,000": lines(b"x" * 100_000),
    "dots at the edges of blocks": lines(
        *[b"." * n + b"e" * (4095 - 2 - n) for n in range(3)], *[b"." * 65533] * 2),
    "a megabyte": lines(*[b"%08d" % n + b"-" * 92 for n in range(10_000)]),
    "no SMTP at all": lines(b"MAIL FROM:<evil@447.edu>", b"RCPT TO:<brad@447.edu>", b"DATA"),
    "trailing blanks": lines(b"a  ", b"\t", b"  ", b"", b"", b""),
}


@pytest.mark.parametrize("voice", VOICES)
def test_every_line_is_stored_as_it_was_sent(inside, voice):
    d, client = inside(VOICES[voice])
    for what, message in MESSAGES.items():
        before = set(d.mail.glob("447.edu/brad/new/*"))
        send(client, "brad@447.edu", ["brad@447.edu"], message)
        [new] = set(d.mail.glob("447.edu/brad/new/*")) - before
        _, received, stored = split_stored(new.read_bytes())
        assert stored == messages.as_stored(message, *added_fields(received)), what
    leave(client)
    d.wait()
    assert len(d.records(event="message-accepted")) == len(MESSAGES)


def test_message_in_pieces_of_every_size(inside):
    """Neither the pieces of the network nor TLS records mean anything."""
    d, client = inside()
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    message = lines(b"a", b".b", b"..", b"", b"c" * 100, b".")
    data = stuffed(message)
    for size in (1, 2, 3, 5, 7):
        begin(client, "brad@447.edu", ["brad@447.edu"])
        for at in range(0, len(data), size):
            client.send(data[at:at + size])
        assert client.reply().code == 250
    stored = [split_trace(m)[2] for m in d.messages("brad@447.edu")]
    assert stored == [message.replace(b"\r\n", b"\n")] * 5


def test_pipelined_transactions_in_one_write(inside):
    """Commands, message and the next transaction behind it (RFC 2920)."""
    d, client = inside()
    for n in (1, 2):
        client.send(b"MAIL FROM:<brad@447.edu>\r\nRCPT TO:<brad@447.edu>\r\nDATA\r\n")
        assert [client.reply().code for _ in range(3)] == [250, 250, 354]
        client.send(b"message %d\r\n.\r\nRSET\r\nMAIL FROM:<brad@447.edu>\r\nRSET\r\n" % n)
        assert [client.reply().code for _ in range(4)] == [250] * 4
    assert sorted(split_trace(m)[2] for m in d.messages()) == [b"message 1\n", b"message 2\n"]


SMUGGLED = {
    "bare LF around the dot": b"a\n.\nMAIL FROM:<x@447.edu>\r\n.\r\n",
    "bare LF before the dot": b"a\n.\r\nMAIL FROM:<x@447.edu>\r\n.\r\n",
    "bare LF behind the dot": b"a\r\n.\nMAIL FROM:<x@447.edu>\r\n.\r\n",
    "bare CR around the dot": b"a\r.\rMAIL FROM:<x@447.edu>\r\n.\r\n",
    "bare CR behind the dot": b"a\r\n.\rMAIL FROM:<x@447.edu>\r\n.\r\n",
    "CR CR LF": b"a\r\r\n.\r\r\nMAIL FROM:<x@447.edu>\r\n.\r\n",
    "NUL": b"a\0b\r\n.\r\n",
    "NUL in the end": b"a\r\n.\0\r\nMAIL FROM:<x@447.edu>\r\n.\r\n",
}


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("what", SMUGGLED)
def test_nothing_but_crlf_dot_crlf_ends_a_message(inside, what, voice):
    d, client = inside(VOICES[voice])
    begin(client, "brad@447.edu", ["brad@447.edu"])
    client.send(SMUGGLED[what])
    assert client.reply().code == 550
    # Nothing in it was a command, nothing of it is delivered, and the session goes on.
    send(client, "brad@447.edu", ["brad@447.edu"], b"sound\r\n")
    leave(client)
    d.wait()
    assert [split_trace(m)[2] for m in d.messages()] == [b"sound\n"]


# The trace.


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("voice", VOICES)
def test_trace(inside, voice, tls):
    d, client = inside(VOICES[voice], tls=tls)
    cipher = client.sock.cipher()[0]
    reply = send(client, "brad@447.edu", ["brad@447.edu"], b"Subject: x\r\n\r\nx\r\n")
    assert reply.code == 250
    leave(client)
    d.wait()
    path, received, _ = split_trace(d.messages()[0])
    assert path == "brad@447.edu"
    assert received.startswith("from client.447.edu ([127.0.0.1]) ")
    protocol = {"modern": "ESMTPSA", "classic": "SMTP"}[voice]
    assert f" by 447.edu with {protocol} id " in received
    assert f"TLS{tls}" in received
    # GnuTLS and OpenSSL spell ciphers differently; the words of it are the same.
    for word in ("AES", "256", "GCM", "SHA384"):
        assert word in cipher and word in received
    pin = pin_of(d.keys.client())
    assert pin in received
    mechanism = {"modern": "PLAIN", "classic": "classic"}[voice]
    assert results_of(d.messages()[0]) == (
        f"447.edu; auth=pass ({mechanism}) smtp.auth=brad@447.edu policy.device={pin}")
    assert "(user brad@447.edu)" in received
    assert " for " not in received
    [record] = d.records(event="message-accepted")
    assert re.search(rf" id {record['queue_id']}\b", received)
    assert (record["user"], record["device"]) == ("brad@447.edu", pin)
    date = email.utils.parsedate_to_datetime(received.rsplit(";", 1)[1])
    assert abs(date.timestamp() - time.time()) < 60


def test_trace_lines_are_short_and_whole(inside):
    d, client = inside(f"EHLO {'.'.join(['a' * 60] * 4)}")
    send(client, "brad@447.edu", ["brad@447.edu"], b"x\r\n")
    head = d.messages()[0].split(b"\n\n")[0]
    assert all(len(line) < 998 for line in head.split(b"\n"))
    assert all(re.match(rb"[A-Z][A-Za-z-]+: |[ \t]", line) for line in head.split(b"\n"))


@pytest.mark.parametrize("name", [
    "x)(by", "<script>", "a\tb", "[127.0.0.1", "x;y", "\u00fc", "=?utf-8?q?x?=", "-", "a" * 200])
def test_what_the_peer_calls_itself_cannot_write_trace(inside, name):
    d, client = inside()
    reply = client.command(f"EHLO {name}".encode())
    if reply.code == 250:
        send(client, "brad@447.edu", ["brad@447.edu"], b"x\r\n")
        path, received, rest = split_trace(d.messages()[0])
        assert rest == b"x\n" and path == "brad@447.edu"
        assert received.isascii() and received.isprintable()
        outside = re.sub(r"\([^()]*\)", "", received)
        assert re.fullmatch(
            r"from \S+\s+by 447\.edu with ESMTPSA id \w+( tls \S+)?; .*",
            re.sub(r"\s+", " ", outside)), received
    else:
        assert reply.code == 501


def test_null_sender(inside):
    d, client = inside()
    send(client, "", ["brad@447.edu"], b"bounce\r\n")
    path, _, _ = split_trace(d.messages()[0])
    assert path == ""


# Recipients.


def test_recipients_share_one_file(inside):
    d, client = inside()
    names = ["brad@447.edu", "carol@447.edu", "dave@447.edu"]
    for name in names[1:]:
        d.add_user(name)
    send(client, names[0], [*names, names[1]], b"to all\r\n")
    files = [next(d.mail.glob(f"447.edu/{name.split('@')[0]}/new/*")) for name in names]
    assert len({file.stat().st_ino for file in files}) == 1
    assert files[0].stat().st_nlink == 3
    assert len(d.messages()) == 3
    assert b"Delivered-To" not in files[0].read_bytes()


def test_modes_and_owners(inside):
    d, client = inside()
    old = os.umask(0)
    try:
        send(client, "brad@447.edu", ["brad@447.edu"], b"x\r\n")
    finally:
        os.umask(old)
    for path in d.mail.rglob("*"):
        state = path.lstat()
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(state.st_mode) == expected, path
        assert state.st_uid == harness.SERVICE.pw_uid
    assert {p.name for p in (d.mail / "447.edu" / "brad").iterdir()} == {"tmp", "new", "cur"}


FOLDERS = {
    "brad": "brad",
    "Brad": "brad",
    "b.rad+tag=1_x-y": "b.rad+tag=1_x-y",
    "-dash": "%2ddash",
    "_under": "_under",
    "percent%41": "percent%2541",
    "o'brien": "o%27brien",
    "a!#$&*/?^`{|}~": "a%21%23%24%26%2a%2f%3f%5e%60%7b%7c%7d%7e",
    '"a b"': "%22a%20b%22",
    '".."': "%22..%22",
    '"."': "%22.%22",
    '"../../x"': "%22..%2f..%2fx%22",
    '"a@b"': "%22a%40b%22",
    '".hidden"': "%22.hidden%22",
    '"new"': "new",
}


@pytest.mark.parametrize("local", FOLDERS)
def test_folder_names(inside, local):
    d, client = inside(recipients="any")
    send(client, "brad@447.edu", [f"{local}@447.edu"], b"x\r\n")
    # %HH may be written with either letter case.
    full = [p for p in d.mail.glob("*/*/new") if any(p.iterdir())]
    made = {str(p.relative_to(d.mail)).lower() for p in full}
    assert made == {f"447.edu/{FOLDERS[local]}/new"}
    assert not (d.dir / "x").exists()


def test_postmaster_has_a_mailbox_without_being_a_user(inside):
    d, client = inside()
    send(client, "brad@447.edu", ["postmaster@447.edu"], b"x\r\n")
    send(client, "brad@447.edu", ["Postmaster"], b"x\r\n")
    client.command("MAIL FROM:<brad@447.edu>", 250)
    client.command("RCPT TO:<nobody@447.edu>", 550)
    assert len(d.messages("postmaster@447.edu")) == 2


def test_delivery_into_what_other_programs_made(inside):
    """A Maildir that is there is used; its files stay."""
    d, client = inside()
    box = d.mail / "447.edu" / "brad"
    for name in ("cur", "new", "tmp"):
        (box / name).mkdir(parents=True, mode=0o700)
    (box / "cur" / "1.old:2,S").write_text("old\n")
    harness.give(d.mail)
    send(client, "brad@447.edu", ["brad@447.edu"], b"new\r\n")
    assert len(d.messages("brad@447.edu")) == 2


@pytest.mark.parametrize("where", ["447.edu", "447.edu/brad", "447.edu/brad/new"])
def test_symbolic_link_in_the_way_is_not_followed(inside, where):
    d, client = inside(exits=(78,))
    elsewhere = d.dir / "elsewhere"
    (elsewhere / "brad" / "new").mkdir(parents=True)
    (d.mail / where).parent.mkdir(parents=True, exist_ok=True)
    (d.mail / where).symlink_to(elsewhere)
    harness.give(d.mail)
    harness.give(elsewhere)
    send(client, "brad@447.edu", ["brad@447.edu"], b"x\r\n", expect=451)
    assert not [p for p in elsewhere.rglob("*") if p.is_file()]


# Limits.


def test_size_announced_and_kept(inside):
    d, client = inside(max_message_size=4096)
    reply = client.command("EHLO client.447.edu", 250)
    assert "SIZE 4096" in reply.text.split("\n")
    reply = client.command("MAIL FROM:<brad@447.edu> SIZE=4097", 552)
    assert reply.text.startswith("5.3.4 ")
    client.command("MAIL FROM:<brad@447.edu> SIZE=4096", 250)
    client.command("RSET", 250)
    whole = b"x" * 98 + b"\r\n"
    # Exactly as many bytes as allowed, the dots that were stuffed not among them.
    exact = whole * 40 + b"." * 94 + b"\r\n"
    assert len(exact) == 4096
    send(client, "brad@447.edu", ["brad@447.edu"], exact)
    for more in (b"y\r\n", whole * 1000):
        reply = send(client, "brad@447.edu", ["brad@447.edu"], exact + more, expect=552)
        assert reply.text.startswith("5.3.4 ")
    send(client, "brad@447.edu", ["brad@447.edu"], whole)
    assert len(d.messages()) == 2
    assert d.leftovers() == []


def test_message_too_big_in_the_classic_voice(inside):
    d, client = inside(VOICES["classic"], max_message_size=1024)
    reply = send(client, "brad@447.edu", ["brad@447.edu"], b"x" * 2000 + b"\r\n", expect=552)
    assert not reply.text.startswith("5.3.4")
    assert d.messages() == []


def test_recipients_too_many(inside):
    d, client = inside(max_recipients=3, recipients="any")
    client.command("MAIL FROM:<brad@447.edu>", 250)
    for n in range(3):
        client.command(f"RCPT TO:<r{n}@447.edu>", 250)
    for n in range(3, 5):
        reply = client.command(f"RCPT TO:<r{n}@447.edu>", 452)
        assert reply.text.startswith("4.5.3 ")
    client.command("DATA", 354)
    client.send(b"x\r\n.\r\n")
    assert client.reply().code == 250
    assert len(d.messages()) == 3


def test_messages_too_many(inside):
    d, client = inside(max_messages=2)
    for n in range(2):
        send(client, "brad@447.edu", ["brad@447.edu"], b"%d\r\n" % n)
    reply = client.command("MAIL FROM:<brad@447.edu>")
    assert reply.code in (421, 452, 450, 451), reply
    if reply.code != 421:
        client.command("QUIT", 221)
    assert client.at_end()
    d.wait()
    assert len(d.messages()) == 2
    assert d.records(reason="too-many-messages")


@pytest.mark.parametrize("voice", VOICES)
def test_errors_too_many(inside, voice):
    d, client = inside(VOICES[voice], max_errors=5)
    codes = []
    while not codes or codes[-1] != 421:
        codes.append(client.command("NONSENSE").code if len(codes) < 5 else client.reply().code)
        assert len(codes) < 8
    assert codes[:5] == [500] * 5 and codes[-1] == 421
    assert client.at_end()
    d.wait()
    assert d.records(event="closed", reason="too-many-errors")


def test_login_tried_too_often(door):
    d = door()
    d.add_user("brad")
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        began = time.monotonic()
        spent = []
        for _ in range(20):
            code = client.command(f"AUTH PLAIN {plain('brad', 'wrong')}").code
            spent.append(time.monotonic() - began)
            if code != 535:
                break
            if len(spent) == 3:
                assert client.reply().code == 421
                break
        assert client.at_end()
    steps = [b - a for a, b in zip([0, *spent], spent)]
    assert all(b > a for a, b in zip(steps, steps[1:])), steps


# On disk before it is acknowledged.


def traced(programs, d, trace):
    """Starts a handler under strace on a connection: (client, process)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = d.socket(listener.getsockname()[1])
        conn, _ = listener.accept()
    argv = ["strace", "-f", "-y", "-s", "300", "-o", trace, "-e",
            "trace=write,sendto,sendmsg,fsync,fdatasync,linkat,link,rename,renameat,renameat2",
            programs.path / "postern-smtpd", "-c", d.conf]
    with conn, open(d.stderr, "ab") as err:
        process = subprocess.Popen(
            argv, stdin=conn, stdout=conn, stderr=err, env=programs.environment(), cwd=d.dir)
    d.handlers.append(process)
    return client, process


def read_call(name, rest, mail):
    """What a system call with these arguments does to a message, as a list of one or none.
    A file that has no name yet, or one in a tmp folder, is `content`."""
    paths = [p for p in re.findall(r"<(/[^>]*)>", rest) if p.startswith(str(mail))]
    if name in ("write", "sendto") and rest.split('"', 1)[-1].startswith("250 2.0.0 Message"):
        return ["250"]
    if not paths:
        return []
    if name == "write":
        return ["content"]
    if name in ("fsync", "fdatasync"):
        is_folder = pathlib.Path(paths[0]).is_dir()
        return ["sync " + (os.path.relpath(paths[0], mail) if is_folder else "content")]
    return ["name " + os.path.relpath(paths[-1], mail)]


@pytest.mark.skipif(
    not harness.AS_ROOT or not shutil.which("strace"), reason="needs root and strace")
def test_message_is_on_disk_before_250(programs, door):
    d = door(listen=False)
    password = d.add_user("brad")
    d.add_user("carol")
    trace = d.dir / "trace"
    client, process = traced(programs, d, trace)
    client.start_tls(d.context())
    assert client.reply().code == 220
    log_in(client, "brad", password)
    send(client, "brad@447.edu", ["brad@447.edu", "carol@447.edu"], b"the message\r\n")
    leave(client)
    process.wait(harness.DEADLINE)
    order = []
    for line in trace.read_text().splitlines():
        call = re.search(r" (\w+)\((.*)", line)
        if call and "= -1" not in line:
            order += read_call(call[1], call[2], d.mail)
    done = order[:order.index("250")]
    assert "content" in done and "sync content" in done
    assert done.index("content") < done.index("sync content")
    for who in ("brad", "carol"):
        named = done.index(f"name 447.edu/{who}/new")
        assert done.index("sync content") < named
        assert f"sync 447.edu/{who}/new" in done[named:]
        # The folders are new as well: their entries have to be there, too.
        assert f"sync 447.edu/{who}" in done
    assert "sync 447.edu" in done and "sync ." in done


def test_reply_to_the_message_is_not_sent_before_it_can_be_read(inside):
    d, client = inside()
    for n in range(20):
        send(client, "brad@447.edu", ["brad@447.edu"], b"number %d\r\n" % n)
        assert sum(b"number %d\n" % n in m for m in d.messages()) == 1


# What a certificate's device and a user may do.


def test_senders(door, keys):
    for senders, own, domain, foreign in (
            ("own", 250, 550, 550), ("domain", 250, 250, 550), ("any", 250, 250, 250)):
        d = door(senders=senders)
        password = d.add_user("brad")
        with d.connect() as client:
            log_in(client, "brad", password)
            for address, code in (
                    ("brad@447.edu", own), ("BRAD@447.EDU", own), ("carol@447.edu", domain),
                    ("carol@example.com", foreign)):
                client.command(f"MAIL FROM:<{address}>", code)
                client.command("RSET", 250)


def test_foreign_recipients_are_never_taken(inside):
    for recipients in ("users", "any"):
        d, client = inside(recipients=recipients, senders="any")
        client.command("MAIL FROM:<brad@447.edu>", 250)
        for address in ("x@example.com", "x@447.edu.example.com", "x@sub.447.edu",
                        "@example.com:x@example.com", "x%example.com@example.com"):
            client.command(f"RCPT TO:<{address}>", 550)


def test_several_domains(door):
    with Authority() as own:
        d = door(domains="447.edu example.org", keys=own)
        brad, other = d.add_user("brad"), d.add_user("brad@example.org")
        for name, password in (("brad@447.edu", brad), ("brad@example.org", other)):
            with d.connect(own.client(name)) as client:
                log_in(client, name, password)
                send(client, name, ["brad@447.edu", "brad@Example.ORG"], b"x\r\n")
        d.wait()
        assert len(d.messages("brad@447.edu")) == len(d.messages("brad@example.org")) == 2
