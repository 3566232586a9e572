# SPDX-License-Identifier: ISC
"""postern-keys killed: at every system call that changes a file, and at random moments.
Whoever opens a pair of files afterwards finds both old or both new; the next command tidies
up; nobody is revoked no more."""

import random
import shutil
import signal
import subprocess
import time

import pytest

import harness
from keytool import (
    HOST, USER, assert_tidy, assert_whole, folder, kept, public_of_cert, revoked, serial, tool,
    tree)

CALLS = ("symlinkat", "renameat", "linkat", "unlinkat", "fsync")
OTHER = "other@example.org"


@pytest.fixture
def keys(tool, folder):
    """A CA, a server, two clients, and a list in which one certificate stands."""
    tool("init", "--dir", "d", "--host", HOST)
    for name in (USER, OTHER, "gone@example.org"):
        tool("issue", name, "--dir", "d")
    tool("revoke", "gone@example.org", "--dir", "d")
    return folder / "d"


def trace(programs, folder, expression, args):
    more = {}
    if harness.AS_ROOT:
        more.update(user=harness.SERVICE.pw_uid, group=harness.SERVICE.pw_gid, extra_groups=[])
    return subprocess.run(
        ["strace", "-f", "-qq", "-o", "trace", "-e", f"trace={','.join(CALLS)}", *expression,
         programs.path / "postern-keys", *args], cwd=folder, capture_output=True, text=True,
        env=programs.environment(), check=False, **more)


def calls_of(programs, folder, args):
    """{call: how many of them the command makes}."""
    done = trace(programs, folder, [], args)
    assert done.returncode == 0, done
    lines = (folder / "trace").read_text().splitlines()
    return {call: sum(f" {call}(" in line for line in lines) for call in CALLS}


def run_killed(programs, folder, args, call, number):
    """Runs the command until its call number so and so, which it does not live to make."""
    done = trace(programs, folder, ["-e", f"inject={call}:signal=KILL:when={number}"], args)
    assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), (done, call, number)


def moments(totals, most):
    """(call, number) of every call, or of so many of each kind."""
    for call, total in totals.items():
        for number in range(1, total + 1, -(-total // most)):
            yield call, number


COMMANDS = {
    "init": ["init", "--host", HOST, "--force"],
    "renew": ["renew", USER, "--new-key"],
    "renew server": ["renew", "server"],
    "renew ca": ["renew", "ca", "--new-key"],
    "revoke": ["revoke", OTHER],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_kill_at_every_change(programs, tool, folder, keys, command):
    """The command either has come about or has not; the next one tidies up and works."""
    args = [*COMMANDS[command], "--dir", "d"]
    gone = serial(keys / "clients/gone@example.org/cert.pem")
    with kept(keys):
        totals = calls_of(programs, folder, args)
    for call, number in moments(totals, 4):
        with kept(keys):
            before = public_of_cert(keys / "ca.pem")
            run_killed(programs, folder, args, call, number)
            if command == "init" and public_of_cert(keys / "ca.pem") != before:
                drop_clients(keys)
                gone = None
            assert_whole(keys)
            if command == "revoke":
                assert gone in revoked(keys / "crl.pem", keys / "ca.pem")
            tool("issue", "next@example.org", "--dir", "d")
            assert_tidy(keys)


def drop_clients(keys):
    """Those of a CA that has been replaced."""
    for name in ("clients", "old"):
        shutil.rmtree(keys / name, ignore_errors=True)


def test_a_first_init_that_is_killed_leaves_all_or_nothing(programs, folder):
    args = ["init", "--dir", "d", "--host", HOST]
    totals = calls_of(programs, folder, args)
    shutil.rmtree(folder / "d")
    for call, number in moments(totals, 4):
        run_killed(programs, folder, args, call, number)
        done = programs.run("postern-keys", *args, check=False, cwd=folder)
        assert done.returncode in (0, 73), done
        assert_whole(folder / "d")
        assert_tidy(folder / "d")
        assert {p.name for p in (folder / "d").iterdir()} == {
            "ca.key", "ca.pem", "server.key", "server.pem"}
        shutil.rmtree(folder / "d")


def test_a_pair_that_is_killed_leaves_client_and_pin_together(programs, tool, folder):
    """Nobody whose pair was replaced enters, and the new one does."""
    tool("pair", "--dir", "d", "--host", HOST)
    pins, bundle = folder / "d/server/pins", folder / "d/clients/client"
    args = ["pair", "--dir", "d", "--force"]
    with kept(folder / "d"):
        totals = calls_of(programs, folder, args)
    for call, number in moments(totals, 4):
        with kept(folder / "d"):
            run_killed(programs, folder, args, call, number)
            admitted = {p.read_text() for p in pins.iterdir() if p.exists()}
            assert admitted == {(bundle / "cert.pem").read_text()}, (call, number)
            tool("pair", "--dir", "d", "--name", "next")
            assert_tidy(folder / "d")
            assert len(list(pins.iterdir())) == 2


def test_kills_at_random(programs, tool, folder, keys):
    """60 of them, one command after the other in one folder."""
    rng = random.Random(7)
    commands = [["init", "--host", HOST, "--force"], ["renew", USER], ["renew", USER, "--new-key"],
                ["renew", "server", "--new-key"], ["renew", "ca"], ["revoke", OTHER], ["crl"]]
    took = {}
    for command in commands[1:]:
        took[tuple(command)] = time_of(programs, folder, [*command, "--dir", "d"])
    took[tuple(commands[0])] = max(took.values())
    killed = 0
    for _ in range(60):
        command = rng.choice(commands[1:])
        if rng.random() < 0.15:
            command = commands[0]
        before = (keys / "ca.pem").read_bytes()
        process = programs.popen(
            "postern-keys", *command, "--dir", "d", cwd=folder, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        with_timeout(process, rng.uniform(0, 1.2 * took[tuple(command)]))
        killed += process.returncode == -signal.SIGKILL
        if command[0] == "init" and (keys / "ca.pem").read_bytes() != before:
            drop_clients(keys)
            for name in (USER, OTHER):
                tool("issue", name, "--dir", "d")
        assert_whole(keys)
    assert killed > 10, "hardly anything was killed"
    tool("crl", "--dir", "d")
    assert_tidy(keys)
    assert_whole(keys)
    assert not [p for p in tree(keys) if ".new." in str(p)]


def with_timeout(process, seconds):
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def time_of(programs, folder, args):
    start = time.monotonic()
    programs.run("postern-keys", *args, cwd=folder)
    return time.monotonic() - start
