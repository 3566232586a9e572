# SPDX-License-Identifier: ISC
"""Debian's Postfix, unpacked and not installed, for whoever needs one: the benchmark beside
ours, and the tests of a Postfix that relays through ours.

Its users and groups exist only in a private mount namespace over /etc/passwd and
/etc/group, and its processes in a process namespace that ends with their first; so nothing
of the machine is changed and nothing stays behind. It logs to a file of its own. It needs
root.
"""

import grp
import os
import pathlib
import pwd
import re
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "build" / "packages"

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
import_environment = MAIL_CONFIG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH SASL_PATH
export_environment = TZ MAIL_CONFIG LANG LD_LIBRARY_PATH
maillog_file = {home}/log
maillog_file_prefixes = {home}
mail_owner = postfix
setgid_group = postdrop
default_privs = nobody
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:no local mail here
"""

MASTER = """\
pickup unix n - n 60 1 pickup
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
    """Why there is no Postfix."""


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


def write(path, text, mode=0o644):
    """A file that Postfix reads at once: it waits a while for one that is about as young as
    the second."""
    path.touch(mode)
    path.write_text(text)
    os.utime(path, (time.time() - 10,) * 2)
    return path


class Postfix:
    """One installation in the folder home, which is made."""

    def __init__(self, home, main, master="", sasl=False):
        """main, master: what stands in main.cf and master.cf behind what every one has;
        sasl: its client may log in."""
        if os.geteuid() != 0:
            raise Unavailable("Postfix needs root")
        self.tree, self.home = unpack("postfix"), home
        self.conf, self.log = home / "conf", home / "log"
        home.mkdir()
        self.conf.mkdir()
        self.environment = {"PATH": os.environ["PATH"], "MAIL_CONFIG": str(self.conf),
                            "LD_LIBRARY_PATH": library_path(self.tree)}
        if sasl:
            [modules] = (unpack("libsasl2-modules") / "usr/lib").glob("*/sasl2")
            self.environment["SASL_PATH"] = str(modules)
        self._write_users()
        write(self.conf / "main.cf", MAIN.format(home=home, tree=self.tree) + main)
        write(self.conf / "master.cf", MASTER + master)
        self._write_folders()

    def setting(self, name):
        done = subprocess.run([self.tree / "usr/sbin/postconf", "-h", name],
                              env=self.environment, capture_output=True, text=True)
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
        (self.home / "data").mkdir()
        os.chown(self.home / "data", self.uid, -1)

    def command(self):
        """What starts it in the foreground; killing that ends all of it."""
        return ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork",
                "--kill-child", "/bin/sh", "-c", START, self.home,
                self.tree / "usr/lib/postfix/sbin/master"]

    def enter(self, pid, program, *arguments):
        """What runs one of its programs beside it, where command() runs as pid."""
        listed = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return ["nsenter", "--target", listed.split()[0], "--mount", "--root", "--pid",
                self.tree / "usr/sbin" / program, *arguments]

    def log_tail(self):
        try:
            return self.log.read_text(errors="replace")[-1000:]
        except OSError:
            return "no log"
