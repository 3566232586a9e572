# SPDX-License-Identifier: ISC
"""SCRAM-SHA-256 by hand (RFC 5802, RFC 7677), so that a test can say what no library would;
and a TLS client that knows the exporter which binds it to the channel (RFC 9266)."""

import base64
import hashlib
import hmac
import os

from OpenSSL import SSL

from sessions import b64

LABEL = b"EXPORTER-Channel-Binding"


def _hmac(key, text):
    return hmac.digest(key, text, "sha256")


class Scram:
    """One exchange as the client. gs2 is the header, "n,," or "p=tls-exporter,,"; binding what
    is said to bind the channel."""

    def __init__(self, user, password, gs2="n,,", binding=b"", nonce=None):
        self.password, self.gs2, self.binding = password, gs2, binding
        self.nonce = nonce or base64.b64encode(os.urandom(18)).decode()
        self.first_bare = f"n={user},r={self.nonce}"
        self.salt = self.iterations = None

    def first(self):
        return b64(self.gs2 + self.first_bare)

    def final(self, challenge):
        """The answer to the first challenge, as the reply's text has it."""
        server_first = base64.b64decode(challenge).decode()
        fields = dict(part.split("=", 1) for part in server_first.split(","))
        assert fields["r"].startswith(self.nonce) and fields["r"] != self.nonce
        self.salt, self.iterations = base64.b64decode(fields["s"]), int(fields["i"])
        salted = hashlib.pbkdf2_hmac(
            "sha256", self.password.encode(), self.salt, self.iterations)
        bound = base64.b64encode(self.gs2.encode() + self.binding).decode()
        bare = f"c={bound},r={fields['r']}"
        message = f"{self.first_bare},{server_first},{bare}".encode()
        key = _hmac(salted, b"Client Key")
        signature = _hmac(hashlib.sha256(key).digest(), message)
        proof = bytes(a ^ b for a, b in zip(key, signature))
        self.server_signature = _hmac(_hmac(salted, b"Server Key"), message)
        return b64(f"{bare},p={base64.b64encode(proof).decode()}")

    def is_server(self, challenge):
        """Whether the last challenge proves that the server knows the password, too."""
        wanted = b"v=" + base64.b64encode(self.server_signature)
        return base64.b64decode(challenge) == wanted


def attempt(client, mechanism, scram):
    """The whole exchange: the last reply."""
    reply = client.command(f"AUTH {mechanism} {scram.first()}")
    if reply.code != 334:
        return reply
    reply = client.command(scram.final(reply.text))
    if reply.code != 334:
        return reply
    assert scram.is_server(reply.text)
    return client.command("")


class Exporting:
    """A socket under TLS with `binding`, for a Client."""

    def __init__(self, sock, door, tls, bundle):
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        version = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}[tls]
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)
        context.load_verify_locations(str(door.keys.ca))
        context.set_verify(SSL.VERIFY_PEER, lambda connection, cert, error, depth, ok: ok)
        context.use_certificate_chain_file(str(bundle.cert))
        context.use_privatekey_file(str(bundle.key))
        sock.settimeout(None)  # pyOpenSSL knows no other
        self.tls = SSL.Connection(context, sock)
        self.tls.set_connect_state()
        self.tls.do_handshake()
        self.sock = sock
        self.binding = self.tls.export_keying_material(LABEL, 32, b"")
        self.unique = self.tls.get_finished()

    def sendall(self, data):
        self.tls.sendall(data)

    def recv(self, size):
        try:
            return self.tls.recv(size)
        except SSL.ZeroReturnError:
            return b""

    def getsockname(self):
        return self.sock.getsockname()

    def close(self):
        self.sock.close()
