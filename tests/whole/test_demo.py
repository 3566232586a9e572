# SPDX-License-Identifier: ISC
"""make demo and make run: what they print, how they end, and that nothing stays behind."""

import os
import re
import shutil
import signal
import subprocess

import pytest

import harness
import test_supervisors

DEMO = harness.ROOT / "contrib" / "demo"


@pytest.fixture
def place():
    """A tree of its own with the demonstration's scripts in it, so that what a person has
    in build/ is left alone."""
    tree = harness.folder("postern-demo-")
    shutil.copytree(DEMO, tree / "contrib" / "demo")
    yield tree
    left = harness.processes_with(str(tree))
    shutil.rmtree(tree)
    assert not left, f"processes {left} are left"


def environment():
    return {**os.environ, "POSTERN_BIN": str(harness.BUILD), "LANG": "C.UTF-8"}


def start_run(place, port, **more):
    """`make run`'s script: the Popen, once the port is open, and what it has printed."""
    process = subprocess.Popen(
        [place / "contrib/demo/run", str(port)], env=environment(), text=True,
        stdout=subprocess.PIPE, **more)
    said = []
    for line in process.stdout:
        said.append(line.rstrip("\n"))
        if line.startswith('Type "quit"'):
            break
    return process, said


def test_demo(place):
    done = subprocess.run(
        [place / "contrib/demo/demo"], env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    for line in (
            "220 447.edu SMTP Services Ready.", "250 447.edu says hello",
            "235 Login Successful", "250 <brad@447.edu>.... OK",
            "250 <someone@447.edu>... OK", "250 Message Received",
            "221 447.edu closing connection", "Hi this is a test message"):
        assert re.search(f"(?m)^{re.escape(line)}$", said), f"{line}\n\n{said}"
    password = re.search(r"330 New username stored\. Here is your password: (\S+)", said)
    assert password, said
    stored = list((place / "build/demo/mail/447.edu/someone/new").iterdir())
    assert len(stored) == 1
    assert password[1] not in (place / "build/demo/log").read_text()


def test_demo_says_where_it_failed(place):
    (place / "contrib/demo/common.sh").write_text(
        (place / "contrib/demo/common.sh").read_text().replace(
            "recipients = any", "recipients = nobody-at-all"))
    done = subprocess.run(
        [place / "contrib/demo/demo"], env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "recipients" in done.stderr


def test_run_until_quit(place):
    port = test_supervisors.free_port()
    process, said = start_run(place, port, stdin=subprocess.PIPE)
    assert said[-2:] == [f"TCP port set to: {port}", 'Type "quit" to close server program.']
    assert test_supervisors.is_listening(port)
    process.stdin.write("what\nquit\n")
    process.stdin.flush()
    assert process.wait(harness.DEADLINE) == 0
    assert not test_supervisors.is_listening(port)
    process.stdin.close()
    process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_outlives_its_input_until_a_signal(place, number):
    port = test_supervisors.free_port()
    process, _ = start_run(place, port, stdin=subprocess.DEVNULL)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    assert test_supervisors.is_listening(port)
    process.send_signal(number)
    assert process.wait(harness.DEADLINE) == 0
    assert not test_supervisors.is_listening(port)
    process.stdout.close()


def test_run_ends_sessions_that_are_open(place):
    port = test_supervisors.free_port()
    process, _ = start_run(place, port, stdin=subprocess.PIPE)
    keys = place / "build/run/keys"
    context = harness.ssl.create_default_context(cafile=str(keys / "ca.pem"))
    bundle = keys / "clients/brad@447.edu"
    context.load_cert_chain(bundle / "cert.pem", bundle / "key.pem")
    with harness.socket.create_connection(("127.0.0.1", port), harness.DEADLINE) as sock:
        client = harness.Client(sock).start_tls(context)
        assert client.reply().code == 220
        process.communicate("quit\n", timeout=harness.DEADLINE)
        assert process.returncode == 0
        client.close()


@pytest.mark.parametrize("port", ["0", "65536", "12x", "-1"])
def test_run_refuses_what_is_no_port(place, port):
    done = subprocess.run(
        [place / "contrib/demo/run", port], env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert f"port {port}: expected a number from 1 to 65535" in done.stderr


def test_run_says_that_a_port_is_taken(place):
    with harness.socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [place / "contrib/demo/run", str(port)], env=environment(),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert f"port {port} cannot be opened" in done.stderr
