# SPDX-License-Identifier: ISC
"""Debian's Postfix, unpacked and not installed, on a loopback port: implicit TLS, client
certificates required, its usual pool of smtpd processes, delivery into a Maildir.

Its users and groups exist only in a private mount namespace over /etc/passwd and
/etc/group, and its processes in a process namespace that ends with their first; so nothing
of the machine is changed and nothing stays behind. It logs to a file of its own.
"""

import grp
import os
import pathlib
import pwd
import re
import shutil
import subprocess

import machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "build" / "bench" / "packages"

# Where the libraries come from that a bare machine may lack.
LIBRARIES = {
    "libdb-5": "libdb5.3", "libicu": "libicu72", "libnsl": "libnsl2",
    "libsasl2": "libsasl2-2", "libtirpc": "libtirpc3",
}

MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/spool
data_directory = {home}/data
daemon_directory = {tree}/usr/lib/postfix/sbin
command_directory = {tree}/usr/sbin
shlib_directory = {tree}/usr/lib/postfix
meta_directory = {home}/conf
import_environment = MAIL_CONFIG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH
maillog_file = {home}/log
maillog_file_prefixes = {home}
mail_owner = postfix
setgid_group = postdrop
default_privs = nobody
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost
mydomain = {domain}
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:no local mail here
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = inline:{{{reader}={domain}/reader/}}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_relay_restrictions = permit_tls_all_clientcerts, reject
smtpd_recipient_restrictions = permit_tls_all_clientcerts, reject
smtpd_tls_security_level = encrypt
smtpd_tls_wrappermode = yes
smtpd_tls_req_ccert = yes
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_tls_cert_file = {keys}/server.pem
smtpd_tls_key_file = {keys}/server.key
smtpd_tls_CAfile = {keys}/ca.pem
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

QUEUES = ("active bounce corrupt defer deferred flush hold incoming private saved trace"
          " pid maildrop public").split()

# Binds the private files over the machine's and waits for the master process. The shell is
# the first process of the namespace, and all others end with it; master itself would forget,
# when it changes its user, that it is to end when its parent does.
START = ('mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group &&'
         ' "$1" -c "$0/conf"; exit $?')


class Unavailable(Exception):
    """Why there is no Postfix to compare with."""


def unpack(name):
    done = subprocess.run([ROOT / "contrib" / "packages", "unpack", PACKAGES, name],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"cannot fetch {name}: {done.stderr.strip()}")
    return PACKAGES / name


def library_path(tree):
    """LD_LIBRARY_PATH with which its programs find all they need."""
    folders = [tree / "usr/lib/postfix"]
    for _ in LIBRARIES:
        path = ":".join(map(str, folders))
        listed = subprocess.run(
            ["ldd", tree / "usr/lib/postfix/sbin/smtpd"], capture_output=True, text=True,
            check=True, env={**os.environ, "LD_LIBRARY_PATH": path}).stdout
        missing = re.findall(r"(\S+) => not found", listed)
        if not missing:
            return path
        package = next((p for so, p in LIBRARIES.items() if missing[0].startswith(so)), None)
        if not package:
            raise Unavailable(f"the machine has no {missing[0]}")
        folders += (unpack(package) / "usr/lib").glob("*-linux-*")
    raise Unavailable(f"the machine has no {missing[0]}")


def free_id(taken):
    return next(number for number in range(64900, 60000, -1) if number not in taken)


class Postfix:
    """One installation in a folder of its own; start() and stop() as often as liked."""

    def __init__(self, work, keys, service, reader):
        """keys: folder with server.pem, server.key, ca.pem; service: whose the mail is."""
        if os.geteuid() != 0:
            raise Unavailable("Postfix needs root")
        self.tree = unpack("postfix")
        self.home = work / "postfix"
        self.reader, self.domain = reader, reader.split("@")[1]
        self.service = service
        self.port = machine.free_port()
        self.mail = self.home / "mail" / self.domain / "reader" / "new"
        self.account = self.process = None
        self.home.mkdir()
        self.environment = {"PATH": os.environ["PATH"],
                            "LD_LIBRARY_PATH": library_path(self.tree)}
        self._write_users()
        self._write_configuration(keys)
        self._write_folders()
        self.name = f"Postfix {self._version()}"

    def _version(self):
        done = subprocess.run(
            [self.tree / "usr/sbin/postconf", "-c", self.home / "conf", "-h",
             "mail_version"], env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise Unavailable(f"postconf: {done.stderr.strip()}")
        return done.stdout.strip()

    def _write_users(self):
        users, groups = pwd.getpwall(), grp.getgrall()
        passwd = pathlib.Path("/etc/passwd").read_text()
        group = pathlib.Path("/etc/group").read_text()
        gids = {g.gr_gid for g in groups}
        ids = {g.gr_name: g.gr_gid for g in groups}
        for name in ("postfix", "postdrop"):
            if name not in ids:
                ids[name] = free_id(gids)
                gids.add(ids[name])
                group += f"{name}:x:{ids[name]}:\n"
        self.gid, self.drop = ids["postfix"], ids["postdrop"]
        known = {u.pw_name: u.pw_uid for u in users}
        self.uid = known.get("postfix") or free_id(set(known.values()))
        if "postfix" not in known:
            passwd += f"postfix:x:{self.uid}:{self.gid}::{self.home}/spool:/bin/false\n"
        (self.home / "passwd").write_text(passwd)
        (self.home / "group").write_text(group)

    def _write_configuration(self, keys):
        conf = self.home / "conf"
        conf.mkdir()
        own = self.home / "keys"
        own.mkdir()
        for name in ("server.pem", "server.key", "ca.pem"):
            shutil.copy(keys / name, own / name)
        os.chown(own / "server.key", 0, 0)
        (own / "server.key").chmod(0o600)
        (conf / "main.cf").write_text(MAIN.format(
            home=self.home, tree=self.tree, keys=own, domain=self.domain,
            reader=self.reader, uid=self.service.pw_uid, gid=self.service.pw_gid))
        (conf / "master.cf").write_text(MASTER.format(port=self.port))

    def _write_folders(self):
        spool = self.home / "spool"
        spool.mkdir()
        for name in QUEUES:
            (spool / name).mkdir()
            (spool / name).chmod(0o700)
            if name != "pid":
                os.chown(spool / name, self.uid, 0)
        for name, mode in (("maildrop", 0o730), ("public", 0o710)):
            os.chown(spool / name, self.uid, self.drop)
            (spool / name).chmod(mode)
        (spool / "pid").chmod(0o755)
        for name, owner in (("data", self.uid), ("mail", self.service.pw_uid)):
            (self.home / name).mkdir()
            os.chown(self.home / name, owner, -1)

    def start(self):
        self.account = machine.open_account("postfix")
        self.process = subprocess.Popen(
            self.account.wrap([
                "setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork",
                "--kill-child", "/bin/sh", "-c", START, self.home,
                self.tree / "usr/lib/postfix/sbin/master"]),
            env=self.environment, stdin=subprocess.DEVNULL)
        self.account.started(self.process.pid)
        machine.wait_for(self._is_ready, "Postfix to listen")

    def _is_ready(self):
        if self.process.poll() is not None:
            raise Unavailable(f"Postfix ended with status {self.process.returncode}: "
                              + self.log_tail())
        return machine.is_listening(self.port)

    def log_tail(self):
        try:
            return (self.home / "log").read_text(errors="replace")[-1000:]
        except OSError:
            return "no log"

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
