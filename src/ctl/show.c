// SPDX-License-Identifier: ISC
/*
 * posternctl user list and show: what the store says of users, for people and for
 * programs. Salts and keys are not shown. Damaged lines are named on standard error and
 * passed over.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "auth/store.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "ctl/listing.h"
#include "ctl/report.h"
#include "ctl/user.h"

int
ctl_user_find(const struct config *config, const char *word, struct buffer *ret_line)
{
	CLEANUP(auth_store_cleanup) struct auth_store *s = NULL;
	char name[AUTH_NAME_SIZE];
	int r, status = ctl_user_name(config, word, name);

	if (status != EX_OK)
		return status;
	r = auth_store_open(config->users, &s);
	if (r == 0)
		r = auth_store_find(s, 'u', name, ret_line);
	if (r == -EBADMSG)
		return ctl_user_damaged(config, name);
	if (r < 0)
		return ctl_store_fail(config, r);
	if (auth_store_damage(s) > 0)
		ctl_warn_damage(config, auth_store_damage(s));
	if (r == 0)
		return ctl_fail(EX_NOUSER, "%s: there is no such user", name);
	return EX_OK;
}

/* A user's line, and what is asked of it. */
struct user {
	const char *line;
	size_t len;
};

static bool
has(struct user u, const char *field)
{
	return auth_line_has(u.line, u.len, field);
}

/* Fields in the order they are shown. */
static const struct {
	const char *field; /* in the store */
	const char *label; /* for people */
	const char *json;
} FIELDS[] = {
	{ AUTH_FIELD_CREATED, "created", "created" },
	{ AUTH_FIELD_PASSWORD, "password set", "password_set" },
	{ AUTH_FIELD_FIRST_LOGIN, "first login", "first_login" },
	{ AUTH_FIELD_LOCKED, "locked since", "locked_since" },
	{ AUTH_FIELD_ENROLLED_BY, "enrolled by", "enrolled_by" },
	{ "iterations", "iterations", NULL },
};

enum { N_FIELDS = sizeof(FIELDS) / sizeof(FIELDS[0]) };

static const char *
state_name(struct user u)
{
	if (has(u, AUTH_FIELD_LOCKED))
		return "locked";
	if (!has(u, "stored"))
		return "no password";
	return has(u, AUTH_FIELD_FIRST_LOGIN) ? "active" : "never logged in";
}

/* One user as an object. */
static int
put_json(struct buffer *b, struct user u)
{
	const char *value = "";
	size_t len = 0;
	int r = buffer_puts(b, "{\"user\": ");

	if (r == 0)
		r = json_string(b, u.line + 2, auth_line_key(u.line, u.len) - 2);
	if (r == 0)
		r = buffer_printf(b,
			", \"locked\": %s, \"logged_in\": %s, \"password\": %s",
			has(u, AUTH_FIELD_LOCKED) ? "true" : "false",
			has(u, AUTH_FIELD_FIRST_LOGIN) ? "true" : "false",
			has(u, "stored") ? "true" : "false");
	for (size_t i = 0; r == 0 && i < N_FIELDS; i++) {
		if (!FIELDS[i].json ||
			!auth_line_get(u.line, u.len, FIELDS[i].field, &value, &len))
			continue;
		r = buffer_printf(b, ", \"%s\": ", FIELDS[i].json);
		if (r == 0)
			r = json_string(b, value, len);
	}
	if (r == 0)
		r = buffer_puts(b, ", \"aliases\": ");
	len = 0;
	auth_line_get(u.line, u.len, AUTH_FIELD_ALIAS, &value, &len);
	if (r == 0)
		r = json_list(b, value, len);
	return r < 0 ? r : buffer_puts(b, "}");
}

static void
show_text(struct user u)
{
	const char *value;
	size_t len;

	printf("%.*s: %s\n", (int)auth_line_key(u.line, u.len) - 2, u.line + 2,
		state_name(u));
	for (size_t i = 0; i < N_FIELDS; i++)
		if (auth_line_get(u.line, u.len, FIELDS[i].field, &value, &len))
			printf("  %-12s  %.*s\n", FIELDS[i].label, (int)len, value);
	if (!auth_line_get(u.line, u.len, AUTH_FIELD_ALIAS, &value, &len))
		return;
	while (len > 0) {
		const char *comma = memchr(value, ',', len);
		size_t n = comma ? (size_t)(comma - value) : len;

		printf("  %-12s  %.*s\n", "alias", (int)n, value);
		n += comma != NULL;
		value += n;
		len -= n;
	}
}

int
ctl_user_show(const struct config *config, const struct ctl_options *o)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	CLEANUP(buffer_free) struct buffer out = { 0 };
	struct user u;
	int status = ctl_user_find(config, o->name, &line);

	if (status != EX_OK)
		return status;
	u = (struct user){ buffer_data(&line), buffer_len(&line) };
	if (!o->json) {
		show_text(u);
		return EX_OK;
	}
	if (put_json(&out, u) < 0 || !buffer_string(&out))
		return ctl_fail(EX_TEMPFAIL, "out of memory");
	puts(buffer_data(&out));
	return EX_OK;
}

struct listing {
	const struct config *config;
	bool json;
	size_t n;
};

static int
list_json(struct listing *l, struct user u)
{
	CLEANUP(buffer_free) struct buffer out = { 0 };

	if (put_json(&out, u) < 0 || !buffer_string(&out))
		return -ENOMEM;
	printf("%s\n  %s", l->n > 1 ? "," : "", buffer_data(&out));
	return 0;
}

static int
list_line(void *context, size_t number, const char *line, size_t len, bool whole)
{
	struct listing *l = context;
	struct user u = { line, len };
	const char *created = "";
	size_t created_len = 0;

	if (!whole) {
		ctl_warn_damage(l->config, number);
		return 0;
	}
	if (line[0] != 'u')
		return 0;
	l->n++;
	if (l->json)
		return list_json(l, u);
	auth_line_get(line, len, AUTH_FIELD_CREATED, &created, &created_len);
	printf("%-32.*s  %-15s  %.*s\n", (int)auth_line_key(line, len) - 2, line + 2,
		state_name(u), (int)created_len, created);
	return 0;
}

int
ctl_user_list(const struct config *config, const struct ctl_options *o)
{
	struct listing l = { config, o->json, 0 };

	return ctl_list_store(config, o->json, list_line, &l, &l.n);
}
