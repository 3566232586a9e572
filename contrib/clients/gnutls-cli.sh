#!/bin/sh
# SPDX-License-Identifier: ISC
# gnutls-cli: a dialogue to be typed.
exec gnutls-cli --x509cafile=CA --x509certfile=CERT --x509keyfile=KEY --crlf \
	--port=PORT "$@" HOST
