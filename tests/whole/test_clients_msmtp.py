# SPDX-License-Identifier: ISC
"""msmtp, as sendmail(8) is called, with contrib/clients/msmtp.conf."""

import pytest

from clients import ANN, BRAD, MESSAGE, NOBODY

# What msmtp would put into a message that has it already.
AS_IT_IS = "set_date_header off\nset_msgid_header off\n"
STARTTLS = "tls_starttls on\n"


@pytest.mark.parametrize("mechanism", ["scram-sha-256", "plain", "login", "external"])
def test_mechanisms(account, mechanism):
    a = account()
    conf = a.recipe("msmtp.conf", AS_IT_IS + f"auth {mechanism}\n")
    a.run("msmtp", "-C", conf, ANN, input=MESSAGE)
    assert a.stored() == MESSAGE
    assert a.logins() == [(BRAD, mechanism.upper())]


@pytest.mark.every_build
@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_starttls(account, tls):
    a = account(tls="starttls")
    conf = a.recipe("msmtp.conf", AS_IT_IS + STARTTLS +
                    f"tls_priorities NORMAL:-VERS-ALL:+VERS-TLS{tls}\n")
    a.run("msmtp", "-C", conf, ANN, input=MESSAGE)
    assert a.stored() == MESSAGE
    assert a.logins() == [(BRAD, "SCRAM-SHA-256")]
    [admitted] = a.door.records(event="admitted")
    assert f"TLS{tls}" in admitted["message"]


def test_mechanism_of_its_own_choice(account):
    a = account()
    a.run("msmtp", "-C", a.recipe("msmtp.conf", AS_IT_IS + "auth on\n"), ANN, input=MESSAGE)
    assert a.stored() == MESSAGE


def test_recipients_of_the_header(account):
    a = account()
    blind = b"Bcc: " + BRAD.encode() + b"\n" + MESSAGE
    a.run("msmtp", "-C", a.recipe("msmtp.conf", AS_IT_IS), "-t", input=blind)
    assert a.stored(ANN) == a.stored(BRAD) == MESSAGE


def test_wrong_password(account):
    a = account()
    conf = a.recipe("msmtp.conf", PASSWORD="wrong")
    said = a.run("msmtp", "-C", conf, ANN, input=MESSAGE, status=77)
    assert "5.7.8" in said
    a.no_login()


def test_unknown_recipient(account):
    """msmtp sends to all or to nobody."""
    a = account()
    said = a.run("msmtp", "-C", a.recipe("msmtp.conf"), ANN, NOBODY, input=MESSAGE, status=65)
    assert "5.1.1" in said and NOBODY in said
    a.nothing_stored()


def test_untrusted_server(account):
    a = account()
    conf = a.recipe("msmtp.conf", CA=a.untrusted)
    a.run("msmtp", "-C", conf, ANN, input=MESSAGE, status=69)
    a.no_login()


def test_server_info(account):
    a = account()
    said = a.run("msmtp", "-C", a.recipe("msmtp.conf"), "--serverinfo")
    assert "SCRAM-SHA-256" in said and "CN=localhost" in said
