// SPDX-License-Identifier: ISC
/*
 * Folder and file names; pure but for the clock and the name of the machine.
 */
#include "spool/name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

enum { HOST_LEN = 64 };

/* Whether c, in lower case, stands for itself in a folder's name. */
static bool
is_plain(char c, bool first)
{
	if (c == '.' || c == '-')
		return !first;
	return text_is_letter_or_digit(c) || c == '_' || c == '+' || c == '=';
}

int
spool_name_folder(const char *text, size_t len, char ret[SPOOL_NAME_SIZE])
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	if (len == 0)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text_lower_char(text[i]);

		if (n + 3 > NAME_MAX && !(n < NAME_MAX && is_plain((char)c, i == 0)))
			return -ENAMETOOLONG;
		if (is_plain((char)c, i == 0)) {
			ret[n++] = (char)c;
		} else {
			ret[n++] = '%';
			ret[n++] = digits[c >> 4];
			ret[n++] = digits[c & 15];
		}
	}
	ret[n] = '\0';
	return 0;
}

int
spool_name_address(const char *address, char ret_domain[SPOOL_NAME_SIZE],
	char ret_local[SPOOL_NAME_SIZE])
{
	const char *at = strrchr(address, '@');
	int r;

	if (!at)
		return -EINVAL;
	r = spool_name_folder(at + 1, strlen(at + 1), ret_domain);
	if (r < 0)
		return r;
	return spool_name_folder(address, (size_t)(at - address), ret_local);
}

bool
spool_name_is_id(const char *id)
{
	size_t len = strlen(id);

	for (size_t i = 0; i < len; i++)
		if (!text_is_letter_or_digit(id[i]))
			return false;
	return len > 0 && len <= SPOOL_ID_MAX;
}

/* The machine's name, without what a Maildir file name may not hold. */
static void
host_name(char ret[HOST_LEN + 1])
{
	char name[HOST_NAME_MAX + 1] = "";
	size_t i;

	if (gethostname(name, sizeof(name) - 1) < 0 || !*name)
		strcpy(name, "localhost");
	for (i = 0; name[i] && i < HOST_LEN; i++)
		ret[i] = text_is_letter_or_digit(name[i]) || name[i] == '.' ? name[i]
									    : '-';
	ret[i] = '\0';
}

void
spool_name_file(
	const char *id, uint64_t size, const char *flags, char ret[SPOOL_NAME_SIZE])
{
	struct timespec now;
	char host[HOST_LEN + 1];

	host_name(host);
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(ret, SPOOL_NAME_SIZE, "%lld.M%06ldP%ldQ%.*s.%s,S=%llu%s%s",
		(long long)now.tv_sec, now.tv_nsec / 1000, (long)getpid(), SPOOL_ID_MAX,
		id, host, (unsigned long long)size, *flags ? ":2," : "", flags);
}
