# SPDX-License-Identifier: ISC
"""What the tests of limits share: doors with some limits alone, peers from other addresses,
what the log says of a refusal."""

import socket
import ssl

import pytest

import harness
from smtpline import Client, alert_of

BRAD = "brad@447.edu"
COME_BACK = r"come back in (\d+) seconds?$"
OTHERS = {f"limit_{whose}_{what}": 0 for whose in ("address", "device", "user")
          for what in ("sessions", "connections", "failures", "messages", "recipients")}


def limited(door, **settings):
    """A door with these limits alone, for all users of all certificates."""
    return door(**{**OTHERS, "bind": "any", **settings})


def refused_alert(door, cert=BRAD):
    """The alert that refuses a connection in the handshake; an attribute of the door says
    which address it came from."""
    client = door.socket()
    with pytest.raises(ssl.SSLError) as refusal:
        client.start_tls(door.context(cert))
    client.close()
    return alert_of(refusal.value)


def enters(door, cert=BRAD):
    """A client that waits behind the banner, or None where it was turned away with 49."""
    client = door.socket()
    try:
        client.start_tls(door.context(cert))
    except ssl.SSLError as refusal:
        assert alert_of(refusal) == 49
        client.close()
        return None
    client.banner = client.reply()
    return client


def one_record(door, reason, **fields):
    records = door.records(event="limited")
    assert [r["reason"] for r in records] == [reason], records
    for key, value in fields.items():
        assert records[0][key] == value
    return records[0]


def connect_from(door, address, cert=BRAD):
    """A connection on a Unix socket, for which the environment says who is on the other
    side; the client, or None where it was turned away."""
    ours, theirs = socket.socketpair()
    env = door.programs.environment
    door.programs.environment = lambda **more: {**env(**more), "REMOTE_ADDR": address}
    try:
        with theirs:
            door.handlers.append(door.handle(theirs))
    finally:
        door.programs.environment = env
    ours.settimeout(harness.DEADLINE)
    try:
        sock = door.context(cert).wrap_socket(ours, server_hostname="localhost")
    except ssl.SSLError as refusal:
        assert alert_of(refusal) == 49
        ours.close()
        return None
    client = SocketClient(sock)
    client.banner = client.reply()
    return client


class SocketClient(Client):
    def __init__(self, sock):
        self.sock, self.pending, self.name = sock, b"", "local"
