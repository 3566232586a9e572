// SPDX-License-Identifier: ISC
/*
 * A bar for what takes long, on the terminal that stderr is; on anything else, and before
 * a second has passed, nothing is shown.
 */
#ifndef CLIENT_PROGRESS_H
#define CLIENT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct client_progress {
	uint64_t total;  /* bytes */
	int64_t started; /* milliseconds of host_clock_ms */
	int64_t shown;   /* the last time, or 0 */
	bool on;
};

void client_progress_begin(struct client_progress *p, uint64_t total);
void client_progress_show(struct client_progress *p, uint64_t done);

/* Takes the bar away, so that what is said next begins a line. */
void client_progress_end(struct client_progress *p);

/* Appends one line of at most width columns: part, bar, amount, rate, and the time that
 * is left at that rate. ms: how long done bytes have taken. 0 or -ENOMEM. */
int client_progress_line(
	struct buffer *b, unsigned width, uint64_t done, uint64_t total, int64_t ms);

#endif
