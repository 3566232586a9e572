// SPDX-License-Identifier: ISC
/*
 * The two forms of a record: a line of text, and the fields of the journal. Every value
 * is escaped (a byte outside printable ASCII, a quote or a backslash is \xHH) and cut
 * where it is too long, which "\..." marks, so that neither form ever holds a line break
 * or more than HOST_LOG_LINE_MAX bytes.
 */
#ifndef HOST_LOG_RECORD_H
#define HOST_LOG_RECORD_H

#include <time.h>

#include "base/buffer.h"
#include "host/log.h"

#define HOST_LOG_IDENTIFIER "postern-smtpd"

enum { HOST_LOG_LINE_MAX = 4096 };

/* Appends "TIME postern-smtpd[PID]: MESSAGE event=… session=… …" and a line feed. Time is
 * UTC. A value with a blank or an equals sign in it stands in quotes, a reason always
 * does; an equals sign in the message is escaped, so that the first one on the line is a
 * field's. 0 or -ENOMEM. */
int host_log_record_text(struct buffer *b, const struct host_record *record,
	const char *session, const char *peer, const struct timespec *now, long pid);

/* Appends "FIELD=value" for each field, a line feed behind each. 0 or -ENOMEM. */
int host_log_record_fields(struct buffer *b, const struct host_record *record,
	const char *session, const char *peer);

#endif
