// SPDX-License-Identifier: ISC
/*
 * An open store: its header, and look-ups, which search.c does and scan.c where the
 * search met damage. A last line without its line end was cut short, and is damaged: what
 * it lacks may have been that its user is locked. The store owns its descriptor. Without
 * a secret (no file, or a damaged first line) the salts of unknown users come from what
 * the first line holds instead.
 */
#include "auth/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/scan.h"
#include "auth/search.h"
#include "base/cleanup.h"
#include "base/text.h"

struct auth_store {
	int fd;
	off_t begin; /* of the first line behind the header */
	off_t end;
	uint8_t secret[AUTH_SECRET_SIZE];
	size_t damage;
	char torn[AUTH_KEY_SIZE]; /* the key of a last line without a line end */
	size_t torn_len;          /* 0: there is none */
};

int
auth_header_read(const char *line, size_t len, uint8_t ret[AUTH_SECRET_SIZE])
{
	static const char name[] = AUTH_HEADER_NAME " ";
	static const char whole[] = AUTH_HEADER_NAME " " AUTH_HEADER_VERSION " secret=";
	size_t n = sizeof(whole) - 1;

	if (len >= n && memcmp(line, whole, n) == 0) {
		if (text_unhex(line + n, len - n, ret, AUTH_SECRET_SIZE) == 0)
			return 0;
		return -EBADMSG;
	}
	n = sizeof(name) - 1;
	if (len > n + 1 && memcmp(line, name, n) == 0 && line[n] >= '2' &&
		line[n] <= '9' && line[n + 1] == ' ')
		return -EPROTONOSUPPORT;
	return -EBADMSG;
}

static int
read_header(struct auth_store *s)
{
	char block[AUTH_LINE_MAX];
	const char *newline;
	ssize_t n = pread(s->fd, block, sizeof(block), 0);
	size_t len;
	int r;

	if (n < 0)
		return -errno;
	if (n == 0)
		return 0;
	newline = memchr(block, '\n', (size_t)n);
	len = newline ? (size_t)(newline - block) : (size_t)n;
	s->begin = newline ? (off_t)len + 1 : 0;
	r = auth_header_read(block, len, s->secret);
	if (r == -EBADMSG) {
		s->damage = 1;
		if (auth_line_key(block, len) > 0)
			s->begin = 0;
		r = pki_sha256(block, len, s->secret);
	}
	explicit_bzero(block, sizeof(block));
	return r;
}

static int
read_end(struct auth_store *s)
{
	char block[AUTH_LINE_MAX];
	off_t from = s->end > (off_t)sizeof(block) ? s->end - (off_t)sizeof(block) : 0;
	const char *newline, *line = block;
	ssize_t n = s->end > 0 ? pread(s->fd, block, 1, s->end - 1) : 0;

	if (n > 0 && *block != '\n')
		n = pread(s->fd, block, (size_t)(s->end - from), from);
	else if (n > 0)
		return 0;
	if (n <= 0)
		return n < 0 ? -errno : 0;
	newline = memrchr(block, '\n', (size_t)n);
	if (newline)
		line = newline + 1;
	s->torn_len = auth_line_key(line, (size_t)(block + n - line));
	memcpy(s->torn, line, s->torn_len);
	explicit_bzero(block, sizeof(block));
	return 0;
}

int
auth_store_open_fd(int fd, struct auth_store **ret)
{
	struct auth_store *s = calloc(1, sizeof(*s));
	struct stat st;
	int r = 0;

	if (!s) {
		if (fd >= 0)
			close(fd);
		return -ENOMEM;
	}
	s->fd = fd;
	if (fd >= 0 && fstat(fd, &st) < 0)
		r = -errno;
	else if (fd >= 0 && !S_ISREG(st.st_mode))
		r = -EINVAL;
	else if (fd >= 0)
		s->end = st.st_size;
	if (fd >= 0 && r == 0)
		r = read_header(s);
	if (fd >= 0 && r == 0)
		r = read_end(s);
	if (r < 0) {
		auth_store_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

/* A store that does not exist is empty only where it could exist: a folder that is not
 * there is a disk that is not mounted. */
static bool
has_folder(const char *path)
{
	CLEANUP_FREE char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;
	struct stat st;

	if (!slash)
		return folder != NULL;
	slash[slash == folder] = '\0';
	return stat(folder, &st) == 0 && S_ISDIR(st.st_mode);
}

int
auth_store_open(const char *path, struct auth_store **ret)
{
	/* Not blocking: what is no regular file is not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 && errno != ENOENT)
		return -errno;
	if (fd < 0 && !has_folder(path))
		return -ENOENT;
	return auth_store_open_fd(fd, ret);
}

void
auth_store_free(struct auth_store *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

static void
note_damage(struct auth_store *s, size_t number)
{
	if (number > 0 && (s->damage == 0 || number < s->damage))
		s->damage = number;
}

/* Looks at every line for the key; names what is damaged on the way. */
static int
scan_find(struct auth_store *s, const char *key, size_t key_len, struct buffer *ret_line)
{
	CLEANUP_FREE struct auth_scan *scan = calloc(1, sizeof(*scan));
	struct auth_scan_line line;
	bool found = false;
	int r;

	if (!scan)
		return -ENOMEM;
	scan->fd = s->fd;
	while ((r = auth_scan_next(scan, &line)) > 0) {
		if (line.key_len == 0 && line.number > 1)
			note_damage(s, line.number);
		note_damage(s, line.misplaced);
		if (found || line.key_len != key_len ||
			memcmp(line.text, key, key_len) != 0)
			continue;
		buffer_consume(ret_line, buffer_len(ret_line));
		r = buffer_append(ret_line, line.text, line.len);
		if (r < 0)
			break;
		found = true;
	}
	explicit_bzero(scan->data, sizeof(scan->data));
	return r < 0 ? r : found;
}

/* The number of the line with that key. */
static int
number_of(struct auth_store *s, const char *key, size_t key_len, size_t *ret)
{
	CLEANUP_FREE struct auth_scan *scan = calloc(1, sizeof(*scan));
	struct auth_scan_line line;
	int r;

	if (!scan)
		return -ENOMEM;
	scan->fd = s->fd;
	while ((r = auth_scan_next(scan, &line)) > 0)
		if (line.key_len == key_len && memcmp(line.text, key, key_len) == 0) {
			*ret = line.number;
			break;
		}
	explicit_bzero(scan->data, sizeof(scan->data));
	return r < 0 ? r : 0;
}

/* Whether the line of that key, which was found, can be believed. */
static bool
is_whole(const struct auth_store *s, const char *key, size_t key_len,
	const struct buffer *line)
{
	bool torn = s->torn_len == key_len && memcmp(s->torn, key, key_len) == 0;

	return !torn && auth_line_is_whole(buffer_data(line), buffer_len(line));
}

int
auth_store_find(
	struct auth_store *s, char type, const char *word, struct buffer *ret_line)
{
	char key[AUTH_KEY_SIZE];
	size_t key_len = auth_key_make(type, word, key);
	size_t number = 0;
	int r;

	if (s->fd < 0)
		return 0;
	r = auth_search(s->fd, s->begin, s->end, key, key_len, ret_line);
	if (r == -EUCLEAN)
		r = scan_find(s, key, key_len, ret_line);
	if (r <= 0 || is_whole(s, key, key_len, ret_line))
		return r;
	r = number_of(s, key, key_len, &number);
	note_damage(s, number);
	return r < 0 ? r : -EBADMSG;
}

size_t
auth_store_damage(const struct auth_store *s)
{
	return s->damage;
}

int
auth_store_salt(const struct auth_store *s, const char *text, size_t len,
	uint8_t ret[AUTH_SALT_SIZE])
{
	uint8_t mac[PKI_SHA256_SIZE];
	int r = pki_hmac_sha256(s->secret, sizeof(s->secret), text, len, mac);

	if (r < 0)
		return r;
	memcpy(ret, mac, AUTH_SALT_SIZE);
	explicit_bzero(mac, sizeof(mac));
	return 0;
}

/* Not an HMAC under the secret: whoever asks for a salt gets a part of one of those. */
int
auth_secret_key(const uint8_t secret[AUTH_SECRET_SIZE], const char *purpose,
	uint8_t ret[PKI_SHA256_SIZE])
{
	CLEANUP(buffer_wipe) struct buffer b = { 0 };
	int r = buffer_append(&b, secret, AUTH_SECRET_SIZE);

	if (r == 0)
		r = buffer_puts(&b, purpose);
	return r < 0 ? r : pki_sha256(buffer_data(&b), buffer_len(&b), ret);
}

int
auth_store_key(
	const struct auth_store *s, const char *purpose, uint8_t ret[PKI_SHA256_SIZE])
{
	return auth_secret_key(s->secret, purpose, ret);
}

/* A byte for each line of the file: whether it is out of its place, which may show only
 * when the next one is read. */
static int
find_misplaced(struct auth_store *s, struct buffer *ret)
{
	CLEANUP_FREE struct auth_scan *scan = calloc(1, sizeof(*scan));
	struct auth_scan_line line;
	int r;

	if (!scan)
		return -ENOMEM;
	scan->fd = s->fd;
	while ((r = auth_scan_next(scan, &line)) > 0) {
		r = buffer_append(ret, "", 1);
		if (r < 0)
			break;
		if (line.misplaced > 0)
			buffer_data(ret)[line.misplaced - 1] = 1;
	}
	explicit_bzero(scan->data, sizeof(scan->data));
	return r;
}

int
auth_store_each(struct auth_store *s, auth_store_each_fn each, void *context)
{
	CLEANUP_FREE struct auth_scan *scan = calloc(1, sizeof(*scan));
	CLEANUP(buffer_free) struct buffer misplaced = { 0 };
	struct auth_scan_line line;
	bool whole;
	int r = 0;

	if (!scan)
		return -ENOMEM;
	if (s->fd >= 0)
		r = find_misplaced(s, &misplaced);
	scan->fd = s->fd;
	while (s->fd >= 0 && r == 0 && (r = auth_scan_next(scan, &line)) > 0) {
		r = 0;
		if (line.number == 1 && s->begin > 0 && s->damage != 1)
			continue;
		whole = line.number <= buffer_len(&misplaced) &&
			!buffer_data(&misplaced)[line.number - 1] &&
			line.offset + (off_t)line.len < s->end &&
			auth_line_is_whole(line.text, line.len);
		r = each(context, line.number, line.text, line.len, whole);
	}
	explicit_bzero(scan->data, sizeof(scan->data));
	return r;
}
