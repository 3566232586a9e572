# SPDX-License-Identifier: ISC
"""make install and make uninstall in a tree of their own, and what systemd-sysusers and
systemd-tmpfiles make of their files there."""

import os
import pathlib
import shutil
import stat
import subprocess
import tempfile

import pytest

import harness

PROGRAMS = {"bin/postern", "bin/postern-keys", "sbin/postern-smtpd", "sbin/posternctl"}


def make(tree, target):
    done = subprocess.run(
        ["make", "-C", harness.ROOT, f"B={harness.BUILD.parent}", f"DESTDIR={tree}",
         f"VARIANT={harness.VARIANT}", "PREFIX=/usr", target],
        env={k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")},
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def files_in(tree):
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir()}


@pytest.fixture
def tree():
    tree = pathlib.Path(tempfile.mkdtemp(prefix="postern-tree-"))
    make(tree, "install")
    yield tree
    shutil.rmtree(tree)


def test_installed_files(tree):
    found = files_in(tree)
    assert {f"usr/{name}" for name in PROGRAMS} <= found
    assert {"etc/postern/postern.conf", "usr/lib/sysusers.d/postern.conf",
            "usr/lib/tmpfiles.d/postern.conf", "usr/lib/systemd/system/postern.socket",
            "usr/lib/systemd/system/postern@.service",
            "usr/lib/systemd/system/postern-submission.socket",
            "usr/lib/systemd/system/postern-submission@.service",
            "usr/lib/systemd/system/postern-resident.socket",
            "usr/lib/systemd/system/postern-resident-submission.socket",
            "usr/lib/systemd/system/postern-resident.service",
            "usr/share/doc/postern/paranoid.conf"} <= found
    for page in ("man8/postern-smtpd.8", "man5/postern.conf.5", "man1/postern.1",
                 "man1/postern-keys.1", "man8/posternctl.8", "man7/postern-security.7"):
        assert f"usr/share/man/{page}" in found
    for name in found:
        mode = stat.S_IMODE((tree / name).stat().st_mode)
        assert mode == (0o755 if name[4:] in PROGRAMS else 0o644), name


def test_paths_are_those_of_the_prefix(tree):
    unit = (tree / "usr/lib/systemd/system/postern@.service").read_text()
    assert "\nExecStart=/usr/sbin/postern-smtpd\n" in unit
    for name in files_in(tree):
        if name[4:] not in PROGRAMS:
            assert b"@SBINDIR@" not in (tree / name).read_bytes(), name
            assert b"@SYSCONFDIR@" not in (tree / name).read_bytes(), name


def test_a_configuration_is_kept(tree):
    conf = tree / "etc/postern/postern.conf"
    conf.write_text("hostname = kept.example\n")
    make(tree, "install")
    assert conf.read_text() == "hostname = kept.example\n"
    make(tree, "uninstall")
    assert files_in(tree) == {"etc/postern/postern.conf"}


def test_user_and_folders(tree):
    if not harness.AS_ROOT:
        # Only root makes folders of other users: what the files ask for has to do.
        said = (tree / "usr/lib/tmpfiles.d/postern.conf").read_text()
        assert "\nd /etc/postern/tls 0750 root postern\n" in said
        assert "\nd /run/postern 0700 postern postern\n" in said
        return
    for command in ("systemd-sysusers", "systemd-tmpfiles --create --prefix=/etc/postern "
                    "--prefix=/var/lib/postern --prefix=/var/cache/postern --prefix=/run/postern"):
        done = subprocess.run(
            [*command.split(), f"--root={tree}"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    [line] = [line for line in (tree / "etc/passwd").read_text().splitlines()
              if line.startswith("postern:")]
    uid, gid = map(int, line.split(":")[2:4])
    for path, owner, mode in (
            ("etc/postern/tls", 0, 0o750), ("var/lib/postern", uid, 0o750),
            ("var/lib/postern/mail", uid, 0o750), ("run/postern", uid, 0o700),
            ("var/cache/postern", uid, 0o700)):
        found = (tree / path).stat()
        assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (owner, gid, mode)
