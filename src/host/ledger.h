// SPDX-License-Identifier: ISC
/*
 * The ledger: what addresses, devices and users have used of their limits, in one shared
 * file of fixed size. An account is found by its key in one of 1024 buckets of its kind;
 * where a bucket is full the account goes that is soonest of no meaning anyway, so that
 * a flood of new addresses costs others of that kind at most what little they had used.
 *
 * Whoever changes an account holds the lock of the session table meanwhile
 * (host_slots_lock); one who only reads needs none.
 */
#ifndef HOST_LEDGER_H
#define HOST_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "host/shared.h"

#define HOST_LEDGER_NAME "ledger"

enum host_ledger_kind {
	HOST_LEDGER_ADDRESS,
	HOST_LEDGER_DEVICE,
	HOST_LEDGER_USER,
	HOST_LEDGER_FAILURES, /* of one user from one source and device */
	HOST_LEDGER_KINDS,
};

enum { HOST_LEDGER_KEY = 16, HOST_LEDGER_VALUES = 4 };

struct host_account {
	uint8_t key[HOST_LEDGER_KEY]; /* of all, by host_account_name */
	enum host_ledger_kind kind;
	int64_t until; /* nothing in it means anything from then on, by the caller's clock
			*/
	int64_t value[HOST_LEDGER_VALUES];
	int place; /* in its bucket, or -1 */
};

struct host_ledger {
	struct host_shared shared;
};

/* 0 with *ret, or a negative errno, which was reported. */
int host_ledger_open(const char *dir, const struct host_shared_report *report,
	struct host_ledger *ret);
int host_ledger_look(const char *dir, const struct host_shared_report *report,
	struct host_ledger *ret); /* as host_shared_look */
void host_ledger_close(struct host_ledger *l);

/* Begins an account of that kind for whatever the n bytes tell apart. */
void host_account_name(
	struct host_account *a, enum host_ledger_kind kind, const void *data, size_t n);

/* Reads the account that *a names; one that is not there is all zero. 0 or a negative
 * errno, which was reported; a damaged file is another one afterwards, and empty. */
int host_ledger_read(struct host_ledger *l, struct host_account *a);

/* Writes an account that was read before, with the lock held since then. */
int host_ledger_write(struct host_ledger *l, struct host_account *a);

#endif
