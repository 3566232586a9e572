// SPDX-License-Identifier: ISC
/*
 * The state of the resident parent, shared by its loop (resident.c), by what becomes of a
 * connection (resident_accept.c) and by what comes after it (resident_end.c).
 */
#ifndef SMTPD_RESIDENT_PRIVATE_H
#define SMTPD_RESIDENT_PRIVATE_H

#include "host/again.h"
#include "host/notify.h"
#include "smtpd/handover.h"
#include "smtpd/known.h"
#include "smtpd/resident.h"

enum { SMTPD_DEATHS_MAX = 16 };

struct smtpd_resident {
	struct smtpd_known known;
	char *const *argv;
	char program[HOST_AGAIN_PATH_SIZE];
	struct host_listeners listeners;
	struct host_notify notify;
	int signals;
	int reserve; /* a descriptor to give up where there is no other */

	struct smtpd_children children;
	struct smtpd_counts counts;
	unsigned deaths; /* by signals, of processes that have this one's layout */
	bool walled;

	/* Times by host_clock_ms; 0: not set. */
	int64_t paused;    /* until then nothing is accepted, for a shortage */
	int64_t pause;     /* how long the next one is, in milliseconds */
	int64_t refusals;  /* the end of a span, in which so many refusals are logged */
	unsigned logged;   /* refusals, in this span */
	unsigned unlogged; /* likewise, that were not */
	int64_t alive;     /* a sign of life is due */
	int64_t status;    /* the next STATUS may be sent */
	bool changed;      /* since the last one */
	int64_t stop;      /* by then all handlers have ended, or are killed */
};

/* Takes what waits on a listener, up to a number that leaves the others their turn. */
void smtpd_resident_accept(struct smtpd_resident *r, const struct host_listener *l);

/* The end of a span of refusals: tells how many were not logged. */
void smtpd_resident_end_span(struct smtpd_resident *r);

/* Takes note of all children that have ended. */
void smtpd_resident_reap(struct smtpd_resident *r);

/* Stops accepting, and asks all handlers to come to an end. */
void smtpd_resident_stop(struct smtpd_resident *r);

/* Ends handlers that have not come to it in time. */
void smtpd_resident_kill(struct smtpd_resident *r);

/* Executes the program anew. Returns where that cannot be done, which is logged. */
void smtpd_resident_renew(struct smtpd_resident *r);

/* Sets r up as what was there before has left it, if anything. */
void smtpd_resident_take_over(struct smtpd_resident *r);

#endif
