# SPDX-License-Identifier: ISC
"""Programs that are not ours, in whole sessions over implicit TLS with a client's
certificate. What each of them has sent is found in the mailbox."""

import smtplib
import subprocess

import pytest

import foreign
import harness
from certificates import Authority
from sessions import plain, split_trace, stuffed

BRAD = "brad@447.edu"
MESSAGE = "Subject: Test\n\nHi, this is a test message.\n.A line with a dot.\n..\nEnd.\n"


@pytest.fixture(scope="module")
def authority():
    with Authority() as authority:
        yield authority


@pytest.fixture
def session(door, authority):
    """(door, bundle, password) for brad."""
    d = door(keys=authority)
    password = d.add_user("brad")
    d.connected += 1
    return d, authority.client(), password


def delivered(d):
    """What came behind the trace, of the one message that did."""
    d.wait()
    [message] = d.messages(BRAD)
    path, received, text = split_trace(message)
    assert path == BRAD
    assert f"(user {BRAD})" in received and d.keys.client().pin in received
    [login] = d.records(event="login")
    assert login["user"] == BRAD
    return text.decode()


def run(argv, input=None):
    done = subprocess.run(
        list(map(str, argv)), input=input, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_smtplib(session, mechanism):
    d, bundle, password = session
    with smtplib.SMTP_SSL("localhost", d.port, "client.447.edu", timeout=harness.DEADLINE,
                          context=d.context(bundle)) as smtp:
        smtp.ehlo()
        smtp.user, smtp.password = BRAD, password
        code, _ = smtp.auth(mechanism, getattr(smtp, f"auth_{mechanism.lower()}"))
        assert code == 235
        assert smtp.sendmail(BRAD, [BRAD], MESSAGE.replace("\n", "\r\n")) == {}
    assert delivered(d) == MESSAGE


def test_smtplib_chooses_by_itself(session):
    d, bundle, password = session
    with smtplib.SMTP_SSL("localhost", d.port, timeout=harness.DEADLINE,
                          context=d.context(bundle)) as smtp:
        smtp.login("brad", password)
        smtp.sendmail(BRAD, [BRAD], MESSAGE.replace("\n", "\r\n"))
    assert delivered(d) == MESSAGE


def test_smtplib_learns_of_a_wrong_password(session):
    d, bundle, _ = session
    with smtplib.SMTP_SSL("localhost", d.port, timeout=harness.DEADLINE,
                          context=d.context(bundle)) as smtp:
        smtp.ehlo()
        smtp.user, smtp.password = BRAD, "wrong"
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            smtp.auth("PLAIN", smtp.auth_plain)
        assert caught.value.smtp_code == 535


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_curl(session, tls):
    d, bundle, password = session
    run(["curl", "-sS", f"smtps://localhost:{d.port}/client.447.edu", "-4", f"--tlsv{tls}",
         "--tls-max", tls, "--cacert", bundle.ca, "--cert", bundle.cert, "--key", bundle.key,
         "--user", f"{BRAD}:{password}", "--mail-from", BRAD, "--mail-rcpt", BRAD,
         "-T", "-", "--crlf"], MESSAGE)
    assert delivered(d) == MESSAGE


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks(session, mechanism):
    d, bundle, password = session
    run(["swaks", "--server", "127.0.0.1", "--port", d.port, "--tls-on-connect", "--tls-cert",
         bundle.cert, "--tls-key", bundle.key, "--tls-ca-path", bundle.ca, "--tls-verify",
         "--auth", mechanism, "--auth-user", BRAD, "--auth-password", password, "--from",
         BRAD, "--to", BRAD, "--ehlo", "client.447.edu", "--data", "-"], MESSAGE)
    assert delivered(d).rstrip("\n") == MESSAGE.rstrip("\n")


@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_msmtp(session, mechanism):
    d, bundle, password = session
    conf = d.dir / "msmtprc"
    conf.write_text(
        f"account default\nhost localhost\nport {d.port}\ntls on\ntls_starttls off\n"
        f"tls_trust_file {bundle.ca}\ntls_cert_file {bundle.cert}\ntls_key_file {bundle.key}\n"
        f"auth {mechanism}\nuser {BRAD}\npassword {password}\nfrom {BRAD}\n"
        f"domain client.447.edu\nset_date_header off\nset_msgid_header off\n")
    conf.chmod(0o600)
    run(["msmtp", "-C", conf, BRAD], MESSAGE)
    assert delivered(d).endswith(MESSAGE)
    conf.unlink()


def script(password):
    """A whole session as lines; with -quiet s_client sends what it reads as it is, and
    gnutls-cli the same, so the server reads ahead in both."""
    text = stuffed(MESSAGE.replace("\n", "\r\n").encode()).decode()
    return [f"AUTH PLAIN {plain(BRAD, password)}\r\n",
            f"MAIL FROM:<{BRAD}>\r\nRCPT TO:<{BRAD}>\r\nDATA\r\n", text, "QUIT\r\n"]


def talk(argv, password):
    """Types the script into a program, each piece once the one before it was answered."""
    process = subprocess.Popen(
        list(map(str, argv)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    said = []

    def answer(code):
        while True:
            line = process.stdout.readline().decode(errors="replace")
            assert line, "".join(said)
            said.append(line)
            if line.startswith(f"{code} "):
                return
            assert line[:4] not in ("421 ", "500 ", "501 ", "503 ", "530 ", "535 "), said

    try:
        answer(220)
        codes = [[250], [235], [250, 250, 354], [250], [221]]
        for piece, expected in zip(["EHLO client.447.edu\r\n", *script(password)], codes):
            process.stdin.write(piece.encode())
            process.stdin.flush()
            for code in expected:
                answer(code)
        process.stdin.close()
        process.wait(harness.DEADLINE)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        if not process.stdin.closed:
            process.stdin.close()


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_openssl_s_client(session, tls):
    d, bundle, password = session
    talk(["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{d.port}", "-CAfile",
          bundle.ca, "-cert", bundle.cert, "-key", bundle.key, "-verify_return_error",
          f"-tls{tls.replace('.', '_')}"], password)
    assert delivered(d) == MESSAGE


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_gnutls_cli(session, tls):
    d, bundle, password = session
    talk(["gnutls-cli", "--logfile=/dev/null", "--x509cafile", bundle.ca, "--x509certfile",
          bundle.cert, "--x509keyfile", bundle.key, "--verify-hostname=localhost",
          "--priority", foreign.PRIORITY.format(tls), "-p", d.port, "127.0.0.1"], password)
    assert delivered(d) == MESSAGE
