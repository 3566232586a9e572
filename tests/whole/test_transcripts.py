# SPDX-License-Identifier: ISC
"""Every transcript of tests/transcripts, over TLS against the program. Their format is in the
README.md beside them; tests/unit/smtp_transcripts.c replays the same files without it."""

import base64
import contextlib
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

import certificates
import harness
import sessions

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "transcripts"
DEFAULTS = {"bind": "any", "enrol": "certificate", "mechanisms": "PLAIN LOGIN"}
BYTES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


@dataclasses.dataclass
class Transcript:
    path: pathlib.Path
    purpose: str
    config: dict = dataclasses.field(default_factory=dict)
    users: dict = dataclasses.field(default_factory=dict)
    certificate: str = "brad@447.edu"
    token: str = ""
    steps: list = dataclasses.field(default_factory=list)  # (line number, word, text)


def parse(path):
    lines = path.read_text(encoding="ascii").splitlines()
    assert lines[0].startswith("# "), f"{path}:1: does not say what is shown"
    transcript = Transcript(path, lines[0][2:])
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        found = re.fullmatch(r"([A-Za-z]+:|[CS][.*#]|\|[.*]?) ?(.*)", line)
        assert found, f"{path}:{number}: says nothing known"
        word, text = found[1].rstrip(":"), found[2]
        if word == "config":
            key, value = re.fullmatch(r"([a-z_]+) = (.*)", text).groups()
            transcript.config[key] = value
        elif word == "user":
            name, password = text.split()
            transcript.users[name] = password
        elif word in ("certificate", "token"):
            setattr(transcript, word, text)
        else:
            transcript.steps.append((number, word, text))
    return transcript


def braces(text, start):
    """Where the brace is that closes the one before start."""
    depth = 1
    for i in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return i
    raise ValueError(f"a brace of {text!r} is not closed")


def expand(text, star=b""):
    """What the text stands for, as bytes."""
    out, i = b"", 0
    while i < len(text):
        if text[i] != "\\":
            out, i = out + text[i].encode(), i + 1
        elif text[i + 1] in BYTES:
            out, i = out + BYTES[text[i + 1]], i + 2
        elif text[i + 1] == "x":
            out, i = out + bytes.fromhex(text[i + 2:i + 4]), i + 4
        elif text[i + 1] == "w":
            out, i = out + star, i + 2
        elif text.startswith("b{", i + 1):
            end = braces(text, i + 3)
            out, i = out + base64.b64encode(expand(text[i + 3:end], star)), end + 1
        else:
            assert text[i + 1] == "{", f"{text!r} has an unknown escape"
            end = braces(text, i + 2)
            times, what = text[i + 2:end].split("*", 1)
            out, i = out + int(times) * expand(what, star), end + 1
    return out


class Breakage:
    """What a door needs, taken away and given back: its user store, its mail directory, or the
    space under that, which is then a small file system of its own from the beginning."""

    def __init__(self, door, what):
        self.door, self.disk = door, None
        if "disk" in what:
            self.mount()

    def mount(self):
        if not harness.AS_ROOT:
            pytest.skip("mounts a file system")
        self.disk = self.door.mail
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0755", "tmpfs", self.disk], check=True)
        harness.give(self.disk)

    def take(self, what):
        if what == "disk":
            self.fill()
            return
        path = {"mail": self.door.mail, "users": self.door.users}[what]
        path.rename(path.with_name(f"{path.name}.away"))
        if what == "users":
            path.mkdir()

    def fill(self):
        with open(self.disk / "filler", "wb", buffering=0) as f:
            with contextlib.suppress(OSError):
                while True:
                    f.write(bytes(4096))

    def give(self, what):
        if what == "disk":
            (self.disk / "filler").unlink()
            return
        path = {"mail": self.door.mail, "users": self.door.users}[what]
        if what == "users":
            path.rmdir()
        path.with_name(f"{path.name}.away").rename(path)

    def close(self):
        if self.disk:
            subprocess.run(["umount", self.disk], check=True)


class Player:
    """One transcript under way. dial() connects and gives a client with its TLS as far as it
    begins by itself; start_tls(client) is for STARTTLS; mailbox(address) gives the texts of
    the messages there; stop() asks the server to end; broken is a Breakage."""

    def __init__(self, transcript, dial, start_tls, mailbox, stop, broken):
        self.transcript, self.dial = transcript, dial
        self.start_tls, self.mailbox = start_tls, mailbox
        self.stop_server, self.broken = stop, broken
        self.client = dial()
        self.pending, self.star, self.letter = b"", b"", None
        self.asked = time.monotonic()

    def flush(self):
        if self.pending:
            self.asked = time.monotonic()
            self.client.send(self.pending)
        self.pending = b""

    def send(self, text, end=b""):
        self.pending += expand(text, self.star) + end

    def send_line(self, text):
        self.send(text, b"\r\n")

    def line(self, text):
        self.flush()
        assert self.client.line() == expand(text, self.star)

    def regex(self, text):
        parts = [re.escape(expand(part, self.star)) for part in text.split("*")]
        return b"(.*?)".join(parts)

    def pattern(self, text):
        self.flush()
        parts = text.split("*")
        got = self.client.line()
        found = re.fullmatch(self.regex(text), got, re.DOTALL)
        assert found, f"expected {text!r}, got {got!r}"
        self.star = found[len(parts) - 1] if len(parts) > 1 else self.star

    def whole(self, code):
        self.flush()
        assert str(self.client.reply().code) == code

    def wait(self, _):
        """The server's patience ends by itself."""
        self.flush()

    def stop(self, _):
        self.flush()
        self.stop_server()

    def take(self, what):
        self.flush()
        self.broken.take(what)

    def give(self, what):
        self.flush()
        self.broken.give(what)

    def tls(self, _):
        self.flush()
        self.start_tls(self.client)

    def end(self, _):
        self.flush()
        assert self.client.at_end()

    def connect(self, _):
        self.flush()
        self.client.close()
        self.client = self.dial()

    def mail(self, address):
        self.flush()
        texts = self.mailbox(expand(address).decode())
        assert texts, f"nothing was delivered to {address}"
        self.letter = []
        self.letters = [sessions.split_stored(text)[2] for text in texts]

    def letter_part(self, text):
        self.letter.append(re.escape(expand(text, self.star)))

    def letter_line(self, text):
        self.letter.append(re.escape(expand(text, self.star)) + b"\n")

    def letter_pattern(self, text):
        self.letter.append(self.regex(text) + b"\n")

    def settle_letter(self):
        """The lines behind MAIL are complete: one of the messages there has to be them."""
        if self.letter is not None:
            assert any(re.fullmatch(b"".join(self.letter), m) for m in self.letters)
        self.letter = None

    def none(self, address):
        self.flush()
        assert not self.mailbox(address)

    def delay(self, milliseconds):
        assert time.monotonic() - self.asked >= int(milliseconds) / 1000

    def play(self):
        does = {
            "C": self.send_line, "C.": self.send, "S": self.line, "S*": self.pattern,
            "S#": self.whole, "TLS": self.tls, "END": self.end, "CONNECT": self.connect,
            "WAIT": self.wait, "STOP": self.stop, "BREAK": self.take, "MEND": self.give,
            "MAIL": self.mail, "|": self.letter_line, "|.": self.letter_part,
            "|*": self.letter_pattern, "NONE": self.none, "DELAY": self.delay,
        }
        for number, word, text in self.transcript.steps:
            try:
                if word not in ("|", "|.", "|*"):
                    self.settle_letter()
                if word != "LOG":
                    does[word](text)
            except (AssertionError, EOFError, OSError) as error:
                raise AssertionError(
                    f"{self.transcript.path.name}:{number}: {word} {text}: {error}") from error
        self.settle_letter()
        self.flush()


def log_words(transcript):
    """The words that the log has to be told, in order."""
    return [text for _, word, text in transcript.steps if word == "LOG"]


@pytest.fixture(scope="module")
def authority():
    with certificates.Authority() as authority:
        yield authority


def take_token(transcript, door, stranger):
    """The client becomes the stranger, and its token's text stands in the transcript."""
    token = door.ctl("enrol", "token", transcript.token, "--for", "1h").stdout.strip()
    transcript.steps = [(n, word, text.replace(r"\k", token))
                        for n, word, text in transcript.steps]
    return stranger


def replay(transcript, door, broken, stranger):
    who = transcript.certificate

    def dial():
        return door.connect(who, banner=False)

    def start_tls(client):
        client.start_tls(door.context(who))

    def stop():
        os.kill(door.handlers[-1].pid, signal.SIGTERM)

    for name, password in transcript.users.items():
        door.add_user(name, password)
    if transcript.token:
        who = take_token(transcript, door, stranger())
    player = Player(transcript, dial, start_tls, door.messages, stop, broken)
    player.play()
    player.client.close()


# What a handler may end with once something was taken from it: sysexits(3).
FAULTS = (0, 71, 75, 78)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_transcript(door, authority, path):
    transcript = parse(path)
    breaks = {text for _, word, text in transcript.steps if word == "BREAK"}
    here = door(
        **{**DEFAULTS, **transcript.config}, exits=FAULTS if breaks else (0,))
    broken = Breakage(here, breaks)
    try:
        replay(transcript, here, broken, authority.self_signed)
        here.wait()
    finally:
        broken.close()
    said = [record.get("reason") for record in here.records()]
    for word in log_words(transcript):
        assert word in said
        said = said[said.index(word) + 1:]


def test_there_are_transcripts():
    assert len(list(FOLDER.glob("*.txt"))) >= 250
