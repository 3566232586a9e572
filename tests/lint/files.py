# SPDX-License-Identifier: ISC
"""The project's files, for the checks beside this one: those git knows or would take, or,
where there is no git, all but what is built. A check prints each fault as FILE:LINE: what
is wrong, and one line where there is none."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILT = {"build", ".git", "__pycache__", ".pytest_cache", "compile_commands.json"}


def project_files():
    """Paths relative to ROOT, sorted."""
    try:
        listed = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"], cwd=ROOT, capture_output=True, check=True, text=True)
        names = listed.stdout.split("\0")
        paths = [pathlib.PurePath(name) for name in names if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [p.relative_to(ROOT) for p in ROOT.rglob("*") if not BUILT & set(p.parts)]
    return sorted({p for p in paths if (ROOT / p).is_file()})


def read(path):
    """A file's text, or None where it is not UTF-8 text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def report(faults, fine):
    """Prints faults, or one line, and ends the program with the status that says which."""
    print("\n".join(faults) if faults else fine)
    sys.exit(1 if faults else 0)
