# SPDX-License-Identifier: ISC
"""A small SMTP client, lines in and replies out, over TLS or in the clear, and the names of
the TLS alerts that it may be refused with."""

import base64
import contextlib
import dataclasses
import re
import ssl


@dataclasses.dataclass(frozen=True)
class Reply:
    code: int
    lines: tuple  # each line as sent, code and all, without CRLF

    @property
    def text(self):
        """The lines without their codes, a newline between them."""
        return "\n".join(line[4:] for line in self.lines)

    def __str__(self):
        return "\n".join(self.lines)


class Client:
    """One connection. What is sent is sent as given: CRLF is added by command() alone."""

    def __init__(self, sock):
        self.sock = sock
        self.name = "%s:%d" % sock.getsockname()[:2]
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start_tls(self, context, name="localhost"):
        self.sock = context.wrap_socket(self.sock, server_hostname=name)
        return self

    def send(self, data):
        self.sock.sendall(data.encode() if isinstance(data, str) else data)

    def line(self):
        """The next line without CRLF; b"" with no line end means the peer has closed."""
        while b"\r\n" not in self.pending:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError(f"closed by the server after {self.pending!r}")
            self.pending += more
        line, self.pending = self.pending.split(b"\r\n", 1)
        return line

    def reply(self):
        lines = []
        while True:
            line = self.line().decode("utf-8", "surrogateescape")
            assert re.fullmatch(r"[2-5][0-9][0-9]([ -].*)?", line), f"no reply: {line!r}"
            lines.append(line)
            assert line[:3] == lines[0][:3], f"codes differ: {lines}"
            if line[3:4] != "-":
                return Reply(int(line[:3]), tuple(lines))

    def command(self, line, expect=None):
        """Sends a line, returns the reply; with expect its code has to be that."""
        self.send((line.encode() if isinstance(line, str) else line) + b"\r\n")
        reply = self.reply()
        assert expect is None or reply.code == expect, f"{line!r} got {reply}"
        return reply

    def log_in(self, user, password):
        """The classic AUTH, behind a greeting."""
        self.command("AUTH", 334)
        self.command(base64.b64encode(user.encode()), 334)
        self.command(base64.b64encode(password.encode()), 235)

    def submit(self, sender, recipients, message):
        """A whole transaction. message has CRLF line ends; its dots are stuffed here."""
        self.command(f"MAIL FROM:<{sender}>", 250)
        for recipient in recipients:
            self.command(f"RCPT TO:<{recipient}>", 250)
        self.command("DATA", 354)
        self.send(re.sub(rb"(?m)^\.", b"..", message))
        return self.command(b".", 250)

    def at_end(self):
        """Whether the server closes without another byte."""
        try:
            return not self.pending and self.sock.recv(1) == b""
        except (ssl.SSLEOFError, ConnectionResetError):
            return True

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.close()


class Bios:
    """TLS with the bytes in hand, so that they go out when and with what a test says."""

    def __init__(self, sock, context):
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    def shake_hands(self):
        """Up to the client's last flight, which is not sent yet."""
        while True:
            try:
                return self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.flush()
                self.receive()

    def flush(self):
        self.sock.sendall(self.outgoing.read())

    def receive(self):
        more = self.sock.recv(65536)
        self.incoming.write(more) if more else self.incoming.write_eof()

    def recv(self, size):
        while True:
            try:
                return self.tls.read(size)
            except ssl.SSLWantReadError:
                self.receive()
            except ssl.SSLZeroReturnError:
                return b""

    def sendall(self, data):
        self.tls.write(data)
        self.flush()

    def getsockname(self):
        return self.sock.getsockname()

    def close(self):
        self.sock.close()


# TLS alerts (RFC 8446 section 6) as OpenSSL's reasons spell them.
ALERTS = {
    "HANDSHAKE_FAILURE": 40, "BAD_CERTIFICATE": 42, "UNSUPPORTED_CERTIFICATE": 43,
    "CERTIFICATE_REVOKED": 44, "CERTIFICATE_EXPIRED": 45, "CERTIFICATE_UNKNOWN": 46,
    "ILLEGAL_PARAMETER": 47, "UNKNOWN_CA": 48, "ACCESS_DENIED": 49, "DECODE_ERROR": 50,
    "DECRYPT_ERROR": 51, "PROTOCOL_VERSION": 70, "INTERNAL_ERROR": 80,
    "CERTIFICATE_REQUIRED": 116,
}


def alert_of(error):
    """The number of the alert that an ssl.SSLError reports, or None."""
    found = re.search(r"ALERT_([A-Z_]+)", str(error.reason if error.reason else error))
    return ALERTS.get(found[1]) if found else None
