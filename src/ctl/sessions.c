// SPDX-License-Identifier: ISC
/*
 * The living rows of the session table, with what is left of their limits. Files are only
 * looked at: what is damaged is named and passed over. Owns the array until it is
 * cleared.
 */
#include "ctl/sessions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "auth/device.h"
#include "base/cleanup.h"
#include "ctl/report.h"
#include "host/clock.h"

static const char TABLE[] = "sessions";

_Static_assert((int)HOST_SESSION_DEVICE == (int)PKI_PIN_SIZE, "a device is its pin");

void
ctl_say_shared(void *context, const char *path, int error)
{
	bool *said = context;

	*said = true;
	if (error == -EBADMSG)
		ctl_fail(0, "%s: damaged; the next connection sets it aside", path);
	else
		ctl_fail(0, "%s: %s", path, strerror(-error));
}

int
ctl_shared_open(const struct config *config)
{
	struct stat st;

	if (stat(config->run, &st) == 0 || errno != ENOENT)
		return EX_OK;
	return ctl_fail(EX_NOINPUT,
		"%s: there is no such folder, which the server shares its counts in; "
		"`run' names it, systemd-tmpfiles --create makes it",
		config->run);
}

int
ctl_shared_fail(const struct config *config, int error, bool said)
{
	if (!said)
		ctl_fail(0, "%s: %s", config->run, strerror(-error));
	switch (-error) {
	case ENOMEM:
		return EX_TEMPFAIL;
	case EACCES:
	case EPERM:
		return EX_NOPERM;
	case EBADMSG:
		return EX_DATAERR;
	default:
		return EX_IOERR;
	}
}

struct reading {
	struct host_slots *slots;
	struct ctl_sessions found;
	size_t cap;
};

static int
take_session(void *context, unsigned slot, const struct host_session *row)
{
	struct reading *r = context;
	struct ctl_session *one;

	if (r->found.n == r->cap) {
		size_t cap = r->cap == 0 ? 64 : 2 * r->cap;
		void *grown = reallocarray(r->found.all, cap, sizeof *r->found.all);

		if (!grown)
			return -ENOMEM;
		r->found.all = grown;
		r->cap = cap;
	}
	one = &r->found.all[r->found.n++];
	*one = (struct ctl_session){ .row = *row };
	host_sessions_read_user(r->slots, slot, row, one->user);
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct ctl_session *x = a, *y = b;

	if (x->row.since != y->row.since)
		return x->row.since < y->row.since ? -1 : 1;
	return memcmp(x->row.id, y->row.id, sizeof x->row.id);
}

static unsigned
count_like(const struct ctl_sessions *s, const struct ctl_session *one,
	enum config_limited whose)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += host_session_same(&one->row, &s->all[i].row, whose);
	return n;
}

static void
judge_one(const struct config *config, struct host_ledger *ledger,
	const struct ctl_sessions *s, struct ctl_session *one, enum config_limited whose)
{
	struct host_account account;
	int64_t now = host_clock_now_ns();
	bool known = host_session_account(&one->row, whose, &account);
	unsigned most = config->limits[whose].sessions;
	unsigned n = most > 0 && known ? count_like(s, one, whose) : 0;
	bool read = known && ledger && host_ledger_read(ledger, &account) == 0;

	one->left[whose][HOST_LIMIT_SESSIONS] = most == 0 || !known ? -1
						: most > n          ? (int64_t)most - n
								    : 0;
	for (unsigned what = HOST_LIMIT_VALUE; what < HOST_LIMITED; what++) {
		struct host_limit limit = host_limit_of(config, whose, what);

		one->left[whose][what] = -1;
		if (limit.most > 0 && read)
			one->left[whose][what] = host_limit_left(
				limit, account.value[what - HOST_LIMIT_VALUE], now);
	}
}

static void
judge_all(const struct config *config, const struct host_shared_report *report,
	struct ctl_sessions *s)
{
	struct host_ledger ledger;
	bool has = host_ledger_look(config->run, report, &ledger) == 0;

	for (size_t i = 0; i < s->n; i++)
		for (unsigned whose = 0; whose < CONFIG_LIMITS; whose++)
			judge_one(config, has ? &ledger : NULL, s, &s->all[i], whose);
	if (has)
		host_ledger_close(&ledger);
}

/* What people call the devices. */
static void
label_all(const struct config *config, struct ctl_sessions *s)
{
	CLEANUP(auth_store_cleanup) struct auth_store *store = NULL;
	enum auth_standing standing;
	struct auth_device device;

	if (s->n == 0 || auth_store_open(config->users, &store) < 0)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (auth_device_find(store, s->all[i].row.device, 0, &device, &standing) >
			0)
			memcpy(s->all[i].label, device.label, sizeof device.label);
}

int
ctl_sessions_read(const struct config *config, const struct host_shared_report *report,
	struct ctl_sessions *ret)
{
	struct reading reading = { 0 };
	int r = host_slots_look(config->run, TABLE, report, &reading.slots);

	if (r == 0)
		r = host_sessions_each(reading.slots, take_session, &reading);
	host_slots_free(reading.slots);
	/* Without a file nobody has ever been connected. */
	if (r < 0 && r != -ENOENT) {
		ctl_sessions_clear(&reading.found);
		return r;
	}
	if (reading.found.n > 0)
		qsort(reading.found.all, reading.found.n, sizeof *reading.found.all,
			compare);
	judge_all(config, report, &reading.found);
	label_all(config, &reading.found);
	*ret = reading.found;
	return 0;
}

void
ctl_sessions_clear(struct ctl_sessions *s)
{
	free(s->all);
	*s = (struct ctl_sessions){ 0 };
}

int
ctl_sessions_run(const struct config *config, const struct ctl_options *o)
{
	CLEANUP(ctl_sessions_clear) struct ctl_sessions s = { 0 };
	CLEANUP(buffer_free) struct buffer b = { 0 };
	bool said = false;
	struct host_shared_report report = { ctl_say_shared, &said };
	int r, status = ctl_shared_open(config);

	if (status != EX_OK)
		return status;
	if (o->watch)
		return ctl_sessions_watch(config);
	r = ctl_sessions_read(config, &report, &s);
	if (r < 0)
		return ctl_shared_fail(config, r, said);
	if (o->json)
		r = ctl_sessions_json(&b, &s);
	else
		r = ctl_sessions_text(&b, &s, host_clock_now_ns() / 1000000, 0, 0);
	if (r < 0 || !buffer_string(&b))
		return ctl_fail(EX_TEMPFAIL, "out of memory");
	fputs(buffer_string(&b), stdout);
	return said ? EX_DATAERR : EX_OK;
}
