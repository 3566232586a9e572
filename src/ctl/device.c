// SPDX-License-Identifier: ISC
/*
 * Commands that change one device: revoke, label, del. A device is named by its pin, or
 * by its label where no other one has the same. A change owns the update and the line.
 */
#include "ctl/device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "auth/device.h"
#include "auth/seen.h"
#include "auth/stamp.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/report.h"

struct change {
	struct auth_update *update;
	struct buffer line;
	char pin[PKI_PIN_HEX];
	bool damaged;
};

static void
change_end(struct change *c)
{
	auth_update_free(c->update);
	buffer_free(&c->line);
}

/* Devices of one label; the pin is that of the last. */
struct search {
	const char *label;
	char pin[PKI_PIN_HEX];
	size_t n;
};

static int
match_label(void *context, const char *line, size_t len)
{
	struct search *s = context;
	struct auth_device d;

	if (auth_device_of_line(line, len, &d) < 0 || strcmp(d.label, s->label) != 0)
		return 0;
	memcpy(s->pin, line + 2, sizeof(s->pin) - 1);
	s->pin[sizeof(s->pin) - 1] = '\0';
	s->n++;
	return 0;
}

/* The pin that the word is or means: 0, or an exit status. No word at all is not the
 * label of a device without one. */
static int
resolve(struct auth_update *u, const char *word, char ret[PKI_PIN_HEX])
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct search s = { .label = word };
	uint8_t pin[PKI_PIN_SIZE];

	if (text_unhex(word, strlen(word), pin, sizeof(pin)) == 0) {
		text_hex(pin, sizeof(pin), ret);
		return EX_OK;
	}
	if (!*word)
		return ctl_fail(
			EX_USAGE, "a pin or a label is expected, and not nothing");
	auth_update_each(u, 'd', match_label, &s);
	if (s.n == 1) {
		memcpy(ret, s.pin, sizeof(s.pin));
		return EX_OK;
	}
	text_escape(&b, word, strnlen(word, AUTH_LABEL_MAX));
	if (s.n > 1)
		return ctl_fail(EX_DATAERR,
			"`%s': %zu devices have that label; name one by its pin, which "
			"`posternctl device list' shows",
			buffer_string(&b), s.n);
	return ctl_fail(
		EX_NOUSER, "`%s': no device has that label or pin", buffer_string(&b));
}

static int
damaged(const struct config *config, const char *pin)
{
	return ctl_fail(EX_DATAERR,
		"%s: the line of device %s, or that of its user, is damaged, so that it "
		"is "
		"refused; mend it, or remove it by `posternctl device del'",
		config->users, pin);
}

/* Takes the lock and finds the device; change_end ends the change in either case. */
static int
change_begin(const struct config *config, const char *word, struct change *ret)
{
	int r = auth_update_begin(config->users, AUTH_WAIT_COMMAND, &ret->update);
	int status;

	if (r < 0)
		return ctl_store_fail(config, r);
	status = resolve(ret->update, word, ret->pin);
	if (status != EX_OK)
		return status;
	r = auth_update_find(ret->update, 'd', ret->pin, &ret->line);
	ret->damaged = r == -EBADMSG;
	if (r < 0 && !ret->damaged)
		return ctl_store_fail(config, r);
	if (r == 0)
		return ctl_fail(EX_NOUSER, "%s: there is no such device", ret->pin);
	return EX_OK;
}

static int
change_commit(const struct config *config, struct change *c, int r)
{
	if (r == 0)
		r = auth_update_commit(c->update);
	return r < 0 ? ctl_store_fail(config, r) : EX_OK;
}

/* Sets one field of the device, unless it has to stay as it is. */
static int
set_field(const struct config *config, const char *word, const char *field,
	const char *value, bool keep)
{
	CLEANUP(change_end) struct change c = { 0 };
	int r, status = change_begin(config, word, &c);

	if (status != EX_OK)
		return status;
	if (c.damaged)
		return damaged(config, c.pin);
	if (keep && auth_line_has(buffer_data(&c.line), buffer_len(&c.line), field))
		return EX_OK;
	r = auth_line_set(&c.line, field, value);
	if (r == 0)
		r = auth_update_put(c.update, buffer_data(&c.line), buffer_len(&c.line));
	return change_commit(config, &c, r);
}

/* A device that is revoked already keeps the time of that. */
int
ctl_device_revoke(const struct config *config, const struct ctl_options *o)
{
	char stamp[AUTH_STAMP_SIZE];

	auth_stamp_now(stamp);
	return set_field(config, o->name, AUTH_FIELD_REVOKED, stamp, true);
}

int
ctl_device_label(const struct config *config, const struct ctl_options *o)
{
	char coded[AUTH_LABEL_CODED_SIZE];

	if (auth_label_code(o->more, coded) < 0)
		return ctl_fail(EX_DATAERR,
			"the new label: at most %d printable characters of ASCII are "
			"expected, no blank at an end, and not a pin",
			AUTH_LABEL_MAX);
	return set_field(config, o->name, AUTH_FIELD_LABEL, coded, false);
}

int
ctl_device_del(const struct config *config, const struct ctl_options *o)
{
	CLEANUP(change_end) struct change c = { 0 };
	int r, status = change_begin(config, o->name, &c);

	if (status != EX_OK)
		return status;
	r = auth_update_remove(c.update, 'd', c.pin);
	status = change_commit(config, &c, r);
	if (status == EX_OK) {
		r = auth_seen_forget(config->users, c.pin);
		if (r < 0)
			ctl_fail(0, "seen/%.2s/%s is not removed: %s", c.pin, c.pin,
				strerror(-r));
	}
	return status;
}
