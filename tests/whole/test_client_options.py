# SPDX-License-Identifier: ISC
"""The client's command line and configuration."""

import re

import pytest

from calling import caller, home, pki  # noqa: F401: fixtures
from calling import BANNER, BYE, delivery
from scripted import Scripted, plain


@pytest.mark.parametrize("args, status, words", [
    (["--nonsense"], 64, "unknown option --nonsense"),
    (["-x"], 64, "unknown option -x"),
    (["--ca"], 64, "--ca: expected a value"),
    (["send", "-f"], 64, "-f: expected a value"),
    (["--ca", ""], 64, "--ca: expected a value that is not empty"),
    ([], 64, "no server is named"),
    (["a", "b", "c"], 64, "too many words, beginning with c"),
    (["a", "b"], 64, "PORT b: expected a number from 1 to 65535"),
    (["a", "0"], 64, "PORT 0: expected"),
    (["a", "65536"], 64, "PORT 65536: expected"),
    (["--server", "a:b"], 64, "--server a:b: expected HOST"),
    (["--server", "a b"], 64, "--server a b: expected HOST"),
    (["--server", "[::1"], 64, "--server [::1: expected HOST"),
    (["--server", "a", "b"], 64, "named twice"),
    (["--tls", "maybe", "a"], 64, "--tls maybe: expected implicit, starttls or off"),
    (["--timeout", "0", "a"], 64, "--timeout 0: expected seconds"),
    (["a"], 78, "no CA is named"),
    (["--ca", "/nowhere/ca.pem", "a"], 78, "/nowhere/ca.pem"),
    (["--cert", "x", "--ca", "y", "a"], 64, "--cert and --key go together"),
    (["--config", "/nowhere.conf", "a"], 78, "cannot read /nowhere.conf"),
    (["send", "--server", "a", "--ca", "x", "b@c.d"], 64, "no sender is named"),
    (["send", "--server", "a", "--ca", "x", "-f", "a@b.c"], 64, "no recipient is named"),
    (["send", "--server", "a", "--ca", "x", "-f", "a b", "c@d.e"], 64, "-f a b: expected"),
    (["send", "--server", "a", "--ca", "x", "-f", "a@b.c", "x>\r\nRSET"], 64, "recipient x>"),
    (["send", "--server", "a", "--ca", "x", "-f", "a@b.c", "a\u202e@b.c"], 64, "recipient "),
    (["send", "--server", "a", "--ca", "x", "-f", "a@b.c", "--password-file", "x", "d@e.f"],
     64, "--password-file is named without --user"),
])
def test_usage(caller, args, status, words):
    result = caller.run(*args)
    assert result.returncode == status, result.stderr
    assert words in result.stderr and result.stdout == ""
    assert result.stderr.startswith("postern: ")


def test_help_and_version(caller):
    result = caller.run("--help", check=True)
    assert result.stdout.startswith("Usage: postern [OPTIONS] [HOST [PORT]]\n")
    for option in ("--server", "--cert", "--key", "--ca", "--user", "--password-file",
                   "--starttls", "--config", "-v"):
        assert option in result.stdout
    assert re.fullmatch(r"postern \d+\.\d+\.\d+\n", caller.run("--version").stdout)


@pytest.mark.parametrize("mode, text, words", [
    (0o644, "x\n", "is open to others (mode 0644)"),
    (0o660, "x\n", "is open to others (mode 0660)"),
    (0o600, "", "expected 1 to 1024 bytes"),
    (0o600, "x" * 2000, "expected 1 to 1024 bytes"),
])
def test_password_file_that_is_refused(caller, mode, text, words):
    path = caller.file("secret", text, mode)
    result = caller.run("send", "--server", "a", "--ca", "x", "--user", "u", "-f", "a@b.c",
                        "--password-file", path, "d@e.f")
    assert result.returncode == 78 and words in result.stderr and str(path) in result.stderr


def test_configuration(caller, pki):
    got = []
    secret = caller.file("secret", "open sesame\n")
    with Scripted(delivery(login=[(f"AUTH PLAIN {plain('brad@447.edu', 'open sesame')}",
                                   "235 2.7.0 Welcome")], got=got), pki.context()) as server:
        caller.file(".config/postern/client.conf", f"""# where to
server = localhost:{server.port}
ca = {pki.ca}
   cert = {pki.client}
key = {pki.path("client", "key")}
user = brad@447.edu
password_file = ~/{secret.name}
starttls = no
timeout = 10
""")
        result = caller.run("send", "ann@447.edu", input="Subject: Test\n\nHi\n")
    assert result.returncode == 0, result.stderr
    assert len(got) == 1


def test_options_win(caller, pki):
    with Scripted(lambda peer: (peer.send(BANNER), peer.expect("quit", BYE)),
                  pki.context()) as server:
        path = caller.file("conf/client.conf", "server = host.invalid:1\ntls = starttls\n"
                           f"ca = other.pem\ncert = a\nkey = b\ntimeout = 1\n")
        result = caller.talk(server, "quit\n", "--config", str(path), "--tls", "implicit")
        assert result.returncode == 0, result.stderr
        result = caller.run("--config", path, "--tls", "implicit", "localhost", server.port)
    assert result.returncode == 78 and str(path.parent / "other.pem") in result.stderr


@pytest.mark.parametrize("line, words", [
    ("colour = red", "unknown key colour"),
    ("server =", "server: expected a value"),
    ("server = a:0", "server a:0: expected HOST"),
    ("ca = x\nca = y", "ca stands here for the second time"),
    ("tls = off\nstarttls = yes", "say the same"),
    ("starttls = perhaps", "starttls perhaps: expected yes or no"),
    ("[a b]\nca = x", "[a b]: expected a name of letters"),
    ("[-a]\nca = x", "[-a]: expected a name of letters"),
    ("[lab]\ndefault = lab", "default stands in [lab]: expected it above"),
    ("[lab]\ncolour = red", "unknown key colour"),
    ("[lab]\nca = x\n[lab]\nca = y", "ca stands here for the second time"),
    ("password_command = pass show", "password_command: expected the whole path"),
    ("password_command = /bin/echo 'open", "password_command: expected the whole path"),
    ("just words", "expected key = value"),
    ("ca = " + "x" * 5000, "the line is too long"),
])
def test_configuration_faults(caller, line, words):
    path = caller.file(".config/postern/client.conf", f"# first\n{line}\n")
    result = caller.run("a")
    assert result.returncode == 78, result.stderr
    assert words in result.stderr
    assert f"{path}:{2 + line.count(chr(10))}: " in result.stderr
