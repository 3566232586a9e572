# SPDX-License-Identifier: ISC
"""A Postfix that hands all its mail to us, with contrib/clients/postfix.cf: what programs on
its machine give to sendmail(1) is in our mailboxes afterwards, and its own log says so."""

import re
import subprocess

import pytest

import harness
import unpacked_postfix
from clients import ANN, BRAD, EIGHT_BIT, MESSAGE, NOBODY

pytestmark = pytest.mark.skipif(not harness.AS_ROOT, reason="Postfix needs root")

# The name of our host is in /etc/hosts and not in the DNS.
HERE = """
myhostname = relay.447.edu
mydomain = 447.edu
append_dot_mydomain = no
smtp_host_lookup = native
"""


class Relay:
    """A Postfix that runs."""

    def __init__(self, account, settings, **other):
        """settings: what differs from the recipe; other: from its values."""
        self.account = account
        password = other.get("PASSWORD", account.password)
        passwords = unpacked_postfix.write(
            account.home / "passwords",
            f"[localhost]:{account.door.port} {BRAD}:{password}\n", 0o600)
        recipe = account.recipe("postfix.cf", PASSWORDS=passwords, **other).read_text()
        for key, value in settings.items():
            recipe = re.sub(rf"^{key} = .*\n", "", recipe, flags=re.MULTILINE)
            recipe += f"{key} = {value}\n"
        self.postfix = unpacked_postfix.Postfix(
            account.door.dir / "postfix", HERE + recipe, sasl=True)
        self.process = subprocess.Popen(
            self.postfix.command(), env=self.postfix.environment, stdin=subprocess.DEVNULL)
        harness.until(self.is_ready, what="the start of Postfix")

    def is_ready(self):
        assert self.process.poll() is None, "Postfix has ended"
        return "daemon started" in self.log()

    def log(self):
        return self.postfix.log.read_text() if self.postfix.log.exists() else ""

    def send(self, message, *recipients, options=()):
        """As a program on its machine would."""
        subprocess.run(
            self.postfix.enter(
                self.process.pid, "sendmail", "-i", "-f", BRAD, *options, *recipients),
            input=message, env=self.postfix.environment, check=True, timeout=60)

    def outcome(self, recipient):
        """What its log says of the first attempt: (status, our reply or its own reason)."""
        pattern = rf"/smtp\[.*: to=<{re.escape(recipient)}>.* status=([a-z]+) \((.*)\)\n"
        found = harness.until(
            lambda: re.search(pattern, self.log()), what=f"the delivery to {recipient}")
        return found[1], found[2]

    def close(self):
        self.process.kill()
        self.process.wait()
        harness.until(
            lambda: not harness.processes_with(str(self.postfix.home)), what="its end")
        # It opens as many connections as it likes.
        self.account.door.connected = len(self.account.door.handlers)


@pytest.fixture
def relay(account):
    relays = []

    def start(settings=None, tls="implicit", recipients="users", **other):
        a = account(tls=tls, recipients=recipients)
        relays.append(Relay(a, settings or {}, **other))
        return relays[-1]

    yield start
    for each in relays:
        each.close()


def stored(a, address=ANN):
    """Behind what Postfix puts in front of it."""
    text = a.stored(address)
    found = re.match(rb"Received: by relay\.447\.edu \(Postfix, from userid 0\)\n(\t.*\n)+", text)
    assert found, text[:500]
    return text[found.end():]


def test_message(relay):
    """It chooses SCRAM by itself: by default it takes no mechanism that shows the password."""
    r = relay()
    r.send(MESSAGE, ANN)
    status, reply = r.outcome(ANN)
    assert status == "sent" and reply.startswith("250 2.0.0 ")
    assert stored(r.account) == MESSAGE
    assert r.account.logins() == [(BRAD, "SCRAM-SHA-256")]


@pytest.mark.parametrize("mechanism, tls", [("plain", "1.2"), ("login", "1.3")])
def test_starttls_and_mechanisms(relay, mechanism, tls):
    r = relay({
        "smtp_tls_wrappermode": "no", "smtp_sasl_security_options": "noanonymous",
        "smtp_sasl_mechanism_filter": mechanism,
        "smtp_tls_mandatory_protocols": f">=TLSv{tls}, <=TLSv{tls}"}, tls="starttls")
    r.send(MESSAGE, ANN)
    status, _ = r.outcome(ANN)
    assert status == "sent"
    assert stored(r.account) == MESSAGE
    assert r.account.logins() == [(BRAD, mechanism.upper())]
    [admitted] = r.account.door.records(event="admitted")
    assert f"TLS{tls}" in admitted["message"]


def test_8_bit(relay):
    r = relay()
    r.send(EIGHT_BIT, ANN, options=["-B8BITMIME"])
    assert r.outcome(ANN)[0] == "sent"
    assert stored(r.account) == EIGHT_BIT


def test_address_beyond_ascii(relay):
    r = relay(recipients="any")
    r.send(MESSAGE, "zoë@447.edu")
    assert r.outcome("zoë@447.edu")[0] == "sent"
    assert stored(r.account, "zoë@447.edu") == MESSAGE


def test_unknown_recipient_of_several(relay):
    """Who exists gets it, and the sender learns of the rest by a bounce, which comes the
    same way from the null address."""
    r = relay()
    r.send(MESSAGE, ANN, NOBODY)
    assert r.outcome(ANN)[0] == "sent"
    status, reply = r.outcome(NOBODY)
    assert status == "bounced" and "550 5.1.1" in reply
    assert stored(r.account) == MESSAGE
    assert r.outcome(BRAD)[0] == "sent"
    bounce = r.account.stored(BRAD, sender="")
    assert b"Undelivered Mail Returned to Sender" in bounce
    assert NOBODY.encode() in bounce


def test_wrong_password(relay):
    """The message waits in its queue."""
    r = relay(PASSWORD="wrong")
    r.send(MESSAGE, ANN)
    status, reason = r.outcome(ANN)
    assert status == "deferred" and "535 5.7.8" in reason
    r.account.no_login()


def test_untrusted_server(untrusted, relay):
    r = relay(CA=untrusted)
    r.send(MESSAGE, ANN)
    status, reason = r.outcome(ANN)
    assert status == "deferred" and "not verified" in reason
    r.account.no_login()
