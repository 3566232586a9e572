#!/bin/sh
# SPDX-License-Identifier: ISC
# gsasl: tries a login, by STARTTLS and with channel binding; it sends no mail.
exec gsasl --smtp --verbose --x509-ca-file=CA --x509-cert-file=CERT \
	--x509-key-file=KEY --authentication-id=USER \
	--password=PASSWORD "$@" HOST PORT </dev/null
