# SPDX-License-Identifier: ISC
"""Postern behind socat, one postern-smtpd for each connection, or resident, with one parent
for all; as an unprivileged user.

Keys, one sender with a generated password and one reader are made with the project's own
programs, which are copied first, so that the unprivileged user can reach them.
"""

import contextlib
import hashlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess

import machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("POSTERN_BIN", ROOT / "build" / "bin")).resolve()
STATIC = ROOT / "build" / "static" / "bin"
NAMES = ("postern-smtpd", "postern-keys", "posternctl")

MANY = 100_000
DOMAIN = "bench.test"
SENDER, READER = f"sender@{DOMAIN}", f"reader@{DOMAIN}"

CONFIGURATION = """\
user = {user}
hostname = localhost
domains = {domain}
tls_cert = {keys}/server.pem
tls_key = {keys}/server.key
tls_ca = {keys}/ca.pem
users = {home}/users
run = {home}/run
cache = {home}/cache
deliver = maildir:{home}/mail
log = file:{home}/log
enrol = off
max_messages = 1000
max_message_size = 200000000
max_connections = 4096
max_source_connections = 4096
# Every limit is looked at and none is ever reached.
limit_address_sessions = 100000
limit_address_connections = 100000000
limit_device_sessions = 100000
limit_device_connections = 100000000
limit_device_messages = 100000000
limit_device_recipients = 100000000
"""

AS_ROOT = os.geteuid() == 0
SERVICE = pwd.getpwnam("nobody") if AS_ROOT else pwd.getpwuid(os.geteuid())


def as_service(command):
    """The command as the unprivileged user, ended if we end."""
    become = ["setpriv", "--pdeathsig", "TERM"]
    if AS_ROOT:
        become += ["--reuid", str(SERVICE.pw_uid), "--regid", str(SERVICE.pw_gid),
                   "--clear-groups"]
    return [*map(str, become), *map(str, command)]


def run(command, **more):
    done = subprocess.run(as_service(command), capture_output=True, text=True, **more)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with status {done.returncode}: "
                           f"{done.stderr.strip()}")
    return done.stdout


def give(path):
    if AS_ROOT:
        os.chown(path, SERVICE.pw_uid, SERVICE.pw_gid)
    return path


class Postern:
    """One installation in a folder of its own; start() and stop() as often as liked."""

    resuming = {"options": ("-o", "tickets=on")}  # for start(), so that sessions are resumed

    def __init__(self, work, programs=PROGRAMS, label=""):
        self.home = work / f"postern{label}"
        self.bin, self.keys = self.home / "bin", self.home / "keys"
        self.port = machine.free_port()
        self.account = self.process = None
        below = [self.home / name for name in ("run", "cache", "mail")]
        for folder in (self.home, self.keys, *below):
            folder.mkdir()
            give(folder)
        self.bin.mkdir()
        for name in NAMES:
            if not (programs / name).exists():
                raise FileNotFoundError(f"{programs / name} is missing; run make first")
            shutil.copy2(programs / name, self.bin / name)
        self.conf = self.home / "postern.conf"
        self.conf.write_text(CONFIGURATION.format(
            user=SERVICE.pw_name, domain=DOMAIN, keys=self.keys, home=self.home))
        self._make_keys()
        self.mail = self.home / "mail" / DOMAIN / "reader" / "new"
        version = run([self.bin / "postern-smtpd", "--version"]).split()
        self.name = f"Postern {version[-1]}" + (f", {label}" if label else "")

    def _make_keys(self):
        maker = self.bin / "postern-keys"
        run([maker, "init", "--dir", self.keys, "--host", "localhost"])
        run([maker, "issue", SENDER, "--dir", self.keys])
        self.client = self.keys / "clients" / SENDER
        add = [self.bin / "posternctl", "-c", self.conf, "user", "add"]
        run([*add, READER, "--generate"])
        self.password = self.home / "password"
        self.password.write_text(run([*add, SENDER, "--generate"]).splitlines()[-1] + "\n")
        self.password.chmod(0o600)

    def start(self, *before, options=()):
        """before: what runs the server, valgrind say; options: the server's own."""
        server = [*before, self.bin / "postern-smtpd", "-c", self.conf, *options]
        self.account = machine.open_account(self.home.name)
        with open(self.home / "stderr", "ab") as stderr:
            self.process = subprocess.Popen(
                self.account.wrap(as_service([
                    "socat", f"TCP-LISTEN:{self.port},bind=127.0.0.1,fork,reuseaddr,"
                    "backlog=512", f"EXEC:{' '.join(map(str, server))},nofork"])),
                stdin=subprocess.DEVNULL, stderr=stderr, cwd=self.home)
        self.account.started(self.process.pid)
        machine.wait_for(self._is_ready, "socat to listen")

    def _is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"socat ended with status {self.process.returncode}: "
                               + self.log_tail())
        return machine.is_listening(self.port)

    def log_tail(self):
        said = ""
        for name in ("stderr", "log"):
            try:
                said += (self.home / name).read_text(errors="replace")[-1000:]
            except OSError:
                pass
        return said or "no log"

    def load_options(self):
        return ["--auth", "EXTERNAL ="]

    def password_options(self):
        return ["--user", SENDER, "--password-file", self.password]

    @contextlib.contextmanager
    def crowded_store(self, number=MANY):
        """So many users, each with a device, beside those that there are."""
        store = self.home / "users"
        text = store.read_text()
        header, *lines = text.splitlines(True)
        for n in range(number):
            user, stamp = f"user{n:06}@{DOMAIN}", "created=2026-01-01T00:00:00Z"
            lines.append(f"u {user} {stamp}\n")
            lines.append(f"d {hashlib.sha256(user.encode()).hexdigest()} {user} {stamp} "
                         f"label=machine%20{n}\n")
        store.write_text(header + "".join(sorted(lines)))
        try:
            yield
        finally:
            store.write_text(text)

    @contextlib.contextmanager
    def revocation(self, entries):
        """A revocation list with so many entries, made by openssl(1)."""
        database, made = self.keys / "revoked.txt", self.keys / "made.cnf"
        number, listed = self.keys / "number", self.keys / "crl.pem"
        database.write_text("".join(
            f"R\t350101000000Z\t240101000000Z\t{os.urandom(19).hex().upper()}\tunknown\t/CN=x\n"
            for _ in range(entries)))
        number.write_text("01\n")
        made.write_text(f"[ca]\ndefault_ca = ours\n[ours]\ndatabase = {database}\n"
                        f"crlnumber = {number}\ndefault_md = sha256\ndefault_crl_hours = 9\n")
        subprocess.run(["openssl", "ca", "-gencrl", "-config", made, "-cert",
                        self.keys / "ca.pem", "-keyfile", self.keys / "ca.key", "-out", listed],
                       check=True, capture_output=True)
        give(listed)
        text = self.conf.read_text()
        self.conf.write_text(f"{text}tls_crl = {listed}\n")
        try:
            yield
        finally:
            self.conf.write_text(text)

    def stored(self):
        try:
            return len(os.listdir(self.mail))
        except FileNotFoundError:
            return 0

    def at_rest(self):
        """No connection is served any more, nor waits to be collected."""
        return not machine.children(self.process.pid)

    def connection_processes(self):
        return [pid for pid in self.account.pids() if pid != self.process.pid]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()
        if self.account:
            self.account.close()
        self.process = self.account = None


class Resident(Postern):
    """The socket is handed to one parent, as systemd does with Accept=no."""

    # As in postern-resident.service.
    ENTER = 'export LD_BIND_NOW=1 LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" "$@" 3<&0 </dev/null'

    def start(self, *before, options=()):
        server = [*before, self.bin / "postern-smtpd", "-c", self.conf, *options]
        self.account = machine.open_account(self.home.name)
        with socket.create_server(("127.0.0.1", self.port), backlog=512) as listener, \
                open(self.home / "stderr", "ab") as stderr:
            self.process = subprocess.Popen(
                self.account.wrap(as_service(["/bin/sh", "-c", self.ENTER, *server])),
                stdin=listener, stderr=stderr, cwd=self.home)
        self.account.started(self.process.pid)
        machine.wait_for(self._is_ready, "the parent to listen")
