// SPDX-License-Identifier: ISC
/*
 * posternctl user alias: the addresses beside their own that a user may send as. They
 * stand in one field of the user's line with commas between.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "ctl/report.h"
#include "ctl/user.h"

static int
read_address(const char *word, char ret[AUTH_NAME_SIZE])
{
	struct buffer b = { 0 };

	if (auth_address_read(word, strlen(word), ret) == 0)
		return EX_OK;
	text_escape(&b, word, strnlen(word, AUTH_LOCAL_MAX));
	ctl_fail(0, "`%s' is no address: NAME@DOMAIN is expected", buffer_string(&b));
	buffer_free(&b);
	return EX_DATAERR;
}

/* The aliases, one more or one less, as the field's value; "" where none is left. */
static int
make_list(const struct buffer *line, const char *address, bool add, struct buffer *ret)
{
	const char *value;
	size_t left, n;
	int r = add ? buffer_puts(ret, address) : 0;

	if (!auth_line_get(
		    buffer_data(line), buffer_len(line), AUTH_FIELD_ALIAS, &value, &left))
		return r;
	while (r == 0 && left > 0) {
		const char *comma = memchr(value, ',', left);

		n = comma ? (size_t)(comma - value) : left;
		if (n != strlen(address) || memcmp(value, address, n) != 0) {
			if (buffer_len(ret) > 0)
				r = buffer_puts(ret, ",");
			if (r == 0)
				r = buffer_append(ret, value, n);
		}
		n += comma != NULL;
		value += n;
		left -= n;
	}
	return r;
}

static int
change_aliases(struct buffer *line, const char *address, bool add)
{
	CLEANUP(buffer_free) struct buffer list = { 0 };
	int r = make_list(line, address, add, &list);
	const char *text = r == 0 ? buffer_string(&list) : NULL;

	if (!text)
		return -ENOMEM;
	return auth_line_set(line, AUTH_FIELD_ALIAS, *text ? text : NULL);
}

static int
set_alias(const struct config *config, const struct ctl_options *o)
{
	bool add = strcmp(o->verb, "add") == 0;
	struct ctl_change change = { 0 };
	char address[AUTH_NAME_SIZE];
	int r, status = read_address(o->address, address);

	if (status != EX_OK)
		return status;
	status = ctl_change_begin(config, o->name, &change);
	if (status == EX_OK && !add &&
		!auth_line_has_alias(
			buffer_data(&change.line), buffer_len(&change.line), address))
		status = ctl_fail(
			EX_DATAERR, "%s: is no alias of %s", address, change.name);
	if (status == EX_OK) {
		r = change_aliases(&change.line, address, add);
		status = r < 0 ? ctl_store_fail(config, r)
			       : ctl_change_commit(config, &change);
	}
	ctl_change_end(&change);
	return status;
}

static int
list_aliases(const struct config *config, const struct ctl_options *o)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	CLEANUP(buffer_free) struct buffer out = { 0 };
	const char *value = "";
	size_t len = 0;
	int r, status = ctl_user_find(config, o->name, &line);

	if (status != EX_OK)
		return status;
	auth_line_get(
		buffer_data(&line), buffer_len(&line), AUTH_FIELD_ALIAS, &value, &len);
	if (o->json) {
		r = json_list(&out, value, len);
		if (r < 0 || !buffer_string(&out))
			return ctl_fail(EX_TEMPFAIL, "out of memory");
		puts(buffer_data(&out));
		return EX_OK;
	}
	for (size_t i = 0; i < len; i++)
		putchar(value[i] == ',' ? '\n' : value[i]);
	if (len > 0)
		putchar('\n');
	return EX_OK;
}

int
ctl_user_alias(const struct config *config, const struct ctl_options *o)
{
	return strcmp(o->verb, "list") == 0 ? list_aliases(config, o)
					    : set_alias(config, o);
}
