# SPDX-License-Identifier: ISC
"""What the tests of session tickets share.

Visitor    a client that remembers its session, as OpenSSL has it
Table      the file in which the server keeps keys and whose they are, read and altered
Forger     a server of a thief's own, with a key of that table
"""

import ctypes
import dataclasses
import pathlib
import socket
import threading
import time

import foreign

HOUR = 3600


def now():
    return int(time.time())


class Visitor:
    """One client, who connects to a door again and again, in one version of TLS."""

    def __init__(self, door, tls, cert="brad@447.edu"):
        self.door, self.tls = door, tls
        self.context = door.context(cert, tls)
        self.session = None

    def begin(self, client, session=None):
        """Shakes hands on a bare connection, and goes on with a session."""
        client.sock = self.context.wrap_socket(
            client.sock, server_hostname="localhost", session=session)
        return client

    def connect(self, resume=True):
        """A client that has the banner behind it, as has one that resumes, which shows by
        `.resumed`. What it could go on with is remembered."""
        client = self.begin(self.door.socket(), self.session if resume else None)
        client.banner = client.reply()
        assert client.banner.code == 220, client.banner
        client.resumed = client.sock.session_reused
        # In TLS 1.3 the ticket comes behind the handshake, and before the banner.
        self.session = client.sock.session
        return client

    def visit(self, resume=True):
        """Connects and leaves: whether the session was resumed."""
        with self.connect(resume) as client:
            client.command("QUIT", 221)
            assert client.at_end()
            return client.resumed


def mix(total, word):
    total = (total ^ word) * 0x9e3779b97f4a7c15 & 0xffffffffffffffff
    return total ^ total >> 32


def sum_64(data, seed):
    """As src/base/sum.c."""
    total = mix(seed, len(data))
    whole = len(data) // 8 * 8
    for at in range(0, whole, 8):
        total = mix(total, int.from_bytes(data[at:at + 8], "little"))
    return mix(mix(total, int.from_bytes(data[whole:], "little")), 0x9e3779b97f4a7c15)


@dataclasses.dataclass
class Entry:
    record: int  # offsets in the file
    slot: int
    id: bytes
    key: bytes
    made: int


class Table:
    """The table of a door. It is laid out as src/host/tickets.c says."""

    FIRST, BUCKETS, RECORDS, RECORD, SLOT = 4096, 256, 16, 32, 4096

    def __init__(self, door):
        self.path = pathlib.Path(door.dir) / "run" / "tickets"

    def entries(self):
        """Those that are there, the youngest last."""
        if not self.path.exists():
            return []
        slots = self.FIRST + self.BUCKETS * self.RECORDS * self.RECORD
        found = []
        with open(self.path, "rb") as file:
            file.seek(self.FIRST)
            records = file.read(slots - self.FIRST)
            for number in range(self.BUCKETS * self.RECORDS):
                record = records[number * self.RECORD:][:self.RECORD]
                if record == bytes(self.RECORD):
                    continue
                at = slots + number * self.SLOT
                file.seek(at)
                slot = file.read(self.SLOT)
                found.append(Entry(
                    self.FIRST + number * self.RECORD, at, record[8:24], slot[24:88],
                    int.from_bytes(record[24:32], "little", signed=True)))
        return sorted(found, key=lambda entry: entry.made)

    def rewrite(self, entry, **changed):
        """Alters an entry as though the server had written it so: made, chain …"""
        with open(self.path, "r+b") as file:
            file.seek(entry.slot)
            slot = bytearray(file.read(self.SLOT))
            record = bytearray(8) + entry.id
            made = changed.get("made", entry.made)
            record += made.to_bytes(8, "little", signed=True)
            slot[104:112] = made.to_bytes(8, "little", signed=True)
            for place, data in changed.get("bytes", {}).items():
                slot[place:place + len(data)] = data
            for data, at in ((record, entry.record), (slot, entry.slot)):
                data[:8] = (sum_64(bytes(data[8:]), at) | 1).to_bytes(8, "little")
                file.seek(at)
                file.write(data)

    def put_chain(self, entry, *certificates):
        """Other certificates (DER) than those that were proved."""
        chain = b"".join(len(c).to_bytes(3, "big") + c for c in certificates)
        self.rewrite(entry, bytes={112: len(chain).to_bytes(4, "little"), 148: chain})

    def scribble(self, at, data):
        with open(self.path, "r+b") as file:
            file.seek(at)
            file.write(data)


class Datum(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_uint)]


class Forger(threading.Thread):
    """A GnuTLS server of the thief's own, which makes tickets under a key that was stolen
    from ours. It asks for a certificate, and puts into the ticket whatever it is shown."""

    def __init__(self, keys, key):
        super().__init__()
        self.lib = foreign.load_gnutls()
        self.keys, self.key, self.fault = keys, key, None
        self.theirs, self.ours = socket.socketpair()

    def call(self, name, *args):
        result = getattr(self.lib, name)(*args)
        if result < 0:
            raise foreign.GnutlsError(f"{name}: {self.lib.gnutls_strerror(result).decode()}")

    def run(self):
        try:
            self.serve()
        except (foreign.GnutlsError, OSError) as error:
            self.fault = error
        finally:
            self.ours.close()

    def serve(self):
        server, pem, crd_certificate, require, shut_wr = 1, 1, 1, 2, 1
        credentials, session = ctypes.c_void_p(), ctypes.c_void_p()
        room = ctypes.create_string_buffer(self.key, len(self.key))
        key = Datum(ctypes.cast(room, ctypes.c_void_p), len(self.key))
        self.call("gnutls_certificate_allocate_credentials", ctypes.byref(credentials))
        self.call("gnutls_certificate_set_x509_key_file", credentials,
                  str(self.keys.cert).encode(), str(self.keys.key).encode(), pem)
        self.call("gnutls_init", ctypes.byref(session), server)
        self.call("gnutls_priority_set_direct", session, b"NORMAL", None)
        self.call("gnutls_credentials_set", session, crd_certificate, credentials)
        self.lib.gnutls_certificate_server_set_request(session, require)
        # The name of a key is made with this, too.
        self.lib.gnutls_db_set_cache_expiration(session, HOUR)
        self.call("gnutls_session_ticket_enable_server", session, ctypes.byref(key))
        number = self.ours.fileno()
        self.lib.gnutls_transport_set_int2(session, number, number)
        self.call("gnutls_handshake", session)
        self.call("gnutls_record_send", session, b"x", ctypes.c_size_t(1))
        self.lib.gnutls_bye(session, shut_wr)  # who has got what it wanted may be gone
        self.lib.gnutls_deinit(session)
        self.lib.gnutls_certificate_free_credentials(credentials)

    def visit(self, visitor):
        """The session that a Visitor gets here, to go on with elsewhere."""
        self.start()
        with visitor.context.wrap_socket(self.theirs, server_hostname="localhost") as sock:
            assert sock.recv(1) == b"x"
            session = sock.session
        self.join()
        assert self.fault is None, self.fault
        return session
