// SPDX-License-Identifier: ISC
/*
 * Lines are cut here, so that each setting has its line number, and looked at before inih
 * sees them: it would read a line that begins with a blank as the continuation of the one
 * above, "key: value" as a setting, the second half of a line too long as a line of its
 * own, and would stop at a NUL.
 */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { INIH_LINE_ENDS = 3 }; /* CR, LF and NUL */

struct reader {
	const char *name;
	const char *next; /* what was not read yet */
	const char *end;
	unsigned line; /* the last one that was read; the first is 1 */
	config_file_setting *setting;
	void *context;
	struct buffer *faults;
	int r;
};

int
config_file_read(const char *path, struct buffer *text)
{
	int fd CLEANUP_FD = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		int r = buffer_reserve(text, 8192);

		if (r < 0)
			return r;
		n = read(fd, buffer_tail(text), buffer_room(text));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			buffer_grow(text, (size_t)n);
		if (buffer_len(text) > CONFIG_FILE_MAX)
			return -EFBIG;
	} while (n != 0);
	return 0;
}

static void
fault(struct reader *in, const char *what)
{
	if (in->r == 0)
		in->r = buffer_printf(
			in->faults, "%s:%u: %s\n", in->name, in->line, what);
}

/* Whether the value would end in what looks like a comment. */
static bool
has_comment(const char *text, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if ((text[i] == '#' || text[i] == ';') &&
			(text[i - 1] == ' ' || text[i - 1] == '\t'))
			return true;
	return false;
}

static bool
has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
			return true;
	return false;
}

/* What is wrong with the form of a line that is neither empty nor a comment, or NULL. */
static const char *
line_fault(const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);

	if (has_control(text, len))
		return "control character in the line; expected KEY = VALUE in plain "
		       "text";
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return "byte order mark; expected plain text without one";
	if (len > CONFIG_LINE_MAX)
		return "line too long; expected at most 1024 bytes";
	if (*text == '[')
		return "section; expected all keys in no section";
	if (*text == ';')
		return "expected # where a comment begins";
	if (*text == ' ' || *text == '\t')
		return "line begins with a blank; expected each KEY = VALUE on a line of "
		       "its own, from its first column";
	if (!equals || equals == text)
		return "expected KEY = VALUE";
	if (memchr(text, ':', (size_t)(equals - text)))
		return "colon in the key; expected KEY = VALUE";
	if (has_comment(text, len))
		return "comment behind a value; expected it on a line of its own";
	return NULL;
}

/* Whether there is nothing on the line but blanks or a comment. */
static bool
is_idle(const char *text, size_t len)
{
	while (len > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	return len == 0 || *text == '#';
}

/* Cuts the next line; false at the end. */
static bool
next_line(struct reader *in, const char **ret_text, size_t *ret_len)
{
	const char *text = in->next;
	const char *newline;
	size_t len;

	if (text == in->end)
		return false;
	newline = memchr(text, '\n', (size_t)(in->end - text));
	len = (size_t)((newline ? newline : in->end) - text);
	in->next = newline ? newline + 1 : in->end;
	in->line++;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	*ret_text = text;
	*ret_len = len;
	return true;
}

/* inih's reader: the next line worth its while, as fgets would give it. */
static char *
read_line(char *ret, int size, void *stream)
{
	struct reader *in = stream;
	const char *text;
	size_t len;

	while (in->r == 0 && next_line(in, &text, &len)) {
		const char *what;

		if (has_control(text, len))
			what = "control character in the line; expected plain text";
		else if (is_idle(text, len))
			continue;
		else
			what = line_fault(text, len);
		if (!what && size >= 0 && len + INIH_LINE_ENDS > (size_t)size)
			what = "line too long for this build of inih";
		if (what) {
			fault(in, what);
			continue;
		}
		memcpy(ret, text, len);
		ret[len] = '\0';
		return ret;
	}
	return NULL;
}

/* inih's handler. */
static int
take_setting(void *user, const char *section, const char *name, const char *value)
{
	struct reader *in = user;

	if (*section)
		fault(in, "section; expected all keys in no section");
	else if (in->r == 0)
		in->r = in->setting(in->context, name, value ? value : "", in->line);
	return in->r == 0;
}

int
config_file_parse(const char *name, const char *text, size_t len,
	config_file_setting *setting, void *context, struct buffer *faults)
{
	struct reader in = {
		.name = name,
		.next = text,
		.end = text + len,
		.setting = setting,
		.context = context,
		.faults = faults,
	};
	int r;

	/* Debian's inih is set at run time; by itself it reads 200 bytes of a line. */
	ini_max_line = CONFIG_LINE_MAX + INIH_LINE_ENDS;
	r = ini_parse_stream(read_line, &in, take_setting, &in);
	if (in.r < 0)
		return in.r;
	if (r != 0)
		fault(&in, "file not understood; expected lines KEY = VALUE");
	return in.r;
}
