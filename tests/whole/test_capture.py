# SPDX-License-Identifier: ISC
"""make capture: both dialogues side by side, its own claims true, and false where they
should be. Only root may capture, unless dumpcap was given leave."""

import shutil
import subprocess

import pytest

import harness
from test_demo import environment, place  # noqa: F401: a fixture


def may_capture():
    if harness.AS_ROOT:
        return True
    listed = subprocess.run(["dumpcap", "-D"], capture_output=True, text=True)
    return " lo " in listed.stdout.replace("(", " ") or (
        shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"]).returncode == 0)


pytestmark = pytest.mark.skipif(not may_capture(), reason="dumpcap may not capture here")


def capture(tree):
    return subprocess.run(
        [tree / "contrib/demo/capture"], env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120)


def test_capture(place):
    done = capture(place)
    assert done.returncode == 0, done.stdout + done.stderr
    claims = [line for line in done.stdout.splitlines() if line[:3] in ("yes", "NO ")]
    assert len(claims) == 7 and all(line.startswith("yes") for line in claims), done.stdout
    for shown in ("Certificate Request", "Certificate Verify", "Application Data",
                  "MAIL FROM", "mail from brad@447.edu"):
        assert shown.lower() in done.stdout.lower(), f"{shown}\n\n{done.stdout}"


def test_capture_would_notice(place):
    """With the clear dialogue on the port that should be secret, the claims are false."""
    script = place / "contrib/demo/capture"
    script.write_text(script.read_text().replace(
        'tls="tcp.port == $SECRET', 'SECRET=$CLEAR\ntls="tcp.port == $SECRET'))
    done = capture(place)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "NO   application data was sent" in done.stdout
