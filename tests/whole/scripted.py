# SPDX-License-Identifier: ISC
"""SMTP servers that do as a test tells them, the keys they show, and a terminal to type at:
what the tests of the client need that no real server would do.

Pki        certificates made by certtool, right and wrong ones
Scripted   a listening loopback socket; every connection is given to a function
Terminal   a program on a pseudo-terminal
"""

import base64
import contextlib
import datetime
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import socket
import ssl
import struct
import subprocess
import termios
import threading
import time

import harness

DEADLINE = 20.0


def b64(text):
    return base64.b64encode(text.encode()).decode()


def plain(user, password):
    return b64(f"\0{user}\0{password}")


class Pki:
    """A folder of pairs, each NAME.pem and NAME.key; cas are ca.pem and other.pem."""

    def __init__(self):
        self.dir = harness.folder("postern-pki-")
        self.authority("ca")
        self.authority("other")
        server = "dns_name = localhost\nip_address = 127.0.0.1\nip_address = ::1\n"
        past = self.dates(-30, -10)
        self.issue("server", server + "tls_www_server\n")
        self.issue("misnamed", "dns_name = elsewhere.example\ntls_www_server\n")
        self.issue("foreign", server + "tls_www_server\n", ca="other")
        self.issue("expired", server + "tls_www_server\n" + past)
        self.issue("purpose", server + "tls_www_client\n")
        self.issue("client", "email = brad@447.edu\ntls_www_client\n")
        self.issue("client-foreign", "email = brad@447.edu\ntls_www_client\n", ca="other")
        self.issue("client-expired", "email = brad@447.edu\ntls_www_client\n" + past)
        self.issue("client-purpose", "email = brad@447.edu\ntls_www_server\n")
        self.issue("client-revoked", "email = brad@447.edu\ntls_www_client\n")
        self.self_sign("pinned", server + "tls_www_server\n")
        self.self_sign("weak", server + "tls_www_server\n", bits=1024)
        self.revoke("client-revoked")
        harness.give(self.dir)

    def __getattr__(self, name):
        return self.path(name.replace("_", "-"))

    def path(self, name, suffix="pem"):
        return str(self.dir / f"{name}.{suffix}")

    @staticmethod
    def dates(first, last):
        now = datetime.datetime.now()
        day = datetime.timedelta(days=1)
        return (f'activation_date = "{now + first * day:%Y-%m-%d %H:%M:%S}"\n'
                f'expiration_date = "{now + last * day:%Y-%m-%d %H:%M:%S}"\n')

    def certtool(self, *args):
        subprocess.run(["certtool", *args], check=True, capture_output=True, cwd=self.dir)

    def new_key(self, name, bits=None):
        kind = ["--key-type=rsa", f"--bits={bits}"] if bits else [
            "--key-type=ecdsa", "--curve=secp256r1"]
        self.certtool("--generate-privkey", "--no-text", *kind, "--outfile", f"{name}.key")

    def template(self, name, text):
        if "expiration_date" not in text:
            text += "expiration_days = 30\n"
        (self.dir / f"{name}.tmpl").write_text(f"cn = {name}\nsigning_key\n{text}")

    def authority(self, name):
        self.new_key(name)
        (self.dir / f"{name}.tmpl").write_text(
            f"cn = {name}\nca\ncert_signing_key\ncrl_signing_key\nexpiration_days = 60\n")
        self.certtool("--generate-self-signed", "--load-privkey", f"{name}.key",
                      "--template", f"{name}.tmpl", "--outfile", f"{name}.pem", "--no-text")

    def issue(self, name, text, ca="ca"):
        self.new_key(name)
        self.template(name, text)
        self.certtool("--generate-certificate", "--load-privkey", f"{name}.key",
                      "--load-ca-certificate", f"{ca}.pem", "--load-ca-privkey", f"{ca}.key",
                      "--template", f"{name}.tmpl", "--outfile", f"{name}.pem", "--no-text")

    def self_sign(self, name, text, bits=None):
        self.new_key(name, bits)
        self.template(name, text)
        self.certtool("--generate-self-signed", "--load-privkey", f"{name}.key",
                      "--template", f"{name}.tmpl", "--outfile", f"{name}.pem", "--no-text")

    def revoke(self, name):
        (self.dir / "crl.tmpl").write_text("expiration_days = 30\ncrl_number = 1\n")
        self.certtool("--generate-crl", "--load-ca-certificate", "ca.pem",
                      "--load-ca-privkey", "ca.key", "--load-certificate", f"{name}.pem",
                      "--template", "crl.tmpl", "--outfile", "crl.pem", "--no-text")

    def context(self, name="server", tls=None, verify=True, ca="ca", crl=False):
        """A server's settings; verify: ask for a certificate of ca."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(self.path(name), self.path(name, "key"))
        if tls:
            version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[tls]
            context.minimum_version = context.maximum_version = version
        if verify:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.path(ca))
        if crl:
            context.load_verify_locations(self.path("crl"))
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        return context

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock):
        self.sock, self.pending = sock, b""

    def start_tls(self, context):
        self.sock = context.wrap_socket(self.sock, server_side=True)

    def send(self, *lines):
        self.raw("".join(line + "\r\n" for line in lines).encode())

    def raw(self, data):
        self.sock.sendall(data)

    def line(self):
        """The next line without CRLF, or None at the end."""
        while b"\n" not in self.pending:
            more = self.sock.recv(65536)
            if not more:
                assert not self.pending, f"closed after {self.pending!r}"
                return None
            self.pending += more
        line, self.pending = self.pending.split(b"\n", 1)
        assert line.endswith(b"\r"), f"no CRLF: {line!r}"
        return line[:-1].decode("utf-8", "surrogateescape")

    def expect(self, want, *replies):
        """A line that is want (or matches it, where it is a pattern); then the replies."""
        got = self.line()
        if isinstance(want, str):
            assert got == want, f"expected {want!r}, got {got!r}"
        else:
            assert got is not None and want.fullmatch(got), f"expected {want}, got {got!r}"
        self.send(*replies)
        return got

    def message(self):
        """What comes up to the final dot, as sent."""
        while not (self.pending.startswith(b".\r\n") or b"\r\n.\r\n" in self.pending):
            more = self.sock.recv(1 << 20)
            assert more, f"closed inside the message after {self.pending[-200:]!r}"
            self.pending += more
        if self.pending.startswith(b".\r\n"):
            self.pending = self.pending[3:]
            return b""
        text, self.pending = self.pending.split(b"\r\n.\r\n", 1)
        return text + b"\r\n"

    def at_end(self):
        try:
            return not self.pending and self.sock.recv(1) == b""
        except (ssl.SSLEOFError, ConnectionResetError):
            return True


class Scripted:
    """play is called with a Peer for each connection, TLS started already where there is a
    context. What goes wrong in it is raised when the server is closed."""

    def __init__(self, play, context=None, address="127.0.0.1"):
        self.play, self.context = play, context
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, 0), family=family)
        self.port = self.listener.getsockname()[1]
        self.faults, self.refused, self.played = [], [], 0
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.settimeout(DEADLINE)
            peer = Peer(sock)
            try:
                self._talk(peer)
            except Exception as error:
                self.faults.append(error)
            finally:
                with contextlib.suppress(OSError):
                    peer.sock.close()

    def _talk(self, peer):
        if self.context:
            try:
                peer.start_tls(self.context)
            except (ssl.SSLError, OSError) as error:
                self.refused.append(error)
                return
        self.play(peer)
        self.played += 1

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(DEADLINE)
        self.listener.close()
        if kind is None and self.faults:
            raise self.faults[0]


class Terminal:
    """A program on a pseudo-terminal of 80 columns. start is called with what Popen wants;
    stdin may be another file."""

    def __init__(self, start, stdin=None):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = start(
            stdin=self.slave if stdin is None else stdin, stdout=self.slave,
            stderr=self.slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0))
        self.output, self.seen = "", 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def _read(self, timeout):
        if not select.select([self.master], [], [], timeout)[0]:
            return False
        data = os.read(self.master, 65536)
        self.output += data.decode().replace("\r\n", "\n")
        return bool(data)

    def expect(self, text, timeout=DEADLINE):
        """Waits until text has come behind what was expected before."""
        end = time.monotonic() + timeout
        while (at := self.output.find(text, self.seen)) < 0:
            left = end - time.monotonic()
            if left <= 0 or not self._read(left):
                raise AssertionError(
                    f"{text!r} is not in {self.output[self.seen:]!r}")
        self.seen = at + len(text)

    def type(self, text):
        os.write(self.master, text.encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def wait(self, timeout=DEADLINE):
        """The exit status; all output is read."""
        status = self.process.wait(timeout)
        while self._read(0.05):
            pass
        return status


def transcript(text):
    """The lines of a block of text, its common indentation aside."""
    return re.sub(r"(?m)^    ", "", text).strip("\n") + "\n"


def mode_of(path):
    return pathlib.Path(path).stat().st_mode & 0o7777
