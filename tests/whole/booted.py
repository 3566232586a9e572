#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A machine with a systemd of its own, booted by systemd-nspawn, in which Postern is
installed. Its network is ours, so that a test starts its socket and connects to it.

The tree of a bare Debian is made once for each list of packages and kept under build/;
called as a program this makes it. Each Machine is a copy of it.
"""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import harness

SUITE = "bookworm"
PACKAGES = ("systemd", "systemd-sysv", "dbus", "libgnutls30", "libgsasl18", "libinih1")
TREES = harness.ROOT / "build" / "machine"
# Landlock is not among the calls that nspawn lets through.
LANDLOCK = "landlock_create_ruleset landlock_add_rule landlock_restrict_self"
# Where nobody will need it: less to copy.
USELESS = ("usr/share/doc", "usr/share/locale", "usr/share/man", "var/cache/apt",
           "var/lib/apt/lists")
BOOT_SECONDS, COMMAND_SECONDS = 60, 60


def pristine():
    """The tree that machines are copies of, made if it is not there."""
    key = hashlib.sha256(" ".join((SUITE, *PACKAGES)).encode()).hexdigest()[:16]
    tree = TREES / key
    TREES.mkdir(parents=True, exist_ok=True)
    with open(TREES / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if tree.exists():
            return tree
        for old in TREES.glob("*.d"):
            shutil.rmtree(old)
        new = pathlib.Path(tempfile.mkdtemp(dir=TREES, suffix=".d"))
        done = subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}",
             SUITE, new], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"no Debian to boot: {done.stderr.strip()[-2000:]}")
        for path in USELESS:
            shutil.rmtree(new / path, ignore_errors=True)
        new.chmod(0o755)
        new.rename(tree)
    return tree


class Machine:
    """Booted when it is made. run() is a command inside; path() a file of it."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="postern-machine-", dir="/var/tmp"))
        self.process = None
        try:
            subprocess.run(["cp", "-a", "--reflink=auto", f"{pristine()}/.", self.root],
                           check=True)
            (self.root / "etc/machine-id").write_text("")
            self.install()
            self.boot()
        except BaseException:
            self.close()
            raise

    def path(self, name):
        return self.root / name.lstrip("/")

    def install(self):
        """make install, as a package would: /usr and /etc."""
        done = subprocess.run(
            ["make", "-s", "-C", harness.ROOT, f"B={harness.BUILD.parent}",
             f"DESTDIR={self.root}", "PREFIX=/usr", "install"],
            env={k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")},
            stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def boot(self):
        self.console = open(self.path("console"), "ab")
        self.process = subprocess.Popen(
            ["systemd-nspawn", "--quiet", f"--directory={self.root}", "--boot",
             "--register=no", "--keep-unit", "--console=pipe", "--kill-signal=SIGRTMIN+3",
             f"--system-call-filter={LANDLOCK}"],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=self.console)
        harness.until(self.is_up, BOOT_SECONDS, "the machine's start")

    def leader(self):
        """The machine's first process, seen from outside."""
        children = pathlib.Path(
            f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return children[0] if children else None

    def said(self):
        return self.path("console").read_text(errors="replace")[-3000:]

    def is_up(self):
        assert self.process.poll() is None, f"the machine has ended: {self.said()}"
        if not self.leader():
            return False
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")

    def run(self, *command, check=True, **more):
        """A command inside, to its end: a CompletedProcess with text."""
        words = ["nsenter", "-t", self.leader(), "-m", "-p", "-u", "-i", "-C", "-r", "-w",
                 *map(str, command)]
        done = subprocess.run(
            words, stdin=None if "input" in more else subprocess.DEVNULL, capture_output=True,
            text=True, timeout=COMMAND_SECONDS,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}, **more)
        if check:
            said = done.stdout + done.stderr
            assert done.returncode == 0, f"{command}: {done.returncode}\n{said}"
        return done

    def systemctl(self, *words, **more):
        return self.run("systemctl", *words, **more)

    def reboot(self):
        """Down and up again; what is on its disk stays."""
        self.stop()
        self.boot()

    def stop(self):
        self.systemctl("poweroff", check=False)
        try:
            self.process.wait(BOOT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.console.close()

    def close(self):
        try:
            if self.process and self.process.poll() is None:
                self.stop()
        finally:
            shutil.rmtree(self.root, ignore_errors=True)


if __name__ == "__main__":
    try:
        pristine()
    except (RuntimeError, OSError) as fault:
        sys.exit(f"booted: {fault}")
