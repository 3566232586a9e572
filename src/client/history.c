// SPDX-License-Identifier: ISC
/*
 * Each command is appended to the file at once, by one write, so that any number of
 * clients may do it; whoever finds the file long writes it anew with the last lines of
 * it. It owns its lines and addresses.
 */
#include "client/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "client/mend.h"
#include "client/state_folder.h"
#include "pki/file.h"

enum { FILE_MAX = 8 << 20 };

static const char FILE_NAME[] = "history";

/* Whether a line may be kept: text, and no credential. */
static bool
may_keep(const char *line, size_t len)
{
	if (len == 0 || len > CLIENT_HISTORY_LINE_MAX || !utf8_is_valid(line, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			return false;
	}
	return client_mask_said(line, len) == len;
}

/* The addresses of a line go to the front of the list. */
static void
take_addresses(struct client_history *h, const char *line, size_t len)
{
	struct client_addresses *a = &h->addresses;
	const char *end = line + len;

	while (line < end) {
		size_t n = 0;
		size_t before = a->n;

		while (line + n < end && !strchr(" \t<>,", line[n]))
			n++;
		if (memchr(line, '@', n) && client_addresses_add(a, line, n) == 0 &&
			a->n > before) {
			char *item = a->items[before];

			memmove(a->items + 1, a->items, before * sizeof *a->items);
			a->items[0] = item;
		}
		line += n + 1;
	}
}

static bool
put_line(struct client_history *h, const char *line, size_t len)
{
	char **lines;

	if (!may_keep(line, len))
		return false;
	if (h->n > 0 && strlen(h->lines[h->n - 1]) == len &&
		memcmp(h->lines[h->n - 1], line, len) == 0)
		return false;
	lines = reallocarray(h->lines, h->n + 1, sizeof *lines);
	if (!lines)
		return false;
	h->lines = lines;
	lines[h->n] = strndup(line, len);
	if (!lines[h->n])
		return false;
	h->n++;
	take_addresses(h, line, len);
	return true;
}

/* Writes the last lines anew. */
static void
shorten(const struct client_history *h, int folder)
{
	CLEANUP(buffer_free) struct buffer text = { 0 };

	for (size_t i = h->n > CLIENT_HISTORY_MAX ? h->n - CLIENT_HISTORY_MAX : 0;
		i < h->n; i++) {
		if (buffer_puts(&text, h->lines[i]) < 0 || buffer_puts(&text, "\n") < 0)
			return;
	}
	pki_file_write(folder, FILE_NAME, buffer_data(&text), buffer_len(&text), true);
}

void
client_history_load(struct client_history *h)
{
	CLEANUP(buffer_free) struct buffer text = { 0 };
	CLEANUP_FD int folder = client_state_folder(NULL, 0, false);
	const char *p, *end;

	if (folder < 0 || pki_file_read(folder, FILE_NAME, FILE_MAX, &text) < 0)
		return;
	p = buffer_data(&text);
	end = p + buffer_len(&text);
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((newline ? newline : end) - p);

		put_line(h, p, n);
		p += n + 1;
	}
	if (h->n > 2 * CLIENT_HISTORY_MAX)
		shorten(h, folder);
}

static void
append(const char *line, size_t len)
{
	CLEANUP(buffer_free) struct buffer text = { 0 };
	CLEANUP_FD int folder = client_state_folder(NULL, 0, true);
	CLEANUP_FD int fd = -1;
	struct stat st;

	if (folder < 0)
		return;
	fd = openat(folder, FILE_NAME,
		O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		0600);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) && fchmod(fd, 0600) < 0)
		return;
	if (buffer_append(&text, line, len) < 0 || buffer_puts(&text, "\n") < 0)
		return;
	while (write(fd, buffer_data(&text), buffer_len(&text)) < 0 && errno == EINTR)
		;
}

bool
client_history_add(struct client_history *h, const char *line, size_t len)
{
	if (!put_line(h, line, len))
		return false;
	append(line, len);
	return true;
}

void
client_history_clear(struct client_history *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->lines[i]);
	free(h->lines);
	client_addresses_clear(&h->addresses);
	*h = (struct client_history){ 0 };
}
