// SPDX-License-Identifier: ISC
/*
 * Identifiers, faults of ours and log records. Owns nothing; formatted text is cut at 512
 * bytes.
 */
#include "smtpd/server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>
#include <syslog.h>

#include "base/text.h"
#include "host/clock.h"
#include "pki/digest.h"
#include "smtpd/note.h"

int
smtpd_id(char ret[SMTPD_ID_SIZE])
{
	uint8_t bytes[(SMTPD_ID_SIZE - 1) / 2];
	int r = pki_random(bytes, sizeof bytes);

	if (r < 0)
		return r;
	text_hex(bytes, sizeof bytes, ret);
	return 0;
}

int64_t
smtpd_deadline(const struct smtpd_server *s, unsigned seconds)
{
	int64_t deadline = host_clock_ms() + (int64_t)seconds * 1000;

	return deadline < s->deadline ? deadline : s->deadline;
}

static int
status_of(int error)
{
	switch (-error) {
	case ENOENT:
	case EACCES:
	case EPERM:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
	case EINVAL:
	case EBADMSG:
		return EX_CONFIG;
	default:
		return EX_TEMPFAIL;
	}
}

void
smtpd_fault(struct smtpd_server *s, int error, const char *what, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, what);
	vsnprintf(text, sizeof text, what, ap);
	va_end(ap);
	buffer_consume(&s->fault, buffer_len(&s->fault));
	buffer_puts(&s->fault, text);
	s->status = status_of(error);
}

void
smtpd_log(
	const struct smtpd_server *s, struct host_record record, const char *message, ...)
{
	va_list ap;

	if (!record.device && s->proved && s->device[0])
		record.device = s->device;
	va_start(ap, message);
	smtpd_note_args(s->log, record, message, ap);
	va_end(ap);
}

int
smtpd_violated(struct smtpd_server *s, const char *what)
{
	smtpd_fault(s, -EPROTO, "tls process: %s", what);
	s->status = EX_OSERR;
	smtpd_log(s,
		(struct host_record){ .priority = LOG_ERR,
			.event = "tls-process-fault",
			.reason = what },
		"The tls process of %s broke the protocol of the control channel",
		s->connection->peer_port);
	return -EACCES;
}
