// SPDX-License-Identifier: ISC
/*
 * What a resident parent leaves to itself when it executes its program anew: who its
 * handlers are, what it has counted, and that its walls stand. As bytes, which whoever
 * takes them believes nothing of that can be looked up.
 */
#ifndef SMTPD_HANDOVER_H
#define SMTPD_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "smtpd/children.h"

enum { SMTPD_HANDLERS_MAX = 65536 };

struct smtpd_counts {
	uint64_t served; /* handlers that were forked */
	uint64_t
		refused; /* connections over a limit, or for which there was no process */
	uint64_t died;   /* handlers of which a process was ended by a signal */
	uint64_t renewed; /* times that the program was executed anew */
};

struct smtpd_handover {
	pid_t pid;
	bool walled;
	int notify; /* descriptor of struct host_notify, or -1 */
	struct smtpd_counts counts;
	struct smtpd_children children;
};

/* Appends it as bytes. 0 or -ENOMEM. */
int smtpd_handover_write(struct buffer *b, const struct smtpd_handover *h);

/* Reads len bytes. 0 with *ret, whose children the caller frees; -EBADMSG for anything
 * that smtpd_handover_write has not written, or that names a process twice; -ENOMEM. */
int smtpd_handover_read(const void *data, size_t len, struct smtpd_handover *ret);

#endif
