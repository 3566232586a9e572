# SPDX-License-Identifier: ISC
"""TLS clients that are not ours, and what they learn when they are refused.

Each of them takes (port, ca, bundle or None, tls) with tls "1.2" or "1.3", and returns an
Outcome: the number of the alert that ended the connection, or the first line of what the
server said. An Outcome with neither means that the connection was just closed.
"""

import ctypes
import ctypes.util
import dataclasses
import os
import re
import select
import socket
import ssl
import struct
import subprocess
import time

from smtpline import alert_of

SECONDS = 15
PRIORITY = "NORMAL:-VERS-ALL:+VERS-TLS{}:%PROFILE_VERY_WEAK"


@dataclasses.dataclass(frozen=True)
class Outcome:
    alert: int = None
    line: str = None


def openssl_context(ca, bundle, tls):
    """Python's, which is OpenSSL's, and as lax as can be, so that it is the server who
    refuses."""
    context = ssl.create_default_context(cafile=str(ca))
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    version = getattr(ssl.TLSVersion, f"TLSv{tls.replace('.', '_')}".replace("v1_0", "v1"))
    context.minimum_version = context.maximum_version = version
    if bundle:
        context.load_cert_chain(str(bundle.cert), str(bundle.key))
    return context


def openssl(port, ca, bundle, tls, before=b"", chunk=None):
    """before is written, in chunks, after the handshake and before anything is read."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as bare:
        try:
            with openssl_context(ca, bundle, tls).wrap_socket(
                    bare, server_hostname="localhost") as sock:
                for at in range(0, len(before), chunk or 1):
                    sock.sendall(before[at:at + chunk])
                said = b""
                while b"\n" not in said:
                    more = sock.recv(4096)
                    if not more:
                        return Outcome()
                    said += more
                return Outcome(line=said.decode().splitlines()[0])
        except ssl.SSLError as error:
            alert = alert_of(error)
            if alert is None:
                raise
            return Outcome(alert=alert)


def run_until(argv, found, seconds=SECONDS):
    """Runs a client with an open but silent standard input until found(its output) or its
    end: the output."""
    process = subprocess.Popen(
        [str(word) for word in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    said, end = b"", time.monotonic() + seconds
    try:
        while not found(said.decode(errors="replace")):
            ready, _, _ = select.select([process.stdout], [], [], end - time.monotonic())
            assert ready, f"{argv} said only {said!r}"
            more = os.read(process.stdout.fileno(), 65536)
            if not more:
                break
            said += more
    finally:
        process.kill()
        process.communicate()
    return said.decode(errors="replace")


def outcome_of(said, alert):
    """From a program's output, where the pattern alert has the number."""
    number = re.search(alert, said)
    line = re.search(r"^[2-5][0-9][0-9] .*$", said, re.MULTILINE)
    return Outcome(int(number[1]) if number else None, line[0].strip() if line else None)


def gnutls_cli(port, ca, bundle, tls, *more, groups=""):
    """groups goes behind the priority string."""
    argv = ["gnutls-cli", "--x509cafile", ca, "--verify-hostname=localhost", *more,
            "--priority", PRIORITY.format(tls) + groups, "-p", port, "127.0.0.1"]
    if bundle:
        argv[1:1] = ["--x509certfile", bundle.cert, "--x509keyfile", bundle.key]
    alert = r"Received alert \[([0-9]+)\]"
    said = run_until(argv, lambda s: re.search(rf"{alert}|^220 .*\n", s, re.MULTILINE))
    return outcome_of(said, alert)


def s_client(port, ca, bundle, tls, *more):
    argv = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", ca, "-quiet",
            "-cipher", "DEFAULT:@SECLEVEL=0", f"-tls{tls.replace('.', '_')}", *more]
    if bundle:
        argv += ["-cert", bundle.cert, "-key", bundle.key]
    alert = r"SSL alert number ([0-9]+)"
    said = run_until(argv, lambda s: re.search(rf"{alert}|^220 .*\n", s, re.MULTILINE))
    return outcome_of(said, alert)


CLIENTS = {"openssl": openssl, "gnutls": gnutls_cli}


class GnutlsError(Exception):
    pass


def load_gnutls():
    library = ctypes.CDLL(ctypes.util.find_library("gnutls") or "libgnutls.so.30")
    library.gnutls_strerror.restype = ctypes.c_char_p
    for name in ("gnutls_record_recv", "gnutls_record_send"):
        getattr(library, name).restype = ctypes.c_ssize_t
    return library


def gnutls(port, ca, bundle, tls, before=b"", chunk=None):
    """GnuTLS without a program around it, as openssl(). It presents bundle.cert and signs
    with bundle.key, which need not be the certificate's: no program would load such a
    pair."""
    client, force_client_cert, no_signal = 1 << 1, 1 << 9, 1 << 6
    skip_key_cert_match, pem, crd_certificate, alert_received = 1, 1, 1, -12
    lib = load_gnutls()
    credentials, session = ctypes.c_void_p(), ctypes.c_void_p()

    def call(name, *args):
        result = getattr(lib, name)(*args)
        if result < 0 and result != alert_received:
            raise GnutlsError(f"{name}: {lib.gnutls_strerror(result).decode()}")
        return result

    call("gnutls_certificate_allocate_credentials", ctypes.byref(credentials))
    lib.gnutls_certificate_set_flags(credentials, skip_key_cert_match)
    call("gnutls_certificate_set_x509_trust_file", credentials, str(ca).encode(), pem)
    call("gnutls_certificate_set_x509_key_file", credentials, str(bundle.cert).encode(),
         str(bundle.key).encode(), pem)
    call("gnutls_init", ctypes.byref(session), client | force_client_cert | no_signal)
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", SECONDS, 0))
        try:
            call("gnutls_priority_set_direct", session, PRIORITY.format(tls).encode(), None)
            call("gnutls_credentials_set", session, crd_certificate, credentials)
            lib.gnutls_transport_set_int2(session, sock.fileno(), sock.fileno())
            if call("gnutls_handshake", session) == alert_received:
                return Outcome(alert=lib.gnutls_alert_get(session))
            for at in range(0, len(before), chunk or 1):
                piece = before[at:at + chunk]
                call("gnutls_record_send", session, piece, ctypes.c_size_t(len(piece)))
            room = ctypes.create_string_buffer(4096)
            got = call("gnutls_record_recv", session, room, ctypes.c_size_t(4096))
            if got == alert_received:
                return Outcome(alert=lib.gnutls_alert_get(session))
            return Outcome(line=room.raw[:got].decode().split("\r\n")[0] or None)
        finally:
            lib.gnutls_deinit(session)
            lib.gnutls_certificate_free_credentials(credentials)


def raw_alert(port, data, half_close=False):
    """Sends bytes that are no handshake and reads to the end: (alert or None, all bytes)."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as sock:
        sock.sendall(data)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        said = b""
        while more := sock.recv(4096):
            said += more
    alert = said[6] if len(said) == 7 and said[0] == 21 and said[5] == 2 else None
    return alert, said




class HalfHandshake:
    """TLS 1.2 by hand as far as no key is needed: a hello, and a Certificate message that
    holds any bytes. Whoever sends that has proved nothing."""

    def __init__(self, sock):
        self.sock, self.stream = sock, sock.makefile("rb")
        extensions = b"".join((
            self.extension(10, b"\x00\x04\x00\x1d\x00\x17"),  # groups
            self.extension(11, b"\x01\x00"),  # point formats
            self.extension(13, b"\x00\x0c\x04\x03\x08\x07\x08\x04\x04\x01\x05\x03\x05\x01")))
        self.send_handshake(1, b"".join((
            b"\x03\x03", os.urandom(32), b"\x00", b"\x00\x04\xc0\x2b\xc0\x2f", b"\x01\x00",
            len(extensions).to_bytes(2, "big"), extensions)))
        self.said = b""  # the server's messages up to now
        while not self.ends_with_hello_done(*self.record()):
            pass

    @staticmethod
    def extension(number, data):
        return number.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data

    def send_handshake(self, kind, body):
        message = bytes([kind]) + len(body).to_bytes(3, "big") + body
        for at in range(0, len(message), 16384):
            piece = message[at:at + 16384]
            self.sock.sendall(b"\x16\x03\x03" + len(piece).to_bytes(2, "big") + piece)

    def record(self):
        """The next record: (its type, its content), or (None, b"") at the end."""
        head = self.stream.read(5)
        if len(head) < 5:
            return None, b""
        content = self.stream.read(int.from_bytes(head[3:], "big"))
        self.said += content
        return head[0], content

    @staticmethod
    def ends_with_hello_done(kind, content):
        assert kind == 22, (kind, content)
        return content.endswith(b"\x0e\x00\x00\x00")

    def send_certificates(self, *certificates):
        listed = b"".join(len(c).to_bytes(3, "big") + c for c in certificates)
        self.send_handshake(11, len(listed).to_bytes(3, "big") + listed)

    def close(self):
        self.stream.close()
        self.sock.close()

    def alert(self):
        kind, content = self.record()
        return content[1] if kind == 21 and content[:1] == b"\x02" else None
