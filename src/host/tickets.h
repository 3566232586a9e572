// SPDX-License-Identifier: ISC
/*
 * The table of session tickets, one shared file of fixed size: for each session that may
 * be resumed its ticket key, and whose it is. The keys are secrets: the file is its
 * owner's alone, is read in no process but those that know all users anyway, and what
 * has ended is overwritten. Of a file that is damaged, or that others may read, nothing
 * is believed; it is emptied before it is set aside.
 *
 * An entry lives an hour at most. Where there is no place left the oldest gives way.
 */
#ifndef HOST_TICKETS_H
#define HOST_TICKETS_H

#include <stddef.h>
#include <stdint.h>

#include "host/shared.h"

#define HOST_TICKETS_NAME "tickets"

enum {
	HOST_TICKET_KEY = 64,
	HOST_TICKET_ID = 16,
	HOST_TICKET_ADDRESS = 16,
	HOST_TICKET_TERMS = 32,
	HOST_TICKET_CHAIN_MAX = 3948, /* bytes; sessions with more are not kept */
	HOST_TICKET_SECONDS = 3600,   /* that an entry lives */
};

/* Whoever holds one wipes it. */
struct host_ticket {
	uint8_t id[HOST_TICKET_ID];
	uint8_t key[HOST_TICKET_KEY];
	uint8_t address[HOST_TICKET_ADDRESS]; /* of the peer, as the caller writes it */
	int64_t made;                         /* seconds since 1970 */
	uint32_t chain_len;
	uint8_t terms[HOST_TICKET_TERMS];     /* by which the chain was good, likewise */
	uint8_t chain[HOST_TICKET_CHAIN_MAX]; /* whose it is, as the caller writes it */
};

struct host_tickets {
	struct host_shared shared;
};

/* Opens the file, and makes it if need be. 0 with *ret, or a negative errno, which was
 * reported. The descriptor is not for a process that is forked. */
int host_tickets_open(const char *dir, const struct host_shared_report *report,
	struct host_tickets *ret);
void host_tickets_close(struct host_tickets *t);

/* Each of these waits a little for whoever else is at it, overwrites what has ended by
 * now (seconds since 1970, as in made), and answers 0, or a negative errno: reported,
 * but for -ENOENT, -E2BIG and -ETIMEDOUT. */

/* Keeps an entry, made now. -E2BIG where its chain is too long. */
int host_tickets_put(struct host_tickets *t, const struct host_ticket *ticket);

/* Finds one by its id. -ENOENT where there is none. */
int host_tickets_find(struct host_tickets *t, const uint8_t id[HOST_TICKET_ID],
	int64_t now, struct host_ticket *ret);

/* Ends one, and 0 as well where there is none. */
int host_tickets_drop(
	struct host_tickets *t, const uint8_t id[HOST_TICKET_ID], int64_t now);

/* Overwrites all that has ended, if nobody has done that for a minute. */
int host_tickets_sweep(struct host_tickets *t, int64_t now);

#endif
