# SPDX-License-Identifier: ISC
"""Messages that `postern send` makes of --subject, --text and --attach, as Python's parser
of messages reads them."""

import email
import email.policy
import email.utils
import os
import time

import pytest

from calling import caller, home, pki  # noqa: F401: fixtures
from calling import BANNER, BYE, EHLO, silent
from scripted import Scripted

FROM = ("-f", "brad@447.edu")


@pytest.fixture
def compose(caller, pki):
    """compose(*words, input=TEXT): the message that arrives, raw and parsed."""
    def run(*words, input="", to=("ann@447.edu",), utf8=""):
        got = []

        def play(peer):
            peer.send(BANNER)
            peer.expect(EHLO, "250-447.edu", "250 SMTPUTF8")
            peer.expect(f"MAIL FROM:<brad@447.edu>{utf8}", "250 OK")
            for address in to:
                peer.expect(f"RCPT TO:<{address}>", "250 OK")
            peer.expect("DATA", "354 Go on")
            got.append(peer.message())
            peer.send("250 OK")
            peer.expect("QUIT", BYE)

        with Scripted(play, pki.context()) as server:
            result = caller.send(server, *FROM, *words, *to, input=input)
        assert (result.returncode, result.stderr) == (0, "")
        raw = got[0].replace(b"\r\n..", b"\r\n.")
        return raw, email.message_from_bytes(raw, policy=email.policy.SMTPUTF8)
    return run


def test_subject_and_text(compose):
    raw, message = compose("--subject", "Disk full", "--text", "Do something.")
    assert message["From"] == "brad@447.edu" and message["To"] == "ann@447.edu"
    assert message["Subject"] == "Disk full"
    when = email.utils.parsedate_to_datetime(message["Date"]).timestamp()
    assert abs(when - time.time()) < 60
    assert message["Message-ID"].endswith("@447.edu>")
    assert message["MIME-Version"] == "1.0"
    assert message.get_content_type() == "text/plain"
    assert message.get_content_charset() == "us-ascii"
    assert message.get_content() == "Do something.\r\n"
    assert raw.endswith(b"\r\n\r\nDo something.\r\n")


def test_text_from_standard_input(compose):
    text = "Grüße\n.\nFrom here\n" + "lang " * 300 + "\n\ttrailing \n"
    raw, message = compose("--subject", "Grüße aus Köln" * 8, input=text)
    assert message["Subject"] == "Grüße aus Köln" * 8
    assert message["Content-Transfer-Encoding"] == "quoted-printable"
    assert message.get_content().replace("\r\n", "\n") == text
    assert raw.isascii() and max(map(len, raw.split(b"\r\n"))) <= 78


def test_several_recipients_stand_in_the_header(compose):
    names = [f"user{i}@447.edu" for i in range(30)]
    raw, message = compose("--subject", "x", to=names)
    assert [a.addr_spec for a in message["To"].addresses] == names
    assert max(map(len, raw.split(b"\r\n"))) <= 78


def test_message_ids_differ(compose):
    ids = {compose("--text", "x")[1]["Message-ID"] for _ in range(3)}
    assert len(ids) == 3


FILES = {
    "notes.txt": (b"some notes\n", "text/plain", "notes.txt"),
    "grün (1).txt": ("grün\n".encode(), "text/plain", "grün (1).txt"),
    "page.html": (b"<!DOCTYPE html><html><body>x</body></html>\n", "text/html", "page.html"),
    "scan.pdf": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "application/pdf", "scan.pdf"),
    "dot.png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0", "image/png",
                "dot.png"),
    "empty": (b"", "application/octet-stream", "empty"),
    "random": (b"\0\xde\xad\xbe\xef" * 50000, "application/octet-stream", "random"),
    "mail.eml": (b"Received: from a by b; Sun, 6 Nov 1994 08:49:37 +0000\nFrom: a@b.c\n"
                 b"To: d@e.f\nSubject: x\n\ny\n", "application/octet-stream", "mail.eml"),
    "x" * 120 + ".bin": (b"\0\1", "application/octet-stream", "x" * 120 + ".bin"),
    'a"b\\c': (b"\0", "application/octet-stream", 'a"b\\c'),
    "two\nlines": (b"\0\2", "application/octet-stream", "two_lines"),
}


def test_attachments(compose, caller):
    paths = []
    for name, (data, _, _) in FILES.items():
        path = caller.home / name
        path.write_bytes(data)
        os.chmod(path, 0o644)
        paths.append(path)
    words = [word for path in paths for word in ("--attach", str(path))]
    raw, message = compose("--subject", "Files", "--text", "See below.", *words)
    text, *parts = list(message.iter_parts())
    assert message.get_content_type() == "multipart/mixed"
    assert text.get_content() == "See below.\r\n"
    assert len(parts) == len(FILES)
    for part, (data, kind, name) in zip(parts, FILES.values()):
        assert part.get_payload(decode=True) == data, name
        assert part.get_filename() == name
        assert part.get_content_type() == kind, name
        assert part.get_content_disposition() == "attachment"
    assert raw.isascii() and max(map(len, raw.split(b"\r\n"))) <= 78
    assert parts[1].get_content_charset() == "utf-8"


def test_large_attachment(compose, caller):
    data = os.urandom(1 << 20)
    path = caller.home / "large"
    path.write_bytes(data)
    os.chmod(path, 0o644)
    _, message = compose("--attach", str(path))
    assert list(message.iter_attachments())[0].get_payload(decode=True) == data


def test_address_beyond_ascii(compose):
    _, message = compose("--subject", "x", to=("änn@447.edu",), utf8=" SMTPUTF8")
    assert message["To"] == "änn@447.edu"


@pytest.mark.parametrize("words, input, status, said", [
    (["--attach", "/nowhere"], "", 66, "--attach /nowhere: cannot read it: No such file"),
    (["--attach", "/"], "", 66, "--attach /: cannot read it: Is a directory"),
    (["-t", "--subject", "x"], "", 64, "-t reads the recipients from a message"),
    (["-f", "<>", "--subject", "x"], "", 64, "needs a sender"),
    (["--subject", "x"], b"\xff\n", 65, "the text is no UTF-8"),
    (["--subject", b"\xff"], b"", 64, "--subject: expected UTF-8"),
    (["--text", b"\xff"], b"", 64, "the text is no UTF-8"),
    (["--subject", "x"], b"a\0b", 65, "the text is no UTF-8"),
    (["--subject", "x"], b"x" * ((1 << 24) + 1), 65, "send it as a file"),
])
def test_what_cannot_be_composed(caller, pki, words, input, status, said):
    with Scripted(silent, pki.context()) as server:
        words = [os.fsdecode(word) for word in words]
        process = caller.programs.popen(
            "postern", "send", *caller.options(server.port), *FROM, *words, "ann@447.edu",
            env={"HOME": str(caller.home)}, stdin=-1, stderr=-1)
        _, err = process.communicate(input if isinstance(input, bytes) else input.encode(),
                                     timeout=20)
    assert process.returncode == status and said in err.decode(), err
    assert server.played == 0


@pytest.mark.parametrize("size", [1000, 3 << 20])
def test_our_own_server_takes_it(door, programs, keys, home, size):
    """By BDAT, in one group or in chunks; to two users and to nobody."""
    door = door()
    for name in ("brad", "ann", "bob"):
        door.add_user(name)
    data = os.urandom(size)
    path = home / "data"
    path.write_bytes(data)
    os.chmod(path, 0o644)
    pair = keys.client("brad@447.edu")
    result = programs.run(
        "postern", "send", "-v", "--server", f"localhost:{door.port}", "--ca", pair.ca,
        "--cert", pair.cert, "--key", pair.key, *FROM, "--subject", "Größe", "--text", "ö\n",
        "--attach", path, "ann@447.edu", "nobody@447.edu", "bob@447.edu", check=False,
        env={"HOME": str(home)})
    assert result.returncode == 67, result.stderr
    assert "recipient nobody@447.edu refused: 550" in result.stderr
    assert "C: BDAT" in result.stderr and "C: DATA" not in result.stderr
    door.wait()
    for user in ("ann@447.edu", "bob@447.edu"):
        message = email.message_from_bytes(door.messages(user)[0], policy=email.policy.SMTP)
        assert message["Subject"] == "Größe"
        assert list(message.iter_attachments())[0].get_payload(decode=True) == data
