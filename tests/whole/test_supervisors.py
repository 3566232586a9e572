# SPDX-License-Identifier: ISC
"""The handler behind each supervisor that may own the port: a whole TLS session, a fault of
ours that must not reach the peer, and nothing left when the supervisor has gone. What
contrib/ offers is used as it stands, but for port, paths and user."""

import contextlib
import os
import pathlib
import re
import socket
import subprocess

import pytest

import harness
import sessions

CONTRIB = harness.ROOT / "contrib"
UNPACKED = harness.ROOT / "build" / "supervisors"
MESSAGE = b"Subject: by way of a supervisor\r\n\r\n.one dot\r\nlast line\r\n"


def free_port():
    """These supervisors open their ports themselves and cannot say which."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def is_listening(port):
    lines = [line for table in pathlib.Path("/proc/net").glob("tcp*")
             for line in table.read_text().splitlines()]
    return any(re.search(rf":{port:04X} 0+:0000 0A ", line) for line in lines)


def unpack(package):
    """inetd and xinetd exclude each other: they are unpacked, not installed."""
    subprocess.run([CONTRIB / "packages", "unpack", UNPACKED, package], check=True)
    return UNPACKED / package / "usr" / "sbin"


def smtpd(door):
    return [str(door.programs.path / "postern-smtpd"), "-c", str(door.conf)]


def socket_activate(door, port):
    return ["systemd-socket-activate", "--accept", "-l", f"127.0.0.1:{port}", *smtpd(door)]


def socket_activate_inetd(door, port):
    return ["systemd-socket-activate", "--accept", "--inetd", "-l", f"127.0.0.1:{port}",
            *smtpd(door)]


def script(name):
    def command(door, port):
        program, *options = smtpd(door)
        return ["env", "ADDRESS=127.0.0.1", f"PORT={port}", f"SMTPD={program}",
                str(CONTRIB / name), *options]
    return command


def inetd(door, port):
    line = (CONTRIB / "inetd.conf").read_text()
    line = line.replace("465 stream tcp", f"127.0.0.1:{port} stream tcp")
    line = line.replace(" postern ", f" {harness.SERVICE.pw_name} ")
    line = re.sub(r"/usr/local/sbin/\S+ \S+", " ".join(
        [smtpd(door)[0], "postern-smtpd", *smtpd(door)[1:]]), line)
    (door.dir / "inetd.conf").write_text(line)
    return [unpack("openbsd-inetd") / "inetd", "-i", str(door.dir / "inetd.conf")]


def xinetd(door, port):
    text = (CONTRIB / "xinetd.conf").read_text()
    program, *options = smtpd(door)
    for key, value in {
            "port": port, "bind": "127.0.0.1", "user": harness.SERVICE.pw_name,
            "server": program, "server_args": " ".join(options)}.items():
        text, n = re.subn(rf"(?m)^(\s{key}\s+=).*$", rf"\1 {value}", text)
        assert n == 1, key
    (door.dir / "xinetd.conf").write_text(text)
    return [unpack("xinetd") / "xinetd", "-dontfork", "-f", str(door.dir / "xinetd.conf"),
            "-filelog", str(door.dir / "xinetd.log"), "-pidfile", str(door.dir / "xinetd.pid")]


SUPERVISORS = {
    "systemd-socket-activate": socket_activate,
    "systemd-socket-activate --inetd": socket_activate_inetd,
    "socat": script("postern.socat"),
    "tcpserver": script("postern.tcpserver"),
    "openbsd-inetd": inetd,
    "xinetd": xinetd,
}


@contextlib.contextmanager
def under(opened, supervisor):
    """The door's port, owned by a supervisor."""
    opened.port = free_port()
    command = supervisor(opened, opened.port)
    # Two of them would write what they have to say to our own standard error.
    with open(opened.stderr, "ab") as said:
        supervisor = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            env=opened.programs.environment(), start_new_session=True)
    try:
        harness.until(
            lambda: is_listening(opened.port) or supervisor.poll() is not None,
            what="an open port")
        assert supervisor.poll() is None, opened.stderr.read_text()
        yield
        for client in opened.clients:
            client.close()
        opened.wait()
    finally:
        supervisor.terminate()
        supervisor.wait(harness.DEADLINE)


@pytest.fixture(params=SUPERVISORS.values(), ids=SUPERVISORS.keys())
def supervised(request, door):
    """A door whose port a supervisor owns."""
    opened = door(listen=False)
    with under(opened, request.param):
        yield opened


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_whole_session(supervised, tls):
    password = supervised.add_user("brad")
    with supervised.connect(port=supervised.port, tls=tls) as client:
        client.command("HELO here", 250)
        client.log_in("brad", password)
        client.submit("brad@447.edu", ["brad@447.edu"], MESSAGE)
        client.command("QUIT", 221)
        assert client.at_end()
        peer = client.name
    supervised.wait()
    [message] = supervised.messages("brad@447.edu")
    assert sessions.split_trace(message)[2] == MESSAGE.replace(b"\r\n", b"\n")
    [login] = supervised.records(event="login")
    assert login["user"] == "brad@447.edu"
    assert peer in login["peer"], "the handler knows who called"


def test_refusal_reaches_the_peer(supervised):
    with pytest.raises(harness.ssl.SSLError) as refused:
        supervised.connect(cert=None, port=supervised.port, tls="1.3")
    assert harness.smtpline.alert_of(refused.value) == 116


def test_our_fault_stays_ours(supervised):
    """A configuration that cannot be read closes the connection; not a byte of what is
    wrong with it reaches the peer, though descriptor 2 may be the connection."""
    supervised.configure(nonsense="yes")
    with supervised.socket(supervised.port) as client:
        client.sock.settimeout(harness.DEADLINE)
        assert client.at_end()


FAMILIES = [("", ["127.0.0.1"]), ("127.0.0.1", ["127.0.0.1"])]
if pathlib.Path("/proc/net/if_inet6").exists():
    FAMILIES = [("", ["127.0.0.1", "::1"]), ("127.0.0.1", ["127.0.0.1"]), ("::1", ["::1"])]


@pytest.mark.parametrize("address,hosts", FAMILIES)
def test_families_of_socat(door, address, hosts):
    opened = door(listen=False)

    def socat(door, port):
        program, *options = smtpd(door)
        return ["env", f"ADDRESS={address}", f"PORT={port}", f"SMTPD={program}",
                str(CONTRIB / "postern.socat"), *options]

    with under(opened, socat):
        for host in ("127.0.0.1", "::1"):
            if host not in hosts:
                with pytest.raises(OSError):
                    socket.create_connection((host, opened.port), harness.DEADLINE)
                continue
            client = harness.Client(
                socket.create_connection((host, opened.port), harness.DEADLINE))
            opened.clients.append(client)
            client.start_tls(opened.context())
            assert client.reply().code == 220
            sessions.leave(client)
    peers = [r["peer"].rsplit(":", 1)[0] for r in opened.records(event="admitted")]
    assert peers == [f"[{host}]" if ":" in host else host for host in hosts]
