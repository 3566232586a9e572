# SPDX-License-Identifier: ISC
"""The tool of GNU SASL, with contrib/clients/gsasl.sh: every mechanism, channel binding too.
It logs in and sends no mail."""

import pytest

from clients import BRAD


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "EXTERNAL", "PLAIN", "LOGIN"])
def test_mechanisms(account, mechanism, tls):
    """With binding data in hand it refuses SCRAM-SHA-256 by itself."""
    a = account(tls="starttls")
    a.run(a.recipe("gsasl.sh"), f"--mechanism={mechanism}", "--no-cb",
          f"--priority=NORMAL:-VERS-ALL:+VERS-TLS{tls}")
    assert a.logins() == [(BRAD, mechanism)]
    a.door.wait()
    assert a.door.records(event="closed")[0]["reason"] == "quit"


@pytest.mark.every_build
def test_mechanism_of_its_own_choice(account):
    a = account(tls="starttls")
    said = a.run(a.recipe("gsasl.sh"))
    assert "(server trusted)" in said
    assert a.logins() == [(BRAD, "SCRAM-SHA-256-PLUS")]


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256-PLUS", "PLAIN", "LOGIN"])
def test_wrong_password(account, mechanism):
    a = account(tls="starttls")
    conf = a.recipe("gsasl.sh", PASSWORD="wrong")
    assert "5.7.8" in a.run(conf, f"--mechanism={mechanism}", status=1)
    a.no_login()


def test_untrusted_server(account):
    a = account(tls="starttls")
    a.run(a.recipe("gsasl.sh", CA=a.untrusted), status=1)
    a.no_login()


def test_without_channel_binding_in_tls_1_2(account):
    """What it has there is tls-unique alone, and so it has to be told the mechanism."""
    a = account(tls="starttls")
    said = a.run(a.recipe("gsasl.sh"), "--no-cb", "--priority=NORMAL:-VERS-TLS1.3",
                 "--mechanism=SCRAM-SHA-256")
    assert "TLS1.2" in said
    assert a.logins() == [(BRAD, "SCRAM-SHA-256")]
