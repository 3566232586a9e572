// SPDX-License-Identifier: ISC
/*
 * The handlers that a resident parent has forked and that have not ended, and for whom
 * each works: a value, with no process behind it.
 */
#ifndef SMTPD_CHILDREN_H
#define SMTPD_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/listen.h"

struct smtpd_child {
	pid_t pid;
	struct host_source source;
};

/* Zeroed: none. In no order. */
struct smtpd_children {
	struct smtpd_child *at;
	size_t n;
	size_t cap;
};

void smtpd_children_free(struct smtpd_children *c);

/* Makes room for one more, so that the next add cannot fail. 0 or -ENOMEM. */
int smtpd_children_reserve(struct smtpd_children *c);

/* With room reserved. */
void smtpd_children_add(
	struct smtpd_children *c, pid_t pid, const struct host_source *source);

/* Takes the one with that id out. False where there is none. */
bool smtpd_children_take(struct smtpd_children *c, pid_t pid, struct smtpd_child *ret);

/* How many work for that source. */
size_t smtpd_children_count(
	const struct smtpd_children *c, const struct host_source *source);

#endif
