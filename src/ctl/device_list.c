// SPDX-License-Identifier: ISC
/*
 * posternctl device list: what the store says of devices, and when they were last here,
 * for people and for programs. Damaged lines are named on standard error and passed over.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "auth/device.h"
#include "auth/seen.h"
#include "auth/stamp.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "ctl/device.h"
#include "ctl/listing.h"
#include "ctl/report.h"
#include "ctl/user.h"

struct listing {
	const struct config *config;
	const char *user; /* NULL: all */
	bool json;
	int64_t now;
	size_t n;
};

/* A device, and its line. */
struct row {
	const char *line;
	size_t len;
	struct auth_device device;
	char pin[PKI_PIN_HEX];
	char seen[AUTH_STAMP_SIZE]; /* "" for never */
};

static const char *
state_name(const struct listing *l, const struct row *r)
{
	if (r->device.revoked)
		return "revoked";
	if (r->device.expires <= l->now)
		return "expired";
	return r->device.used || *r->seen ? "active" : "never used";
}

static int
read_row(const struct listing *l, const char *line, size_t len, struct row *ret)
{
	struct row r = { .line = line, .len = len };
	int64_t seen;

	if (auth_device_of_line(line, len, &r.device) < 0)
		return -EBADMSG;
	memcpy(r.pin, line + 2, sizeof(r.pin) - 1);
	if (auth_seen_read(l->config->users, r.pin, &seen) > 0)
		auth_stamp(seen, r.seen);
	*ret = r;
	return 0;
}

static int
put_field(struct buffer *b, const struct row *row, const char *name, const char *field)
{
	const char *value = NULL;
	size_t len = 0;
	int r;

	auth_line_get(row->line, row->len, field, &value, &len);
	r = json_name(b, name);
	if (r < 0)
		return r;
	return value ? json_string(b, value, len) : buffer_puts(b, "null");
}

static int
put_json(struct buffer *b, const struct listing *l, const struct row *row)
{
	static const struct {
		const char *name, *field;
	} FIELDS[] = {
		{ "created", AUTH_FIELD_CREATED },
		{ "first_use", AUTH_FIELD_FIRST_USE },
		{ "expires", AUTH_FIELD_EXPIRES },
		{ "revoked", AUTH_FIELD_REVOKED },
	};
	const struct auth_device *d = &row->device;
	const char *senders = NULL;
	size_t len = 0;
	int r = buffer_printf(b, "{\"pin\": \"%s\"", row->pin);

	if (r == 0)
		r = json_member(b, "user", d->user);
	if (r == 0)
		r = json_member(b, "label", *d->label ? d->label : NULL);
	if (r == 0)
		r = json_member(b, "state", state_name(l, row));
	for (size_t i = 0; r == 0 && i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++)
		r = put_field(b, row, FIELDS[i].name, FIELDS[i].field);
	if (r == 0)
		r = json_member(b, "last_use", *row->seen ? row->seen : NULL);
	if (r == 0)
		r = json_name(b, "senders");
	if (r < 0)
		return r;
	if (auth_line_get(row->line, row->len, AUTH_FIELD_SENDERS, &senders, &len))
		r = json_list(b, senders, len);
	else
		r = buffer_puts(b, "null");
	return r < 0 ? r : buffer_puts(b, "}");
}

static int
show_json(const struct listing *l, const struct row *row)
{
	CLEANUP(buffer_free) struct buffer out = { 0 };

	if (put_json(&out, l, row) < 0 || !buffer_string(&out))
		return -ENOMEM;
	printf("%s\n  %s", l->n > 1 ? "," : "", buffer_data(&out));
	return 0;
}

static int
list_line(void *context, size_t number, const char *line, size_t len, bool whole)
{
	struct listing *l = context;
	const struct auth_device *d;
	struct row row;

	if (!whole) {
		ctl_warn_damage(l->config, number);
		return 0;
	}
	if (line[0] != 'd' || read_row(l, line, len, &row) < 0)
		return 0;
	d = &row.device;
	if (l->user && strcmp(l->user, d->user) != 0)
		return 0;
	l->n++;
	if (l->json)
		return show_json(l, &row);
	printf("%s  %-10s  %-20s  %-28s  %s\n", row.pin, state_name(l, &row),
		*row.seen ? row.seen : "-", d->user, *d->label ? d->label : "-");
	return 0;
}

int
ctl_device_list(const struct config *config, const struct ctl_options *o)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	char user[AUTH_NAME_SIZE];
	struct listing l = { .config = config, .json = o->json, .now = auth_now() };
	int status = EX_OK;

	if (o->name) {
		status = ctl_user_name(config, o->name, user);
		if (status == EX_OK)
			status = ctl_user_find(config, user, &line);
		l.user = user;
	}
	if (status != EX_OK)
		return status;
	return ctl_list_store(config, o->json, list_line, &l, &l.n);
}
