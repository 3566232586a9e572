# SPDX-License-Identifier: ISC
"""Debian's Postfix on a loopback port: implicit TLS, client certificates required, its usual
pool of smtpd processes, delivery into a Maildir.
"""

import os
import pathlib
import shutil
import subprocess
import sys

import machine

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
import unpacked_postfix  # noqa: E402
from unpacked_postfix import Unavailable  # noqa: E402,F401

MAIN = """\
myhostname = localhost
mydomain = {domain}
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = inline:{{{reader}={domain}/reader/}}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
message_size_limit = 0
virtual_mailbox_limit = 0
smtpd_relay_restrictions = permit_tls_all_clientcerts, reject
smtpd_recipient_restrictions = permit_tls_all_clientcerts, reject
smtpd_tls_security_level = encrypt
smtpd_tls_wrappermode = yes
smtpd_tls_req_ccert = yes
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_tls_cert_file = {home}/keys/server.pem
smtpd_tls_key_file = {home}/keys/server.key
smtpd_tls_CAfile = {home}/keys/ca.pem
"""


class Postfix:
    """One installation in a folder of its own; start() and stop() as often as liked."""

    resuming = {}

    def __init__(self, work, keys, service, reader):
        """keys: folder with server.pem, server.key, ca.pem; service: whose the mail is."""
        self.home, domain = work / "postfix", reader.split("@")[1]
        self.port = machine.free_port()
        self.mail = self.home / "mail" / domain / "reader" / "new"
        self.account = self.process = None
        self.postfix = unpacked_postfix.Postfix(
            self.home, MAIN.format(
                home=self.home, domain=domain, reader=reader, uid=service.pw_uid,
                gid=service.pw_gid), f"127.0.0.1:{self.port} inet n - n - - smtpd\n")
        self._copy_keys(keys)
        (self.home / "mail").mkdir()
        os.chown(self.home / "mail", service.pw_uid, -1)
        self.name = f"Postfix {self.postfix.setting('mail_version')}"

    def _copy_keys(self, keys):
        own = self.home / "keys"
        own.mkdir()
        for name in ("server.pem", "server.key", "ca.pem"):
            shutil.copy(keys / name, own / name)
        os.chown(own / "server.key", 0, 0)
        (own / "server.key").chmod(0o600)

    def start(self):
        self.account = machine.open_account("postfix")
        self.process = subprocess.Popen(
            self.account.wrap(self.postfix.command()), env=self.postfix.environment,
            stdin=subprocess.DEVNULL)
        self.account.started(self.process.pid)
        machine.wait_for(self._is_ready, "Postfix to listen")

    def _is_ready(self):
        if self.process.poll() is not None:
            raise Unavailable(f"Postfix ended with status {self.process.returncode}: "
                              + self.log_tail())
        return machine.is_listening(self.port)

    def log_tail(self):
        return self.postfix.log_tail()

    def load_options(self):
        return []

    def stored(self):
        try:
            return len(os.listdir(self.mail))
        except FileNotFoundError:
            return 0

    def at_rest(self):
        return True

    def connection_processes(self):
        """One smtpd serves one connection at a time."""
        return [pid for pid in self.account.pids() if machine.process_name(pid) == "smtpd"]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()  # takes the process namespace with it
            self.process.wait()
        if self.account:
            self.account.close()
        self.process = self.account = None
