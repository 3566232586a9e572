// SPDX-License-Identifier: ISC
/*
 * One line of the user store from any bytes: what is called whole can be read and
 * changed, and stays whole; what is said of a device, a token or a window is only said
 * of a whole line of theirs; and any bytes as the name of a user or an address.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/device.h"
#include "auth/line.h"
#include "auth/token.h"
#include "auth/window.h"
#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

/* Sets a field and drops it: all else is as before. */
static void
check_change(const char *text, size_t size)
{
	struct buffer line CLEANUP(buffer_free) = { 0 };
	const char *value;
	size_t len;

	check(buffer_append(&line, text, size) == 0);
	if (auth_line_has(text, size, "fuzz") || auth_line_set(&line, "fuzz", "1") < 0)
		return;
	check(auth_line_is_whole(buffer_data(&line), buffer_len(&line)));
	check(auth_line_get(buffer_data(&line), buffer_len(&line), "fuzz", &value, &len));
	check(len == 1 && *value == '1');
	check(auth_line_set(&line, "fuzz", NULL) == 0);
	check(buffer_len(&line) == size && memcmp(buffer_data(&line), text, size) == 0);
}

static void
check_line(const char *text, size_t size)
{
	struct auth_credentials c;
	size_t key = auth_line_key(text, size);
	const char *value;
	size_t len;

	check(key <= size && key < AUTH_KEY_SIZE);
	check(key == 0 || key == size || text[key] == ' ');
	auth_line_has_alias(text, size, "a@b.c");
	if (auth_line_get(text, size, "salt", &value, &len))
		check(value >= text && value + len <= text + size);
	if (auth_line_credentials(text, size, &c) > 0)
		check(c.salt_len <= AUTH_SALT_MAX && c.iterations > 0);
	if (!auth_line_is_whole(text, size))
		return;
	check(key > 0 && size < AUTH_LINE_MAX && !memchr(text, '\n', size));
	check_change(text, size);
}

static void
check_user(const char *text, size_t size, const char *user)
{
	const char *found;
	size_t len;

	check(auth_line_user(text, size, &found, &len));
	check(len == strlen(user) && memcmp(found, user, len) == 0);
	check(strchr(user, '@') && !strpbrk(user, " \n"));
}

static void
check_label(const char *label)
{
	char coded[AUTH_LABEL_CODED_SIZE], again[AUTH_LABEL_SIZE];

	if (!*label)
		return;
	check(auth_label_code(label, coded) == 0);
	check(auth_label_read(coded, strlen(coded), again) == 0);
	check(strcmp(label, again) == 0);
}

static void
check_enrolment(const char *text, size_t size)
{
	struct auth_device d = { 0 };
	struct auth_token t = { 0 };
	struct auth_window w = { 0 };
	bool whole = auth_line_is_whole(text, size);
	int64_t time;

	if (auth_device_of_line(text, size, &d) == 0) {
		check(whole && text[0] == 'd');
		check_user(text, size, d.user);
		check_label(d.label);
		check(d.revoked == auth_line_has(text, size, AUTH_FIELD_REVOKED));
		check(d.expires == AUTH_NEVER ||
			auth_line_time(text, size, AUTH_FIELD_EXPIRES, &time) == 1);
	}
	if (auth_token_of_line(text, size, &t) == 0) {
		check(whole && text[0] == 't' && t.expires >= 0);
		check_user(text, size, t.user);
		check_label(t.label);
	}
	if (auth_window_of_line(text, size, &w) == 0) {
		check(whole && text[0] == 'w' && w.uses <= AUTH_USES_MAX);
		check(strcmp(w.name, AUTH_WINDOW_ANYBODY) == 0 || strchr(w.name, '@'));
	}
}

static void
check_name(const struct config *config, const char *text, size_t size)
{
	char name[AUTH_NAME_SIZE], again[AUTH_NAME_SIZE], line[AUTH_KEY_SIZE];
	size_t len;

	if (auth_name_read(config, text, size, name) < 0)
		return;
	check(!strpbrk(name, " /\\\n\r\t\"'") && *name != '.' && *name != '-');
	check(strchr(name, '@') && !strstr(name, ".."));
	check(auth_name_read(config, name, strlen(name), again) == 0);
	check(strcmp(name, again) == 0);
	len = auth_key_make('u', name, line);
	check(auth_line_key(line, len) == len && auth_line_is_whole(line, len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *domains[] = { (char *)"447.edu", (char *)"other.example", NULL };
	struct config config = { .domains = domains, .n_domains = 2 };
	/* A copy of its own size, so that no byte behind it is read unnoticed. */
	char *text CLEANUP_FREE = calloc(1, size > 0 ? size : 1);

	check(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	check_line(text, size);
	check_enrolment(text, size);
	check_name(&config, text, size);
	return 0;
}
