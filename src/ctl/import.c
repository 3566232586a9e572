// SPDX-License-Identifier: ISC
/*
 * posternctl user import: lines `name base64(password)`. The file is read and all keys
 * are computed before the store is locked; then the good lines become users at once. Bad
 * lines are named by number. The file is read into one buffer, which is wiped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth/password.h"
#include "auth/stamp.h"
#include "base/cleanup.h"
#include "ctl/report.h"
#include "ctl/user.h"

enum { READ_STEP = 16384 };

struct person {
	size_t number; /* of the line */
	char name[AUTH_NAME_SIZE];
	struct auth_credentials credentials;
};

struct import {
	const struct config *config;
	const char *file;
	bool replace;
	size_t bad;
	struct person *people;
	size_t n_people;
	size_t cap;
};

static void
refuse(struct import *i, size_t number, const char *why)
{
	ctl_fail(0, "%s:%zu: %s", i->file, number, why);
	i->bad++;
}

static struct person *
add_person(struct import *i)
{
	struct person *people;
	size_t cap = i->cap > 0 ? 2 * i->cap : 64;

	if (i->n_people == i->cap) {
		/* Not realloc: no copy of keys is to stay behind. */
		people = calloc(cap, sizeof(*people));
		if (!people)
			return NULL;
		if (i->n_people > 0) {
			memcpy(people, i->people, i->n_people * sizeof(*people));
			explicit_bzero(i->people, i->n_people * sizeof(*people));
		}
		free(i->people);
		i->people = people;
		i->cap = cap;
	}
	return &i->people[i->n_people];
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next word of the line, and what is behind it. */
static size_t
take_word(const char **at, const char *end, const char **ret_word)
{
	while (*at < end && is_blank(**at))
		++*at;
	*ret_word = *at;
	while (*at < end && !is_blank(**at))
		++*at;
	return (size_t)(*at - *ret_word);
}

/* NULL, or what is wrong with the password. */
static const char *
read_password(const struct config *config, const char *word, size_t len,
	struct auth_credentials *ret)
{
	uint8_t *password = NULL;
	size_t password_len = 0;
	const char *why = NULL;
	int r = pki_base64_decode(word, len, &password, &password_len);

	if (r < 0)
		return r == -EINVAL ? "the password is not base64" : strerror(-r);
	r = memchr(password, '\0', password_len)
		    ? -EINVAL
		    : auth_password_derive(
			      (const char *)password, config->password_iterations, ret);
	if (r == -EINVAL)
		why = "the password is empty, too long, or has characters that SASLprep "
		      "(RFC 4013) forbids or does not know";
	else if (r < 0)
		why = strerror(-r);
	explicit_bzero(password, password_len);
	free(password);
	return why;
}

/* 0 or -ENOMEM. */
static int
read_line(struct import *i, size_t number, const char *line, size_t len)
{
	const char *at = line, *end = line + len, *name, *password, *rest, *why;
	size_t name_len = take_word(&at, end, &name);
	size_t password_len = take_word(&at, end, &password);
	struct person *p;
	int r;

	if (name_len == 0)
		return 0;
	if (password_len == 0 || take_word(&at, end, &rest) > 0) {
		refuse(i, number, "expected `name base64(password)'");
		return 0;
	}
	p = add_person(i);
	if (!p)
		return -ENOMEM;
	p->number = number;
	r = auth_name_read(i->config, name, name_len, p->name);
	if (r == -EADDRNOTAVAIL)
		why = "the user's domain is not served; expected one of `domains'";
	else if (r < 0)
		why = "expected a name of letters, digits and . _ + - =, and perhaps "
		      "@DOMAIN";
	else
		why = read_password(i->config, password, password_len, &p->credentials);
	if (why)
		refuse(i, number, why);
	else
		i->n_people++;
	return 0;
}

/* The whole file, and nothing of it elsewhere. 0 or a negative errno. */
static int
read_file(int fd, struct buffer *ret)
{
	ssize_t n;
	int r;

	do {
		r = buffer_reserve(ret, READ_STEP);
		if (r < 0)
			return r;
		n = read(fd, buffer_tail(ret), buffer_room(ret));
		if (n > 0)
			buffer_grow(ret, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

/* 0, or an exit status. */
static int
read_people(struct import *i, int fd)
{
	CLEANUP(buffer_wipe) struct buffer text = { 0 };
	int r = read_file(fd, &text);
	const char *line = buffer_data(&text), *newline;
	size_t left = buffer_len(&text), number = 0, len;

	if (r < 0 && r != -ENOMEM)
		return ctl_fail(EX_IOERR, "%s: %s", i->file, strerror(-r));
	while (r == 0 && left > 0) {
		newline = memchr(line, '\n', left);
		len = newline ? (size_t)(newline - line) + 1 : left;
		r = read_line(i, ++number, line, len);
		line += len;
		left -= len;
	}
	return r < 0 ? ctl_fail(EX_TEMPFAIL, "out of memory") : EX_OK;
}

/* The line that a person gets: 1, 0 where there is a user already, or a negative errno.
 */
static int
make_line(struct import *i, struct auth_update *u, const struct person *p,
	struct buffer *line)
{
	char stamp[AUTH_STAMP_SIZE];
	int r = auth_update_find(u, 'u', p->name, line);

	if (r < 0)
		return r;
	if (r == 1 && !i->replace)
		return 0;
	if (r == 1) {
		r = ctl_user_set_password(line, &p->credentials);
		return r < 0 ? r : 1;
	}
	auth_stamp_now(stamp);
	buffer_consume(line, buffer_len(line));
	r = buffer_printf(line, "u %s created=%s", p->name, stamp);
	if (r == 0)
		r = auth_line_set_credentials(line, &p->credentials);
	return r < 0 ? r : 1;
}

/* 1 where the person is a user now, 0 where the line was refused, or a negative errno. */
static int
put_person(struct import *i, struct auth_update *u, const struct person *p)
{
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	int r = make_line(i, u, p, &line);

	if (r == 1) {
		r = auth_update_put(u, buffer_data(&line), buffer_len(&line));
		return r < 0 ? r : 1;
	}
	if (r == 0)
		refuse(i, p->number,
			"there is such a user already; --replace sets the new password");
	if (r == -EBADMSG || r == -E2BIG || r == -EILSEQ) {
		refuse(i, p->number, "the user's line in the store is damaged or full");
		return 0;
	}
	return r;
}

static int
store_people(struct import *i, size_t *ret_n)
{
	struct auth_update *u = NULL;
	int r = auth_update_begin(i->config->users, AUTH_WAIT_COMMAND, &u);

	*ret_n = 0;
	for (size_t k = 0; r >= 0 && k < i->n_people; k++) {
		r = put_person(i, u, &i->people[k]);
		*ret_n += r == 1;
	}
	if (r >= 0)
		r = auth_update_commit(u);
	auth_update_free(u);
	return r < 0 ? ctl_store_fail(i->config, r) : EX_OK;
}

int
ctl_user_import(const struct config *config, const struct ctl_options *o)
{
	bool is_stdin = strcmp(o->name, "-") == 0;
	struct import i = { .config = config,
		.file = is_stdin ? "standard input" : o->name,
		.replace = o->replace };
	int fd = is_stdin ? STDIN_FILENO : open(o->name, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	int status;

	if (fd < 0)
		return ctl_fail(EX_NOINPUT, "%s: %s", o->name, strerror(errno));
	status = read_people(&i, fd);
	if (!is_stdin)
		close(fd);
	if (status == EX_OK)
		status = store_people(&i, &n);
	if (i.people)
		explicit_bzero(i.people, i.cap * sizeof(*i.people));
	free(i.people);
	if (status != EX_OK)
		return status;
	printf("%zu imported, %zu refused\n", n, i.bad);
	return i.bad > 0 ? EX_DATAERR : EX_OK;
}
