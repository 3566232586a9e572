# SPDX-License-Identifier: ISC
"""Postern installed on a machine of its own, with a configuration, keys and a user: its
sockets are started, and tests come from outside."""

import json
import shutil

import booted
import harness
import sessions

USER = "brad@447.edu"
MESSAGE = b"Subject: by way of systemd\r\n\r\nIt was started for this.\r\n"
MAIL = "/var/lib/postern/mail/447.edu/brad/new"
CONFIGURATION = """\
hostname = 447.edu
domains = 447.edu
"""
PORT_ONLY = """\
[Socket]
ListenStream=
ListenStream=127.0.0.1:{port}
BindIPv6Only=default
"""
SUBMISSION = "postern-submission"


class Door:
    """The machine's two ports and what a client needs for them."""

    def __init__(self, programs, keys, units=("postern", SUBMISSION)):
        self.client = harness.Door(programs, keys, listen=False)
        self.machine = booted.Machine()
        self.ports = {}
        self.put("/etc/postern/postern.conf", CONFIGURATION)
        self.machine.systemctl("daemon-reload")
        for name in ("server.pem", "server.key", "ca.pem"):
            shutil.copy(keys.dir / name, self.machine.path(f"/etc/postern/tls/{name}"))
            self.run("chown", "root:postern", f"/etc/postern/tls/{name}")
            self.run("chmod", "0640", f"/etc/postern/tls/{name}")
        for unit in units:
            self.open(unit)
        said = self.run("runuser", "-u", "postern", "--", "posternctl", "user", "add", USER,
                        "--generate")
        self.password = said.stdout.splitlines()[-1]

    def run(self, *command, **more):
        return self.machine.run(*command, **more)

    def put(self, path, text):
        path = self.machine.path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def open(self, unit):
        with harness.socket.create_server(("127.0.0.1", 0)) as listener:
            self.ports[unit] = listener.getsockname()[1]
        self.put(f"/etc/systemd/system/{unit}.socket.d/port.conf",
                 PORT_ONLY.format(port=self.ports[unit]))
        self.machine.systemctl("daemon-reload")
        self.machine.systemctl("enable", "--now", f"{unit}.socket")

    def connect(self):
        return self.client.connect(USER, port=next(iter(self.ports.values())))

    def log_in(self):
        client = self.connect()
        sessions.log_in(client, USER, self.password)
        return client

    def messages(self):
        return sorted(self.machine.path(MAIL).glob("*")) if self.machine.path(MAIL).exists() \
            else []

    def instances(self, unit="postern"):
        said = self.machine.systemctl(
            "list-units", "--no-legend", "--plain", "--all", f"{unit}@*").stdout
        return [line.split()[0] for line in said.splitlines()]

    def settle(self):
        harness.until(lambda: not self.instances() and not self.instances(SUBMISSION),
                      what="the end of all instances")

    def journal(self, **fields):
        """Records of ours with these values of POSTERN_ fields."""
        matches = [f"POSTERN_{key.upper()}={value}" for key, value in fields.items()]
        self.run("journalctl", "--sync")
        said = self.run("journalctl", "-o", "json", "--no-pager", *matches).stdout
        return [json.loads(line) for line in said.splitlines()]

    def close(self):
        self.machine.close()
        self.client.close()
