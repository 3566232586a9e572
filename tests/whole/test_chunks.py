# SPDX-License-Identifier: ISC
"""BDAT against the program: chunks of any size that pass through it without being held,
binary messages as they were sent, and what is left where storing fails."""

import hashlib
import mailbox
import re
import subprocess

import pytest

import harness
import observe
from sessions import begin, leave, log_in, send, split_trace


BRAD = "brad@447.edu"
MEGABYTE = 1 << 20


@pytest.fixture
def inside(door):
    """inside(**settings) is (door, a client that has logged in as brad)."""

    def open_client(**settings):
        d = door(**settings)
        password = d.add_user("brad")
        client = d.connect()
        log_in(client, "brad", password)
        return d, client

    return open_client


def start(client, parameters="", to=BRAD):
    client.command(f"MAIL FROM:<{BRAD}>{parameters}", 250)
    client.command(f"RCPT TO:<{to}>", 250)


def chunk(client, data, last=False):
    client.send(b"BDAT %d%s\r\n" % (len(data), b" LAST" if last else b""))
    client.send(data)


def peak(pid):
    """The most memory that a process has had so far, in bytes."""
    return int(observe.status(pid)["VmHWM"].split()[0]) << 10


def files(d, address=BRAD):
    local, domain = address.split("@")
    return sorted((d.mail / domain / harness.folder_name(local) / "new").iterdir())


def pattern(size):
    """Bytes of all kinds that do not repeat soon."""
    block = b"".join(hashlib.sha512(b"%d" % n).digest() for n in range(1024))
    return (block * (size // len(block) + 1))[:size]


@pytest.mark.parametrize("where", ["one chunk", "many chunks", "refused"])
def test_forty_megabytes_pass_through(inside, where):
    size = 40 * MEGABYTE
    limit = size - MEGABYTE if where == "refused" else size
    d, client = inside(max_message_size=limit)
    data = pattern(size)
    pair = observe.Pair(d, client)
    start(client, " BODY=BINARYMIME")
    before = {pid: peak(pid) for pid in (pair.smtp, pair.tls)}
    step = size if where != "many chunks" else 3 * MEGABYTE + 1
    for at in range(0, size, step):
        chunk(client, data[at:at + step], last=at + step >= size)
        assert client.reply().code == (552 if where == "refused" else 250)
    for pid, least in before.items():
        assert peak(pid) - least < 4 * MEGABYTE
    leave(client)
    d.wait()
    if where == "refused":
        assert not d.messages()
        return
    [stored] = d.messages(BRAD)
    assert split_trace(stored)[2] == data


def test_text_in_chunks_is_stored_with_lf(inside):
    d, client = inside()
    text = b"".join(b"%07d %s\r\n" % (n, b"." * (n % 70)) for n in range(100_000))
    start(client)
    for at in range(0, len(text), 77_777):
        chunk(client, text[at:at + 77_777])
    chunk(client, b"", last=True)
    for at in range(0, len(text), 77_777):
        said = min(77_777, len(text) - at)
        assert client.reply().lines == (f"250 2.0.0 {said} octets received",)
    assert client.reply().lines == (f"250 2.0.0 Message accepted, {len(text)} octets",)
    [path] = files(d)
    assert split_trace(path.read_bytes())[2] == text.replace(b"\r\n", b"\n")
    assert ":" not in path.name


def test_binary_message_and_its_flag(inside):
    """All of the file has the line ends of the wire, so that it can be handed on as it is, and
    its name says so where Maildir readers look for flags."""
    d, client = inside()
    body = b"Subject: x\r\n\r\n" + bytes(range(256)) + b"\n\r.\r\n.\r"
    start(client, " BODY=BINARYMIME")
    chunk(client, body, last=True)
    assert client.reply().code == 250
    send(client, BRAD, [BRAD], b"text\r\n")
    leave(client)
    d.wait()
    binary, text = sorted(files(d), key=lambda path: ":" not in path.name)
    assert re.search(r",S=\d+:2,B$", binary.name) and ":" not in text.name
    stored = binary.read_bytes()
    assert f",S={len(stored)}:" in binary.name
    assert split_trace(stored)[2] == body
    head = stored[:-len(body.split(b"\r\n", 1)[1])]
    assert head.count(b"\n") == head.count(b"\r\n") > 5
    # Readers see both as new mail, and keep the flag when they move a file to cur/.
    box = mailbox.Maildir(binary.parents[1], create=False)
    found = {bytes(box[key]["Subject"] or "", "ascii"): box[key] for key in box.keys()}
    assert found[b"x"].get_subdir() == "new" and found[b"x"].get_flags() == "B"
    assert len(box) == 2


def test_received_says_how_it_came(inside):
    d, client = inside()
    for parameters in ("", " SMTPUTF8"):
        start(client, parameters)
        chunk(client, b"x\r\n", last=True)
        assert client.reply().code == 250
    leave(client)
    said = sorted(split_trace(m)[1] for m in d.messages(BRAD))
    assert [re.search(r" with (\S+) ", one)[1] for one in said] == ["ESMTPSA", "UTF8SMTPSA"]


@pytest.mark.skipif(not harness.AS_ROOT, reason="mounts a file system")
def test_disk_that_fills_in_the_middle_of_chunks(door):
    """The chunk that no longer fits is refused, not the last one."""
    d = door(exits=(75,))
    password = d.add_user("brad")
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0755", "tmpfs", d.mail], check=True)
    try:
        harness.give(d.mail)
        with d.connect() as client:
            log_in(client, "brad", password)
            start(client)
            codes = []
            for _ in range(4):
                chunk(client, b"x" * 78 + b"\r\n" + b"y" * (MEGABYTE - 82) + b"\r\n")
                codes.append(client.reply().code)
            assert codes[0] == 250 and codes[1:] in ([452, 503, 503], [250, 452, 503])
            send(client, BRAD, [BRAD], b"small\r\n")
            leave(client)
        d.wait()
        assert [split_trace(m)[2] for m in d.messages()] == [b"small\n"]
        assert len(d.records(event="spool-fault")) == 1
    finally:
        subprocess.run(["umount", d.mail], check=True)


def test_connection_that_ends_between_chunks(inside):
    d, client = inside()
    start(client)
    chunk(client, b"x\r\n" * 50_000)
    assert client.reply().code == 250
    client.close()
    d.wait()
    assert not d.messages() and not list(d.mail.glob("**/*.*"))


def test_replies_of_a_group_come_together(inside):
    """In one TLS record, as one write makes it, behind a group that came in one."""
    d, client = inside(tls="off", bind="any", enrol="off")
    client.send(b"MAIL FROM:<brad@447.edu>\r\nRCPT TO:<brad@447.edu>\r\nRCPT TO:<x@447.edu>\r\n"
                b"BDAT 3\r\nx\r\nBDAT 0 LAST\r\n")
    said = client.sock.recv(65536)
    assert [line[:3] for line in said.splitlines()] == [b"250", b"250", b"550", b"250", b"250"]
    begin(client, BRAD, [BRAD])
    client.send(b".\r\nNOOP\r\nQUIT\r\n")
    assert [client.reply().code for _ in range(3)] == [250, 250, 221]
    assert client.at_end()
    d.wait()
