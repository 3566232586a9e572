# SPDX-License-Identifier: ISC
"""The log: whole lines, one for each event, with who and why, and nobody's password."""

import base64
import concurrent.futures
import re
import socket
import subprocess

import pytest

import harness
from certificates import pin_of
from sessions import b64, begin, leave, log_in, plain, send

BRAD = "brad@447.edu"
FIFTY = 50


def events(d):
    d.wait()
    return [r["event"] for r in d.records()]


def test_file_that_fifty_instances_write_at_once(door):
    d = door()
    password = d.add_user("brad")
    d.keys.client()
    long = "x" * 400

    def one(n):
        with d.connect() as client:
            log_in(client, "brad", password)
            for _ in range(5):
                # Each of these is refused, and that is logged with what was sent.
                client.command(f"MAIL FROM:<{long[:60]}@{long[:60]}{n}.example>", 550)
            send(client, BRAD, [BRAD], b"number %d\r\n" % n)
            leave(client)

    with concurrent.futures.ThreadPoolExecutor(FIFTY) as pool:
        list(pool.map(one, range(FIFTY)))
    d.wait()
    raw = d.log.read_bytes()
    assert raw.endswith(b"\n")
    form = re.compile(
        rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z postern-smtpd\[\d+\]: [^\n]+ event=[a-z-]+ "
        rb"session=[0-9a-f]{16} peer=127\.0\.0\.1:\d+[^\n]*")
    lines = raw.split(b"\n")[:-1]
    assert all(form.fullmatch(line) for line in lines)
    records = d.records()
    assert len(records) == len(lines)
    assert len({r["session"] for r in records}) == FIFTY
    for event, each in (("admitted", 1), ("login", 1), ("message-accepted", 1), ("closed", 1),
                        ("refused-command", 5)):
        assert sum(r["event"] == event for r in records) == FIFTY * each, event
    # Each session's records name one peer and one process, in order.
    for session in {r["session"] for r in records}:
        own = [r for r in records if r["session"] == session]
        assert len({(r["peer"], r["pid"]) for r in own}) == 1
        assert (own[0]["event"], own[-1]["event"]) == ("admitted", "closed")


def test_relative_file_is_of_the_working_directory(door):
    d = door(log="file:.server_log")
    with d.connect() as client:
        leave(client)
    d.wait()
    assert (d.dir / ".server_log").read_text().count("\n") == 2


def test_file_that_is_there_is_appended_to(door):
    d = door()
    d.log.write_text("what was there\n")
    harness.give(d.log)
    with d.connect() as client:
        leave(client)
    d.wait()
    assert d.log.read_text().startswith("what was there\n2")


def test_records_of_a_session(door):
    d = door()
    password = d.add_user("brad")
    with d.connect() as client:
        peer = "{}:{}".format(*client.sock.getsockname())
        client.command("EHLO client.447.edu", 250)
        client.command(f"AUTH PLAIN {plain('brad', 'not it')}", 535)
        client.command(f"AUTH PLAIN {plain('brad', password)}", 235)
        client.command("MAIL FROM:<x@example.com>", 550)
        send(client, BRAD, [BRAD], b"x\r\n")
        leave(client)
    assert events(d) == [
        "admitted", "login-failed", "login", "refused-command", "message-accepted", "closed"]
    admitted, failed, login, refused, accepted, closed = d.records()
    pin = pin_of(d.keys.client())
    for record in d.records():
        assert record["device"] == pin
        assert record["peer"] == peer
        assert re.fullmatch("[0-9a-f]{16}", record["session"])
        assert record["message"]
    assert "TLS1.3" in admitted["message"]
    assert failed["user"] == BRAD and "password" in failed["reason"]
    for record in (login, refused, accepted, closed):
        assert record["user"] == BRAD
    assert refused["reason"] == "foreign-sender"
    assert re.fullmatch("[0-9a-f]{16}", accepted["queue_id"])
    assert closed["reason"] == "quit"


def test_record_of_an_enrolment(door):
    d = door()
    with d.connect() as client:
        client.command("HELO client", 250)
        client.command("AUTH", 334)
        reply = client.command(b64("brad"), 330)
        assert client.at_end()
    assert events(d) == ["admitted", "enrolled", "closed"]
    assert d.records(event="enrolled")[0]["user"] == BRAD
    assert reply.text.split()[-1] not in d.log.read_text()


@pytest.mark.parametrize("what,send,reason", [
    ("bare LF", b"NOOP\nNOOP\r\n", "bare-lf"), ("bare CR", b"NOOP\rX\r\n", "bare-cr"),
    ("NUL", b"NO\0OP\r\n", "nul"), ("a long line", b"NOOP " + b"x" * 5000 + b"\r\n",
                                    "line-too-long")])
def test_record_of_a_line_that_cannot_be_read(door, what, send, reason):
    d = door()
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        client.send(send)
        assert client.reply().code == 500
        leave(client)
    d.wait()
    [record] = d.records(event="refused-command")
    assert record["reason"] == reason


# No password, in no form.


def secrets_of(password):
    """Forms in which a password could be written down; of base64 what does not depend on
    what stands before it."""
    forms = {password, password.encode().hex()}
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + password.encode()).decode()
        forms.add(text[4:-4])
    return forms


def test_no_password_is_ever_logged(door):
    d = door(bind="any")
    right, wrong = "This-1s-the-right-passw0rd", "Another-that-1s-quite-wr0ng"
    d.add_user("brad", right)

    def exchange(*lines):
        with d.connect() as client:
            for line in lines:
                client.send(line.encode() + b"\r\n")
                client.reply()

    scripts = []
    for password in (right, wrong):
        text = b64(password)
        scripts += [
            ("EHLO c", f"AUTH PLAIN {plain('brad', password)}"),
            ("EHLO c", "AUTH LOGIN", b64("brad"), text),
            ("HELO c", "AUTH", b64("brad"), text),
            # In places where it does not belong.
            ("EHLO c", f"AUTH PLAIN {plain('brad', password)}x"),
            ("EHLO c", f"AUTH {password}"), ("EHLO c", f"AUTH NONSENSE {text}"),
            ("EHLO c", password, text), (password, f"AUTH PLAIN {text}"),
            ("EHLO c", "AUTH LOGIN", b64("brad"), password),
            ("HELO c", "AUTH", b64("brad"), f"{text}\n{text}"),
            ("EHLO c", "AUTH LOGIN", text, text)]
    d.keys.client()
    with concurrent.futures.ThreadPoolExecutor(len(scripts)) as pool:
        list(pool.map(lambda lines: exchange(*lines), scripts))
    d.wait()
    said = d.log.read_text() + d.stderr.read_text()
    for password in (right, wrong):
        for form in secrets_of(password):
            assert form not in said
    assert len(d.records(event="login")) == 3


def test_no_text_of_a_message_is_ever_logged(door):
    d = door()
    password = d.add_user("brad")
    secret = b"nobody-is-to-read-this"
    with d.connect() as client:
        log_in(client, "brad", password)
        send(client, BRAD, [BRAD], b"Subject: %s\r\n\r\n%s\r\n" % (secret, secret))
        begin(client, BRAD, [BRAD])
        client.send(b"%s\n%s\r\n.\r\n" % (secret, secret))
        assert client.reply().code == 550
        begin(client, BRAD, [BRAD])
        client.send(secret)
    d.wait()
    assert secret not in d.log.read_bytes() + d.stderr.read_bytes()


def test_untrusted_bytes_are_escaped(door):
    """What a peer sends can neither begin a record nor end a field."""
    d = door(senders="any", recipients="any", bind="any", max_errors=1000)
    password = d.add_user("brad")
    names = ['x event=login user=root', 'x" event="login', "x\\x0aevent=login", "a=b",
             "\u202eevent=login", "\x1b[31m"]
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        for name in names[:2]:
            client.command(f"AUTH PLAIN {plain(name, 'x')}", 535)
    with d.connect() as client:
        log_in(client, "brad", password)
        for name in names:
            client.command(f'MAIL FROM:<"{name}"@447.edu>'.encode())
            client.command(f'RCPT TO:<"{name}"@447.edu>'.encode())
            if client.command("DATA").code == 354:
                client.send(b"x\r\n.\r\n")
                assert client.reply().code == 250
            client.command("RSET", 250)
    d.wait()
    assert all(r["event"] != "login" or r.get("user") == BRAD for r in d.records())
    assert len(d.records(event="login")) == 1
    raw = d.log.read_bytes()
    assert not re.search(rb"[^\x20-\x7e\n]", raw)


# Other places.


def test_stderr_that_is_the_connection_is_not_written_to(programs, door):
    """As inetd and xinetd start it, with descriptor 2 on the socket as well."""
    for log in ("stderr", "auto"):
        d = door(listen=False, log=log)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = d.socket(listener.getsockname()[1])
            conn, _ = listener.accept()
        with conn:
            handler = programs.popen("postern-smtpd", "-c", d.conf, stdin=conn, stdout=conn,
                                     stderr=conn)
        d.handlers.append(handler)
        # A single byte that is not TLS would end this.
        client.start_tls(d.context())
        assert client.reply().code == 220
        client.command("EHLO client.447.edu", 250)
        client.command("AUTH PLAIN " + plain("brad", "x"), 535)
        leave(client)


def test_nothing_is_written_to_the_peer_before_tls(programs, door):
    """Not even by a fault of the configuration."""
    d = door(listen=False)
    d.conf.write_text("nonsense = 1\n")
    here, there = socket.socketpair()
    with here:
        with there:
            handler = programs.popen("postern-smtpd", "-c", d.conf, stdin=there, stdout=there,
                                     stderr=there)
        assert handler.wait(30) == 78
        assert here.recv(100) == b""


def test_stderr(door):
    d = door(log="stderr")
    with d.connect() as client:
        leave(client)
    d.wait()
    records = [harness.parse_record(line) for line in d.stderr.read_text().splitlines()]
    assert [r["event"] for r in records] == ["admitted", "closed"]


def test_stderr_as_a_pipe_that_nobody_reads_any_more(programs, door):
    """The log going away is no reason to die."""
    d = door(listen=False, log="stderr")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = d.socket(listener.getsockname()[1])
        conn, _ = listener.accept()
    with conn:
        handler = programs.popen("postern-smtpd", "-c", d.conf, stdin=conn, stdout=conn,
                                 stderr=subprocess.PIPE)
    handler.stderr.close()
    d.handlers.append(handler)
    client.start_tls(d.context())
    assert client.reply().code == 220
    leave(client)
