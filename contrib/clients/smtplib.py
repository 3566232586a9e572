# SPDX-License-Identifier: ISC
# Python: smtplib, a session that is logged in; end it with quit(), or use it in a `with`.
import smtplib
import ssl


def log_in():
    context = ssl.create_default_context(cafile="CA")
    context.load_cert_chain("CERT", "KEY")
    session = smtplib.SMTP_SSL("HOST", PORT, timeout=60, context=context)
    session.login("USER", "PASSWORD")
    return session
