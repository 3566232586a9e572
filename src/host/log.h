// SPDX-License-Identifier: ISC
/*
 * The log: one record an event, to the journal as fields, or as one line of text to a
 * file or stderr. A line is written by one write(2) in append mode, so that any number of
 * processes may share a file. Untrusted bytes are escaped here, whatever the caller
 * passes.
 */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include "config/config.h"

struct host_log;

/* Priorities as syslog(3) numbers them. */
struct host_record {
	int priority;
	const char *event;   /* one word with hyphens: "login", "message-accepted" */
	const char *message; /* one sentence for a person */
	const char *reason;  /* each of these may be NULL */
	const char *user;
	const char *device; /* the pin in hexadecimal */
	const char *queue_id;
};

/* Opens what the configuration says. Nothing is opened later, but the journal once
 * more where its socket is another one by then. With CONFIG_LOG_AUTO the journal if its
 * socket answers, else stderr, unless that has become /dev/null. 0 with
 * *ret, or a negative errno, with the file's name known from the configuration. */
int host_log_open(const struct config *config, struct host_log **ret);
void host_log_free(struct host_log *log); /* NULL does nothing */

/* The open descriptor that records are written to, or -1. */
int host_log_descriptor(const struct host_log *log);

/* To be called before walls go up, behind which the journal is not connected to again. A
 * process that has the log of its parent connects once more, and what its parent could
 * not write is not its own to count. */
void host_log_settle(struct host_log *log);

/* Every record from here on names this session and this peer; copied. */
void host_log_session(struct host_log *log, const char *session, const char *peer);

/* Waits for a reader that does not read once, and not for long. A record that cannot be
 * written is lost, and the next one that can is preceded by another that counts those
 * (event "records-lost"). errno stays. */
void host_log_write(struct host_log *log, const struct host_record *record);

#endif
