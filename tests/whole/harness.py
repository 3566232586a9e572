# SPDX-License-Identifier: ISC
"""What the whole-program tests share.

Programs   the four programs, copied where an unprivileged user can run them
Keys       a CA, the server's pair, and a bundle for every client asked for
Door       one configuration, and a listening loopback socket whose every connection is
           handed to a postern-smtpd of its own, as inetd or as systemd would

smtpline.py has the client. As root every program of ours runs as `nobody`, otherwise as
whoever runs the tests. A Door that is closed asserts that all handlers have ended well and
that nothing stays behind.
"""

import contextlib
import ctypes
import dataclasses
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import smtpline
from smtpline import Client

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("POSTERN_BIN", ROOT / "build" / "bin")).resolve()
NAMES = ("postern-smtpd", "postern", "postern-keys", "posternctl")
VARIANT = next((name for name in ("asan", "cover") if name in BUILD.parts), "")
# Sanitizers and coverage need files and calls that the sandbox takes away.
SANDBOX = "off" if VARIANT else "require"
DEADLINE = 20.0

AS_ROOT = os.geteuid() == 0
SERVICE = pwd.getpwnam("nobody") if AS_ROOT else pwd.getpwuid(os.geteuid())

# sd_listen_fds(3) wants the socket as descriptor 3 and the process's own id in LISTEN_PID.
AS_SYSTEMD = 'export LISTEN_PID=$$; exec "$0" "$@" 3<&0 </dev/null'


def adopt_orphans():
    """Makes this process the parent of handlers' children that outlive their parent."""
    pr_set_child_subreaper = 36
    if ctypes.CDLL(None, use_errno=True).prctl(pr_set_child_subreaper, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def give(path):
    """Hands a file or folder, with all below it, to the service's user."""
    path = pathlib.Path(path)
    if AS_ROOT:
        for p in [path, *path.rglob("*")]:
            os.chown(p, SERVICE.pw_uid, SERVICE.pw_gid, follow_symlinks=False)
    return path


def folder(prefix):
    path = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
    path.chmod(0o755)
    return give(path)


def folder_name(local):
    """The name of a mailbox's folder, as postern.conf(5) has it."""
    name = re.sub(rb"[^a-z0-9._+=-]|^[.-]", lambda m: b"%%%02X" % m[0][0], local.encode().lower())
    return name.decode()


def processes_with(text, program=""):
    """Ids of the processes on whose command line text stands, but for our own; with program
    those alone whose first word ends so."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_text(errors="replace").split("\0")
                if any(text in word for word in words) and words[0].endswith(program):
                    found.append(int(entry.name))
    return found


def waiting_to_be_accepted(port):
    """How many connections a listening socket of this machine holds."""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A" and int(words[1].split(":")[1], 16) == port:
            return int(words[4].split(":")[1], 16)
    return 0


def reap_orphans(known):
    """Collects ended handlers' children that this process has inherited."""
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in known:
            continue
        with contextlib.suppress(OSError):
            name, rest = (entry / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
            state, parent = rest.split()[:2]
            if state == "Z" and int(parent) == os.getpid() and name == "postern-smtpd":
                os.waitpid(int(entry.name), os.WNOHANG)


def until(condition, timeout=DEADLINE, what="the condition"):
    """Waits for something that announces itself in no other way; returns what it gave."""
    end = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come about within {timeout} s")
        time.sleep(0.01)
    return value


class Programs:
    """The programs under test. `path / "postern"` and so on are theirs."""

    def __init__(self):
        built = [name for name in NAMES if os.access(BUILD / name, os.X_OK)]
        if not built:
            raise FileNotFoundError(f"{BUILD} holds none of {', '.join(NAMES)}: run make first")
        self.path = folder("postern-bin-")
        for name in built:
            shutil.copy2(BUILD / name, self.path / name)
        self.home = self.path / "home"
        self.home.mkdir()
        give(self.home)

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def environment(self, **more):
        keep = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "GCOV_PREFIX", "TERM")
        env = {"PATH": f"{self.path}:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
        env["HOME"] = str(self.home)
        env.update({key: os.environ[key] for key in keep if key in os.environ})
        env.update(more)
        return env

    def popen(self, name, *args, root=False, env=None, **more):
        """Starts a program of ours as the service's user (root=True: as we are)."""
        if AS_ROOT and not root:
            more.update(user=SERVICE.pw_uid, group=SERVICE.pw_gid, extra_groups=[])
        argv = [str(self.path / name), *map(str, args)]
        return subprocess.Popen(argv, env=self.environment(**(env or {})), **more)

    def run(self, name, *args, input="", check=True, root=False, timeout=60, **more):
        """Runs a program of ours to its end: a CompletedProcess with text. Its exit status
        has to be 0 unless check is False."""
        process = self.popen(
            name, *args, root=root, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        try:
            out, err = process.communicate(input, timeout=timeout)
        except BaseException:
            process.kill()
            process.wait()
            raise
        if check:
            assert process.returncode == 0, f"{process.args}: {process.returncode}\n{out}{err}"
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@dataclasses.dataclass(frozen=True)
class Bundle:
    cert: pathlib.Path
    key: pathlib.Path
    ca: pathlib.Path


class Keys:
    """A folder made by `postern-keys init`; client(NAME) issues a bundle when first asked."""

    def __init__(self, programs, hosts=("localhost", "127.0.0.1")):
        self.programs = programs
        self.dir = folder("postern-keys-")
        names = [word for host in hosts for word in ("--host", host)]
        programs.run("postern-keys", "init", "--dir", self.dir, *names)
        self.cert = self.dir / "server.pem"
        self.key = self.dir / "server.key"
        self.ca = self.dir / "ca.pem"
        self.lock = threading.Lock()

    def client(self, name="brad@447.edu"):
        where = self.dir / "clients" / name
        with self.lock:
            if not where.exists():
                self.programs.run("postern-keys", "issue", name, "--dir", self.dir)
        return Bundle(where / "cert.pem", where / "key.pem", where / "ca.pem")

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


class Door:
    """settings are keys of postern.conf and name only what differs. handoff is "inetd" (the
    connection is descriptor 0), "systemd" (LISTEN_FDS) or "resident" (the socket is handed to
    one parent, which forks the handlers). Every handler's exit status has to be among exits,
    but for those of a parent, who has to end well itself. listen=False makes the folder and
    the configuration alone; env is more of a parent's environment."""

    def __init__(self, programs, keys, handoff="inetd", exits=(0,), listen=True, env=None,
                 **settings):
        self.programs, self.keys, self.handoff, self.exits = programs, keys, handoff, exits
        self.env, self.resident = env or {}, None
        self.dir = folder("postern-door-")
        for name in ("state", "mail", "run", "cache"):
            (self.dir / name).mkdir(mode=0o700)
        self.users = self.dir / "state" / "users"
        self.mail, self.log = self.dir / "mail", self.dir / "log"
        self.conf, self.stderr = self.dir / "postern.conf", self.dir / "stderr"
        self.settings = {
            "user": SERVICE.pw_name, "hostname": "447.edu", "domains": "447.edu",
            "tls_cert": keys.cert, "tls_key": keys.key, "tls_ca": keys.ca,
            "users": self.users, "run": self.dir / "run", "cache": self.dir / "cache",
            "deliver": f"maildir:{self.mail}",
            "log": f"file:{self.log}", "sandbox": SANDBOX, **settings,
        }
        self.configure()
        self.stderr.touch()
        give(self.dir)
        self.handlers, self.clients, self.connected, self.thread = [], [], 0, None
        self.lock = threading.Lock()
        if listen:
            self.listen()

    def listen(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        if self.handoff == "resident":
            self.start_resident(self.listener)
        else:
            self.thread = threading.Thread(target=self._serve, daemon=True)
            self.thread.start()

    def configure(self, **settings):
        """Changes settings for the connections to come; None takes a key out."""
        self.settings.update(settings)
        lines = [f"{k} = {v}\n" for k, v in self.settings.items() if v is not None]
        self.conf.write_text("".join(lines))

    def _serve(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            with conn, self.lock:
                self.handlers.append(self.handle(conn))

    def start_resident(self, *listeners, names=("connection",), args=()):
        """Starts the parent on these sockets, ready or not."""
        passed = {3 + n: listener for n, listener in enumerate(listeners)}
        above = 3 + len(passed)

        def put_in_place():
            # None of them may lie where another one goes.
            for number, listener in passed.items():
                os.dup2(listener.fileno(), number + 2 * above)
            for number in passed:
                os.dup2(number + 2 * above, number)
                os.close(number + 2 * above)
        argv = [str(self.programs.path / "postern-smtpd"), "-c", str(self.conf), *args]
        env = self.programs.environment(
            LISTEN_FDS=str(len(passed)), LISTEN_FDNAMES=":".join(names), **self.env)
        more = {}
        if AS_ROOT:
            more.update(user=SERVICE.pw_uid, group=SERVICE.pw_gid, extra_groups=[])
        with open(self.stderr, "ab") as err:
            self.resident = subprocess.Popen(
                ["/bin/sh", "-c", 'export LISTEN_PID=$$; exec "$0" "$@"', *argv],
                stdin=subprocess.DEVNULL, stdout=err, stderr=err, env=env, cwd=self.dir,
                close_fds=False, preexec_fn=put_in_place, **more)

    def handle(self, conn, *args):
        """Starts a handler on a connected socket: the Popen."""
        argv = [str(self.programs.path / "postern-smtpd"), "-c", str(self.conf), *args]
        env = self.programs.environment()
        if self.handoff == "systemd":
            argv = ["/bin/sh", "-c", AS_SYSTEMD, *argv]
            env.update(LISTEN_FDS="1", LISTEN_FDNAMES="connection")
        more = {}
        if AS_ROOT:
            more.update(user=SERVICE.pw_uid, group=SERVICE.pw_gid, extra_groups=[])
        with open(self.stderr, "ab") as err:
            return subprocess.Popen(
                argv, stdin=conn, stdout=conn if self.handoff == "inetd" else err,
                stderr=err, env=env, cwd=self.dir, **more)

    def context(self, cert="brad@447.edu", tls=None, ca=None):
        """A client's TLS settings. cert: whose bundle, a (cert, key) pair, or None; tls:
        "1.2", "1.3", or either."""
        context = ssl.create_default_context(cafile=str(ca or self.keys.ca))
        if tls:
            version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[tls]
            context.minimum_version = context.maximum_version = version
        if isinstance(cert, str):
            cert = self.keys.client(cert)
        if isinstance(cert, Bundle):
            cert = (cert.cert, cert.key)
        if cert:
            context.load_cert_chain(*map(str, cert))
        return context

    def socket(self, port=None):
        """A bare connection, which the door closes at the latest when it is closed."""
        client = Client(socket.create_connection(("127.0.0.1", port or self.port), DEADLINE))
        self.clients.append(client)
        self.connected += port is None
        return client

    def connect(self, cert="brad@447.edu", tls=None, ca=None, banner=True, port=None):
        """A client that has the banner behind it (as .banner). With banner=False nothing has
        been read: under TLS 1.3 a refusal then shows at the first read. Where the door has
        tls = off the client speaks in the clear; tls = starttls is left to the test."""
        client = self.socket(port)
        if self.settings.get("tls", "implicit") == "implicit":
            client.start_tls(self.context(cert, tls, ca))
        if banner:
            client.banner = client.reply()
            assert client.banner.code == 220, client.banner
        return client

    def ctl(self, *args, **more):
        """posternctl with this door's configuration, as the service's user."""
        return self.programs.run("posternctl", "-c", self.conf, *args, **more)

    def add_user(self, name, password=None):
        """Adds a user, returns the password."""
        if password is not None:
            self.ctl("user", "add", name, "--password-stdin", input=password + "\n")
            return password
        return self.ctl("user", "add", name, "--generate").stdout.splitlines()[-1]

    def wait(self, timeout=DEADLINE):
        """Waits until every handler, and whatever it started, has ended: their statuses."""
        end = time.monotonic() + timeout
        if self.thread and self.thread.is_alive():
            until(lambda: len(self.handlers) >= self.connected, timeout, "a handler's start")
        with self.lock:
            handlers = list(self.handlers)
        for handler in handlers:
            handler.wait(max(0.01, end - time.monotonic()))
        if self.resident:
            until(self._resident_rests, max(0.1, end - time.monotonic()), "the parent's rest")
        self._settle(end - time.monotonic())
        return [handler.returncode for handler in handlers]

    def _resident_rests(self):
        """Nobody waits to be accepted, the parent sleeps, and nothing is below it."""
        if self.resident.poll() is not None:
            return True
        if waiting_to_be_accepted(self.port):
            return False
        proc = pathlib.Path(f"/proc/{self.resident.pid}")
        if (proc / "stat").read_text().rsplit(")", 1)[1].split()[0] != "S":
            return False
        return not (proc / "task" / proc.name / "children").read_text()

    def _settle(self, timeout):
        own = {self.resident.pid} if self.resident else set()

        def gone():
            reap_orphans({handler.pid for handler in self.handlers} | own)
            return not set(processes_with(str(self.dir), "postern-smtpd")) - own
        until(gone, max(timeout, 0.1), "the end of what the handlers started")

    def records(self, **want):
        """The log's records as dicts, `message` beside the fields; those alone that have all
        of want, or, without it, that belong to a session. Call wait() first: a handler logs
        until it ends."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        records = [parse_record(line) for line in lines]
        if self.resident and not want:
            return [r for r in records if "session" in r]
        return [r for r in records if all(r.get(k) == v for k, v in want.items())]

    def messages(self, address=None):
        """Delivered messages as bytes, of one recipient or of all."""
        where = "*/*"
        if address:
            local, domain = address.rsplit("@", 1)
            where = f"{domain}/{folder_name(local)}"
        files = sorted(self.mail.glob(f"{where}/new/*")) + sorted(self.mail.glob(f"{where}/cur/*"))
        return [file.read_bytes() for file in files]

    def leftovers(self):
        """Files that no ended connection may leave."""
        state = [p for p in self.users.parent.iterdir()
                 if p.name not in ("users", "users.lock", "seen")]
        return state + list(self.mail.glob("**/tmp/*"))

    def close(self):
        """Ends clients and listener, then asserts that nothing went wrong or stays."""
        for client in self.clients:
            client.close()
        try:
            self.wait()
            self._stop_listening()
            self._stop_resident()
            self._judge()
            left = processes_with(str(self.dir))
            assert not left, f"processes {left} are left"
        finally:
            self._stop_listening()
            if self.resident:
                self.resident.kill()
                self.resident.wait()
            for pid in processes_with(str(self.dir)):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            for handler in self.handlers:
                handler.wait()
            reap_orphans(set())
            shutil.rmtree(self.dir, ignore_errors=True)

    def _stop_listening(self):
        if self.thread:
            with contextlib.suppress(OSError):
                self.listener.shutdown(socket.SHUT_RDWR)
            self.thread.join(DEADLINE)
            self.listener.close()
            self.thread = None

    def _stop_resident(self):
        if self.resident and self.resident.poll() is None:
            self.resident.terminate()
            self.resident.wait(DEADLINE)
        if self.resident:
            self.listener.close()
            assert self.resident.returncode == 0, self.stderr.read_text()

    def _judge(self):
        said = self.stderr.read_text(errors="replace")
        bad = [h.returncode for h in self.handlers if h.returncode not in self.exits]
        assert not bad, f"handlers ended with {bad}, and said:\n{said}"
        assert "Sanitizer" not in said and "runtime error" not in said, said
        assert not self.leftovers(), self.leftovers()


def parse_record(line):
    """One line of a log file: when it was written, the message, and the fields behind it,
    escapes undone."""
    field = r' ([a-z_]+)=("[^"]*"|[^ "]*)'
    tail = re.search(rf"(?:{field})+$", line)
    head = line[:tail.start()] if tail else line
    origin = re.match(r"(\S+Z) [a-z-]+\[(\d+)\]: ", head)
    record = {"message": head[origin.end():] if origin else head}
    if origin:
        record.update(time=origin[1], pid=origin[2])
    for key, value in re.findall(field, tail.group() if tail else ""):
        value = re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), value.strip('"'))
        record[key] = value
    return record
