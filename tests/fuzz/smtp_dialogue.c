// SPDX-License-Identifier: ISC
/*
 * Whole sessions with whoever answers the dialogue's requests at random. The input is a
 * byte of policy, eight bytes of answers, then what the peer sends. Every reply has to be
 * one, and what the dialogue says of itself has to agree with what was answered.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/dialogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 9, REPLY_MAX = 512 };

struct session {
	struct smtp_policy policy;
	struct smtp_dialogue *d;
	struct buffer replies;
	const uint8_t *answers;
	unsigned n_answers;
	bool logged_in, open, over, greeting;
	uint64_t stored; /* bytes of the message that is open */
};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* One line of a reply. True for the last of several. */
static bool
check_reply_line(const struct session *s, const char *line, size_t len, const char *code)
{
	bool coded = smtp_dialogue_is_modern(s->d) && line[0] != '3' && !s->greeting;

	require(len >= 4 && line[0] >= '2' && line[0] <= '5');
	require(line[1] >= '0' && line[1] <= '5' && line[2] >= '0' && line[2] <= '9');
	require(line[3] == ' ' || line[3] == '-');
	require(memcmp(line, code, 3) == 0);
	for (size_t i = 0; i < len; i++)
		require(line[i] >= ' ' && line[i] <= '~');
	require(len + 2 <= REPLY_MAX);
	if (coded)
		require(len >= 10 && line[4] == line[0] && line[5] == '.');
	return line[3] == ' ';
}

/* How many replies there are; a second one may only be 421, before the end. */
static unsigned
check_replies(struct session *s)
{
	const char *at = buffer_string(&s->replies), *code = at;
	unsigned n = 0;

	while (*at) {
		const char *end = strstr(at, "\r\n");

		require(end);
		if (check_reply_line(s, at, (size_t)(end - at), code)) {
			n++;
			code = end + 2;
			s->greeting = false;
			require(n < 2 || memcmp(at, "421", 3) == 0);
		}
		at = end + 2;
	}
	require(code == at);
	require(n < 2 || s->over);
	buffer_consume(&s->replies, buffer_len(&s->replies));
	return n;
}

static void
check_state(const struct session *s)
{
	const char *sender = smtp_dialogue_sender(s->d);
	const char *const *recipients;
	size_t n;

	recipients = smtp_dialogue_recipients(s->d, &n);
	require((smtp_dialogue_user(s->d) != NULL) == s->logged_in);
	require(!sender || s->logged_in);
	require(n == 0 || sender);
	require(n <= s->policy.max_recipients);
	for (size_t i = 0; i < n; i++)
		require(strstr(recipients[i], "@447.edu") ||
			strstr(recipients[i], "@b.c"));
	/* Between chunks, and in them, a message is open, unless it is refused. */
	require(!s->open || s->over || n > 0);
	require(smtp_dialogue_in_message(s->d) || s->over ||
		s->open == (strcmp(smtp_dialogue_state_name(s->d), "chunks") == 0));
	require(smtp_dialogue_line_limit(s->d) <= 12288);
}

static enum smtp_answer
pick_answer(struct session *s, const struct smtp_request *request)
{
	unsigned pick = s->answers[s->n_answers++ % 8] % 16;

	require(request->delay == 0);
	if (s->policy.enrols_only) {
		require(request->ask == SMTP_ASK_ENROL && *request->token);
		require(!s->policy.starttls);
		return pick < 2    ? SMTP_ANSWER_YES
		       : pick < 12 ? SMTP_ANSWER_NO
				   : (enum smtp_answer)(pick - 10);
	}
	if (request->ask == SMTP_ASK_AUTH && !s->policy.starttls) {
		require(request->auth_first || (request->line && !request->mechanism));
		if (pick < 6)
			return SMTP_ANSWER_AUTH_DONE;
		return pick < 10 ? SMTP_ANSWER_AUTH_CHALLENGE
				 : (enum smtp_answer)(pick - 6);
	}
	require(s->logged_in);
	return pick < 10 ? SMTP_ANSWER_YES : (enum smtp_answer)(pick - 9);
}

static void
serve(struct session *s, struct smtp_request *request)
{
	while (request->ask > SMTP_ASK_NOTHING && request->ask < SMTP_ASK_DISCARD) {
		enum smtp_ask ask = request->ask;
		enum smtp_answer answer = pick_answer(s, request);

		require(buffer_len(&s->replies) == 0);
		s->logged_in |= ask == SMTP_ASK_AUTH && answer == SMTP_ANSWER_AUTH_DONE;
		require(ask != SMTP_ASK_OPEN || !s->open);
		require(ask != SMTP_ASK_FINISH || s->open);
		if (ask == SMTP_ASK_OPEN) {
			s->open = answer == SMTP_ANSWER_YES;
			s->stored = 0;
		}
		s->open = s->open && ask != SMTP_ASK_FINISH;
		require(smtp_dialogue_answer(
				s->d, answer, "text", &s->replies, request) == 0);
	}
	require(request->delay <= 8000);
	require(request->ask != SMTP_ASK_DISCARD || s->open);
	s->open = s->open && request->ask != SMTP_ASK_DISCARD;
	s->over = request->ask == SMTP_ASK_CLOSE || request->ask == SMTP_ASK_STARTTLS;
	/* BDAT is answered when its octets have come. */
	require(check_replies(s) > 0 || smtp_dialogue_in_message(s->d));
	check_state(s);
}

/* The caller has stored it, finds fault with it, or has lost it. */
static void
end_message(struct session *s)
{
	bool whole = smtp_dialogue_message_is_whole(s->d), bad = s->answers[6] == 0;
	struct smtp_request request;

	if (s->open && s->answers[5] == 0) {
		s->open = false;
		require(smtp_dialogue_message_lost(
				s->d, SMTP_ANSWER_FULL, &s->replies, &request) == 0);
		require(request.ask == SMTP_ASK_NOTHING || request.ask == SMTP_ASK_CLOSE);
	} else {
		require(smtp_dialogue_message_end(s->d,
				bad ? SMTP_DATA_NUL : SMTP_DATA_FINE, &s->replies,
				&request) == 0);
		require(request.ask != SMTP_ASK_FINISH || (whole && !bad));
	}
	serve(s, &request);
}

static size_t
feed_message(struct session *s, const char *data, size_t len)
{
	size_t stored, consumed;
	char *out = malloc(len);
	bool ended = smtp_dialogue_message(s->d, data, len, out, &stored, &consumed);

	require(ended || consumed == len);
	require(stored == 0 || s->open);
	s->stored += stored;
	require(stored == 0 || s->policy.max_message_size == 0 ||
		s->stored <= s->policy.max_message_size);
	free(out);
	if (ended)
		end_message(s);
	return consumed;
}

static size_t
feed_line(struct session *s, struct smtp_line *l, const char *data, size_t len)
{
	struct smtp_request request;
	enum smtp_line_fault fault;
	size_t n, consumed;

	if (!smtp_line_next(
		    l, data, len, smtp_dialogue_line_limit(s->d), &n, &consumed, &fault))
		return len;
	s->greeting = fault == SMTP_LINE_FINE && n > 4 &&
		      (strncasecmp(data, "HELO", 4) == 0 ||
			      strncasecmp(data, "EHLO", 4) == 0);
	if (fault == SMTP_LINE_TOO_LONG) {
		data = l->head;
		n = l->head_len;
	}
	smtp_dialogue_more_behind(s->d, s->answers[7] & 0x80);
	require(smtp_dialogue_line(s->d, fault, data, n, &s->replies, &request) == 0);
	serve(s, &request);
	return consumed;
}

static void
run(struct session *s, const char *data, size_t len)
{
	struct smtp_line line = { 0 };

	while (len > 0 && !s->over) {
		size_t n = smtp_dialogue_in_message(s->d)
				   ? feed_message(s, data, len)
				   : feed_line(s, &line, data, len);

		data += n;
		len -= n;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char first[] = "447.edu", second[] = "b.c";
	char *domains[] = { first, second };
	struct session s = { .greeting = false };

	if (size < HEADER)
		return 0;
	s.policy = (struct smtp_policy){ .hostname = "447.edu",
		.domains = domains,
		.n_domains = 2,
		.any_sender = data[0] & 1,
		.mechanisms = data[0] & 2 ? "PLAIN LOGIN" : "",
		.starttls = data[0] & 4,
		.enrols_only = (data[0] & 130) == 128,
		.max_message_size = data[0] & 8 ? 100 : 0,
		.max_recipients = data[0] & 16 ? 1 : 100,
		.max_messages = data[0] & 32 ? 1 : 100,
		.max_errors = data[0] & 64 ? 1 : 1000 };
	s.answers = data + 1;
	s.d = smtp_dialogue_new(&s.policy);
	require(smtp_dialogue_banner(s.d, &s.replies) == 0);
	require(check_replies(&s) == 1);
	run(&s, (const char *)data + HEADER, size - HEADER);
	if (!s.over) {
		smtp_dialogue_goodbye(s.d, SMTP_GOODBYE_TIMEOUT, &s.replies);
		require(check_replies(&s) == 1);
	}
	smtp_dialogue_free(s.d);
	buffer_free(&s.replies);
	return 0;
}
