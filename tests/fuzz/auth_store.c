// SPDX-License-Identifier: ISC
/*
 * A whole store from any bytes. A look-up ends, reads nothing outside, and finds a line
 * that really stands in the file. Where all lines are in order, it finds every one of
 * them.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auth/store.h"
#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

enum { FEW = 16 };

struct seen {
	struct auth_store *store;
	bool orderly; /* no line has been damaged so far */
	size_t number;
};

static int
look_up(void *context, size_t number, const char *line, size_t len, bool whole)
{
	struct buffer found CLEANUP(buffer_free) = { 0 };
	struct seen *seen = context;
	char word[AUTH_NAME_SIZE];
	size_t key = auth_line_key(line, len);
	int r;

	check(number == seen->number + 1 || seen->number == 0);
	seen->number = number;
	check(len <= AUTH_LINE_MAX);
	seen->orderly = seen->orderly && whole;
	/* Each look-up among damage reads the whole file; a few of them will do. */
	if (key == 0 || (number > FEW && number % FEW > 0))
		return 0;
	memcpy(word, line + 2, key - 2);
	word[key - 2] = '\0';
	r = auth_store_find(seen->store, line[0], word, &found);
	check(r == 0 || r == 1 || r == -EBADMSG);
	if (r == 1)
		check(auth_line_is_whole(buffer_data(&found), buffer_len(&found)) &&
			auth_line_key(buffer_data(&found), buffer_len(&found)) == key &&
			memcmp(buffer_data(&found), line, key) == 0);
	return 0;
}

/* Once more, now that it is known that nothing is damaged. */
static int
must_find(void *context, size_t number, const char *line, size_t len, bool whole)
{
	struct buffer found CLEANUP(buffer_free) = { 0 };
	struct seen *seen = context;
	char word[AUTH_NAME_SIZE];
	size_t key = auth_line_key(line, len);

	(void)number;
	check(whole && key > 0);
	memcpy(word, line + 2, key - 2);
	word[key - 2] = '\0';
	check(auth_store_find(seen->store, line[0], word, &found) == 1);
	check(buffer_len(&found) == len && memcmp(buffer_data(&found), line, len) == 0);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer line CLEANUP(buffer_free) = { 0 };
	struct seen seen = { .orderly = true };
	int fd = memfd_create("store", MFD_CLOEXEC);

	check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	if (auth_store_open_fd(fd, &seen.store) < 0)
		return 0;
	check(auth_store_each(seen.store, look_up, &seen) == 0);
	if (seen.orderly)
		check(auth_store_each(seen.store, must_find, &seen) == 0);
	auth_store_find(seen.store, 'u', "brad@447.edu", &line);
	auth_store_free(seen.store);
	return 0;
}
