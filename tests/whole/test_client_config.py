# SPDX-License-Identifier: ISC
"""Where the client's settings come from: several servers in one file, the environment,
systemd's credentials, secrets in files and from commands; and who wins."""

import pytest

import harness
from calling import caller, home, pki  # noqa: F401: fixtures
from calling import BANNER, BYE, PASSWORD, USERNAME, delivery
from scripted import Scripted, b64, plain

USER = "brad@447.edu"


def taker(password="open sesame", user=USER):
    """A server that takes a message after that login, or without one (None)."""
    login = [(f"AUTH PLAIN {plain(user, password)}", "235 2.7.0 Welcome")] if password else ()
    return delivery(login=login)


@pytest.fixture
def conf(caller, pki):
    """conf(text, **values) writes the configuration; {ca}, {port} and so on are filled in."""
    def write(text, name=".config/postern/client.conf", **values):
        return caller.file(name, text.format(
            ca=pki.ca, cert=pki.client, key=pki.path("client", "key"), **values))
    return write


def send(caller, *words, **more):
    return caller.run("send", *words, "ann@447.edu", input="Subject: Test\n\nHi\n", **more)


# Several servers.

TWO = """
ca = {ca}
cert = {cert}
key = {key}
user = brad@447.edu
timeout = 10

[office]
server = localhost:{office}

[lab]
server = localhost:{lab}
user = lab@447.edu
password_file = lab.secret
"""


@pytest.mark.parametrize("words, wanted", [
    (("--server", "office"), "office"), (("--server", "lab"), "lab")])
def test_servers_have_names(caller, pki, conf, words, wanted):
    office = delivery()
    lab = delivery(mail="MAIL FROM:<lab@447.edu> SIZE=21", login=[
        (f"AUTH PLAIN {plain('lab@447.edu', 'one')}", "235 2.7.0 Welcome")])
    with Scripted(office, pki.context()) as first, Scripted(lab, pki.context()) as second:
        conf(TWO, office=first.port, lab=second.port)
        caller.file(".config/postern/lab.secret", "one\n")
        result = send(caller, *words)
        assert result.returncode == 0, result.stderr
        asked = first if wanted == "office" else second
        harness.until(lambda: asked.played == 1, what="the end of the session")
    assert first.played + second.played == 1


@pytest.mark.parametrize("form", [("office",), ("--server", "office"), ()])
def test_the_person_may_name_it_too(caller, pki, conf, form):
    def play(peer):
        peer.send(BANNER)
        peer.expect("quit", BYE)

    with Scripted(play, pki.context()) as server:
        conf("default = office\n" + TWO, office=server.port, lab=1)
        result = caller.run(*form, input="quit\n")
    assert result.returncode == 0, result.stderr


def test_a_section_may_be_a_host(caller, pki, conf):
    with Scripted(taker(None), pki.context()) as server:
        conf("[localhost]\nca = {ca}\ncert = {cert}\nkey = {key}\nuser = brad@447.edu\n")
        # What stands in the section is for that host whatever the port.
        result = send(caller, "--server", f"localhost:{server.port}")
        assert result.returncode == 78 and "no CA is named" in result.stderr
        conf("[localhost]\nserver = localhost:{port}\nca = {ca}\ncert = {cert}\nkey = {key}\n"
             "user = brad@447.edu\n", port=server.port)
        assert send(caller, "--server", "localhost").returncode == 0


def test_only_one_server_needs_no_name(caller, pki, conf):
    with Scripted(taker(None), pki.context()) as server:
        conf("[it]\nserver = localhost:{port}\nca = {ca}\ncert = {cert}\nkey = {key}\n"
             "user = brad@447.edu\n", port=server.port)
        result = send(caller)
    assert result.returncode == 0, result.stderr


def test_a_choice_has_to_be_made(caller, conf):
    path = conf(TWO, office=1, lab=2)
    result = send(caller)
    assert result.returncode == 64
    assert f"{path} names several servers: choose one" in result.stderr
    conf("default = home\n" + TWO, office=1, lab=2)
    result = send(caller)
    assert result.returncode == 78 and "there is no [home]" in result.stderr


def test_a_configuration_that_is_named(caller, pki, conf):
    with Scripted(taker(None), pki.context()) as server:
        text = "server = localhost:{port}\nca = {ca}\ncert = {cert}\nkey = {key}\nuser = " + USER
        path = conf(text + "\n", name="elsewhere.conf", port=server.port)
        assert send(caller, "--config", path).returncode == 0
        result = caller.programs.run(
            "postern", "send", "ann@447.edu", input="Subject: Test\n\nHi\n", check=False,
            env={"HOME": str(caller.home), "POSTERN_CONFIG": str(path)})
    assert result.returncode == 0, result.stderr


# The environment, and systemd's credentials.

def run(caller, env, *words):
    return caller.programs.run(
        "postern", "send", *words, "ann@447.edu", input="Subject: Test\n\nHi\n", check=False,
        env={"HOME": str(caller.home), **env})


def environment(pki, port, **more):
    return {"POSTERN_SERVER": f"localhost:{port}", "POSTERN_CA": pki.ca,
            "POSTERN_CERT": pki.client, "POSTERN_KEY": pki.path("client", "key"),
            "POSTERN_USER": USER, "POSTERN_TIMEOUT": "10", **more}


@pytest.mark.parametrize("source", ["POSTERN_PASSWORD", "POSTERN_PASSWORD_FILE",
                                    "POSTERN_PASSWORD_COMMAND", "POSTERN_SECRETS"])
def test_environment(caller, pki, source):
    values = {
        "POSTERN_PASSWORD": "open sesame",
        "POSTERN_PASSWORD_FILE": str(caller.file("secret", "open sesame\n")),
        "POSTERN_PASSWORD_COMMAND": "/bin/echo 'open sesame'",
        "POSTERN_SECRETS": str(caller.file(
            "secrets", f'machine localhost login {USER} password "open sesame"\n')),
    }
    with Scripted(taker(), pki.context()) as server:
        result = run(caller, environment(pki, server.port, **{source: values[source]}))
    assert result.returncode == 0, result.stderr


def test_environment_stands_between_options_and_file(caller, pki, conf):
    with Scripted(taker(None), pki.context()) as server:
        conf("server = host.invalid\nca = other\ntls = starttls\n")
        result = run(caller, environment(pki, 1, POSTERN_TLS="implicit"),
                     "--server", f"localhost:{server.port}")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name, value, words", [
    ("POSTERN_SERVER", "a b", "POSTERN_SERVER a b: expected HOST"),
    ("POSTERN_TLS", "maybe", "POSTERN_TLS maybe: expected implicit"),
    ("POSTERN_TIMEOUT", "0", "POSTERN_TIMEOUT 0: expected seconds"),
    ("POSTERN_PIN", "abc", "POSTERN_PIN abc: expected the SHA-256"),
])
def test_environment_faults(caller, name, value, words):
    result = run(caller, {name: value})
    assert result.returncode == 64 and words in result.stderr


def test_password_leaves_the_environment(caller, pki):
    """Nobody finds it in /proc once it was read."""
    seen = []

    def play(peer):
        peer.send(BANNER)
        with open(f"/proc/{process.pid}/environ", "rb") as file:
            seen.append(file.read())
        peer.sock.close()

    with Scripted(play, pki.context()) as server:
        env = environment(pki, server.port, POSTERN_PASSWORD="open sesame")
        process = caller.programs.popen(
            "postern", "send", "ann@447.edu", stdin=harness.subprocess.PIPE,
            stderr=harness.subprocess.PIPE, env={"HOME": str(caller.home), **env})
        process.communicate(b"Subject: Test\n\nHi\n", timeout=20)
        server.faults.clear()
    assert seen and b"POSTERN_USER" in seen[0] and b"sesame" not in seen[0]


def test_credentials_of_systemd(caller, pki):
    """What stands in the folder is used, though its mode is not 0600."""
    folder = caller.home / "credentials"
    folder.mkdir()
    for name, path in (("postern.ca", pki.ca), ("postern.cert", pki.client),
                       ("postern.key", pki.path("client", "key"))):
        caller.file(f"credentials/{name}", open(path).read(), 0o440)
    caller.file("credentials/postern.password", "open sesame", 0o440)
    with Scripted(taker(), pki.context()) as server:
        result = run(caller, {"CREDENTIALS_DIRECTORY": str(folder)}, "--server",
                     f"localhost:{server.port}", "--user", USER)
    assert result.returncode == 0, result.stderr
    result = run(caller, {}, "--server", "localhost:1", "--ca", pki.ca, "--user", USER,
                 "--password-file", str(folder / "postern.password"))
    assert result.returncode == 78 and "is open to others (mode 0440)" in result.stderr


# Passwords.

def test_secrets_name_the_user_as_well(caller, pki, conf):
    caller.file(".netrc", f"machine elsewhere login x password y\n"
                          f"machine localhost login {USER} password \"open sesame\"\n")
    with Scripted(taker(), pki.context()) as server:
        conf("server = localhost:{port}\nca = {ca}\ncert = {cert}\nkey = {key}\n"
             "secrets = ~/.netrc\n", port=server.port)
        result = send(caller)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("mode, text, words", [
    (0o644, "machine a password b\n", "is open to others (mode 0644)"),
    (0o600, "hello\n", "expected words as in ~/.netrc"),
])
def test_secrets_that_are_refused(caller, pki, mode, text, words):
    path = caller.file("secrets", text, mode)
    result = send(caller, "--server", "localhost:1", "--ca", pki.ca, "--user", USER,
                  "--secrets", path)
    assert result.returncode == 78 and words in result.stderr


def script(caller, text):
    return caller.file("bin/say", f"#!/bin/sh\n{text}\n", 0o700)


@pytest.mark.parametrize("text", [
    "echo open sesame", "printf 'open sesame'", "printf 'open sesame\\r\\nmore\\n'",
    # Neither our input nor the file with the message in it is its own.
    "read -r line; [ -z \"$line\" ] && ! ls -l /proc/$$/fd | grep -q deleted "
    "&& echo open sesame",
])
def test_password_command(caller, pki, text):
    path = script(caller, text)
    got = []
    with Scripted(delivery(login=[(f"AUTH PLAIN {plain(USER, 'open sesame')}",
                                   "235 2.7.0 Welcome")], got=got), pki.context()) as server:
        result = caller.send(server, "--user", USER, "--password-command", f"{path} a 'b c'",
                             "ann@447.edu")
    assert result.returncode == 0, result.stderr
    assert got == [b"Subject: Test\r\n\r\nHi\r\n"]


@pytest.mark.parametrize("command, words", [
    ("say", "expected the whole path of a program"),
    ("/nowhere/say", "/nowhere/say cannot be run"),
    ("~/bin/say 'open", "every quote closed"),
    ("/bin/false", "has failed: exit status 1"),
    ("/bin/true", "expected 1 to 1024 bytes"),
    # More than a pipe holds, so that it is broken off.
    ("/usr/bin/head -c 1000000 /dev/zero", "has failed"),
    ("/usr/bin/printf '%2000s'", "expected 1 to 1024 bytes"),
    ("/bin/sh -c 'kill -9 $$'", "has failed: exit status 137"),
])
def test_password_command_faults(caller, pki, command, words):
    result = send(caller, "--server", "localhost:1", "--ca", pki.ca, "--user", USER,
                  "--password-command", command)
    assert result.returncode == 78 and words in result.stderr, result.stderr


def test_one_source_of_the_password(caller, pki):
    path = caller.file("secret", "x\n")
    result = send(caller, "--server", "localhost:1", "--ca", pki.ca, "--user", USER,
                  "--password-file", path, "--password-command", "/bin/echo x")
    assert result.returncode == 64 and "from a file and from a command" in result.stderr


def test_password_command_in_a_dialogue(caller, pki, conf):
    def play(peer):
        peer.send(BANNER)
        peer.expect("auth", USERNAME)
        peer.expect(b64("brad"), PASSWORD)
        peer.expect(b64("open sesame"), "235 Login Successful")
        peer.expect("quit", BYE)

    path = script(caller, "echo open sesame")
    with Scripted(play, pki.context()) as server:
        conf("server = localhost:{port}\nca = {ca}\ncert = {cert}\nkey = {key}\nuser = " + USER +
             "\npassword_command = {path}\n", port=server.port, path=path)
        result = caller.run(input="auth\nbrad\nquit\n")
    assert result.returncode == 0, result.stderr
