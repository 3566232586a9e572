// SPDX-License-Identifier: ISC
/*
 * posternctl sessions: who is connected now.
 */
#ifndef CTL_SESSIONS_H
#define CTL_SESSIONS_H

#include "auth/label.h"
#include "base/buffer.h"
#include "config/config.h"
#include "ctl/options.h"
#include "host/limit.h"
#include "host/sessions.h"

/* One session, as it is shown. */
struct ctl_session {
	struct host_session row;
	char user[HOST_SESSION_USER_MAX + 1];
	char label[AUTH_LABEL_SIZE]; /* of the device, as the store has it; "" for none */
	/* How much is left of each limit; -1 where there is no limit, or nothing is
	 * known.
	 */
	int64_t left[CONFIG_LIMITS][HOST_LIMITED];
};

struct ctl_sessions {
	struct ctl_session *all; /* the oldest first */
	size_t n;
};

/* Answers an exit status. */
int ctl_sessions_run(const struct config *config, const struct ctl_options *o);

/* Reads the table, the ledger and the devices' labels, which are missing where the store
 * cannot be read; report is told of files that are no good. 0 with *ret,
 * which ctl_sessions_clear ends, or a negative errno. */
int ctl_sessions_read(const struct config *config,
	const struct host_shared_report *report, struct ctl_sessions *ret);
void ctl_sessions_clear(struct ctl_sessions *s);

/* Append a table for people, whose lines have at most width columns (0: any number; the
 * least important columns go first), at most so many rows (0: all; the last of them says
 * how many more there are); JSON for programs. 0 or -ENOMEM. */
int ctl_sessions_text(struct buffer *b, const struct ctl_sessions *s, int64_t now,
	size_t width, size_t rows);
int ctl_sessions_json(struct buffer *b, const struct ctl_sessions *s);

/* The table again and again, in the terminal. Answers an exit status. */
int ctl_sessions_watch(const struct config *config);

/* Whether the folder that all instances share is there; else that is said, and the answer
 * is an exit status. */
int ctl_shared_open(const struct config *config);

/* A report that names what is wrong on standard error; context is a bool that becomes
 * true. And the status for a fault, which is named unless that was done. */
void ctl_say_shared(void *context, const char *path, int error);
int ctl_shared_fail(const struct config *config, int error, bool said);

#endif
