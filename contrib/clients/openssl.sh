#!/bin/sh
# SPDX-License-Identifier: ISC
# openssl: a dialogue to be typed. Without -quiet a line that begins with R or Q is a
# command of s_client's own.
exec openssl s_client -connect HOST:PORT -CAfile CA -verify_return_error \
	-verify_hostname HOST -cert CERT -key KEY -quiet -crlf "$@"
