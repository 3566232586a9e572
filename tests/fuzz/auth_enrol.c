// SPDX-License-Identifier: ISC
/*
 * XENROL from any bytes behind it, as far as the store: nothing but the one token that is
 * in it makes a device, and that of its user alone; all else is refused and changes
 * nothing, whatever it looks like.
 */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/redeem.h"
#include "auth/stamp.h"
#include "auth/token.h"
#include "smtp/dialogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char TOKEN[] = "abcd-efgh-ijkm-npqr-stuv-wxyz-23";
static char folder[64], path[80], token[AUTH_TOKEN_SIZE];

static void
check(bool good)
{
	if (!good)
		abort();
}

static int
remove_one(const char *name, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(name);
}

static void
clean(void)
{
	nftw(folder, remove_one, 4, FTW_DEPTH | FTW_PHYS);
}

/* The checksum of a token that everybody knows, found as a person would not. */
static void
make_token(void)
{
	static const char DIGITS[] = "abcdefghijkmnpqrstuvwxyz23456789";
	char text[sizeof(TOKEN) + 2];

	for (size_t i = 0; i < 32 * 32; i++) {
		snprintf(text, sizeof(text), "%s%c%c", TOKEN, DIGITS[i / 32],
			DIGITS[i % 32]);
		if (auth_token_read(text, strlen(text), token) == 0)
			return;
	}
	abort();
}

static void
put_token(void)
{
	struct auth_token t = { .user = "brad@447.edu", .expires = auth_now() + 86400 };
	struct auth_update *u = NULL;

	check(auth_update_begin(path, AUTH_WAIT_COMMAND, &u) == 0);
	check(auth_update_put(u, "u brad@447.edu", 14) == 0);
	check(auth_token_put(u, token, &t) == 0 && auth_token_tidy(u, auth_now()) == 0);
	check(auth_update_commit(u) == 0);
	auth_update_free(u);
}

static void
begin(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%.40s/fuzz-XXXXXX", tmp ? tmp : P_tmpdir);
	check(mkdtemp(folder) != NULL && atexit(clean) == 0);
	snprintf(path, sizeof(path), "%s/users", folder);
	make_token();
	put_token();
}

/* Whether the request may be granted: it has the token's letters, and a name of its user,
 * and a label, or none. */
static bool
is_right(const struct smtp_request *request)
{
	char read[AUTH_TOKEN_SIZE], label[AUTH_LABEL_SIZE];
	const char *name = request->name;

	if (auth_token_read(request->token, strlen(request->token), read) < 0 ||
		strcmp(read, token) != 0)
		return false;
	if (request->label &&
		auth_label_read(request->label, strlen(request->label), label) < 0)
		return false;
	return !name || strcasecmp(name, "brad") == 0 ||
	       strcasecmp(name, "brad@447.edu") == 0;
}

static enum smtp_answer
answer(const struct config *config, const struct smtp_request *request,
	char user[AUTH_NAME_SIZE])
{
	static const uint8_t PIN[PKI_PIN_SIZE] = { 7 };
	struct auth_redemption r = { request->token, request->name, request->label };
	struct stat before, after;
	const char *reason = NULL;
	int taken;

	check(stat(path, &before) == 0);
	taken = auth_redeem(config, PIN, &r, user, &reason);
	check(stat(path, &after) == 0);
	check(taken >= 0 && reason != NULL && taken == is_right(request));
	check((before.st_ino != after.st_ino) == (taken > 0));
	if (taken == 0)
		return SMTP_ANSWER_NO;
	check(strcmp(user, "brad@447.edu") == 0);
	check(unlink(path) == 0);
	put_token();
	return SMTP_ANSWER_YES;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *domains[] = { (char *)"447.edu", NULL };
	struct config config = { .domains = domains,
		.n_domains = 1,
		.enrol = CONFIG_ENROL_CERTIFICATE,
		.users = path };
	struct smtp_policy policy = { .hostname = "447.edu",
		.domains = domains,
		.n_domains = 1,
		.mechanisms = "PLAIN",
		.enrols_only = true,
		.max_recipients = 1,
		.max_messages = 1,
		.max_errors = 10 };
	struct smtp_dialogue *d = smtp_dialogue_new(&policy);
	struct smtp_request request;
	struct buffer line = { 0 }, replies = { 0 };
	char user[AUTH_NAME_SIZE];

	if (!*folder)
		begin();
	check(smtp_dialogue_line(d, SMTP_LINE_FINE, "EHLO x", 6, &replies, &request) ==
		0);
	check(buffer_puts(&line, "XENROL ") == 0 &&
		buffer_append(&line, data, size) == 0);
	check(smtp_dialogue_line(d, SMTP_LINE_FINE, buffer_data(&line), buffer_len(&line),
		      &replies, &request) == 0);
	if (request.ask == SMTP_ASK_ENROL) {
		enum smtp_answer said = answer(&config, &request, user);

		check(smtp_dialogue_answer(d, said, user, &replies, &request) == 0);
		check((request.ask == SMTP_ASK_CLOSE) == (said == SMTP_ANSWER_YES));
	}
	check(request.ask == SMTP_ASK_NOTHING || request.ask == SMTP_ASK_CLOSE);
	smtp_dialogue_free(d);
	buffer_free(&line);
	buffer_free(&replies);
	return 0;
}
