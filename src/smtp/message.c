// SPDX-License-Identifier: ISC
/*
 * The message as it comes in, by DATA or by BDAT (RFC 3030): what its bytes become, and
 * what its end is answered with. The octets behind BDAT are read whatever the reply will
 * be, so that none of them is ever taken for a command, unless they are very many: then
 * the connection is closed. A BDAT that is refused ends the transaction, so that no
 * message is stored with a part missing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "smtp/session.h"

enum { NUMBER_SIZE = 24 };

static int
reply_octets(struct smtp_turn *t, enum smtp_reply reply, uint64_t octets)
{
	char number[NUMBER_SIZE];

	snprintf(number, sizeof(number), "%" PRIu64, octets);
	return smtp_turn_reply(t, reply, number);
}

static enum smtp_reply
fault_refusal(enum smtp_data_fault fault)
{
	switch (fault) {
	case SMTP_DATA_FINE:
		return SMTP_REPLY_NONE;
	case SMTP_DATA_BARE_CR:
		return SMTP_REPLY_MESSAGE_BARE_CR;
	case SMTP_DATA_BARE_LF:
		return SMTP_REPLY_MESSAGE_BARE_LF;
	case SMTP_DATA_NUL:
		return SMTP_REPLY_MESSAGE_NUL;
	case SMTP_DATA_LINE_TOO_LONG:
		return SMTP_REPLY_MESSAGE_LINE;
	case SMTP_DATA_TOO_BIG:
		return SMTP_REPLY_MESSAGE_TOO_BIG;
	case SMTP_DATA_LOOP:
		return SMTP_REPLY_MESSAGE_LOOP;
	case SMTP_DATA_HEADER_TOO_BIG:
		return SMTP_REPLY_HEADER_TOO_BIG;
	case SMTP_DATA_HEADER_LINE:
		return SMTP_REPLY_HEADER_LINE;
	case SMTP_DATA_HEADER_NAME:
		return SMTP_REPLY_HEADER_NAME;
	}
	return SMTP_REPLY_FAULT;
}

/* The message is refused, and with it the transaction ends. */
static int
message_refuse(struct smtp_turn *t, enum smtp_reply refusal)
{
	smtp_dialogue_advance(t->d, SMTP_EVENT_DONE);
	return smtp_turn_reply(t, refusal, NULL);
}

static int
message_whole(struct smtp_turn *t)
{
	smtp_dialogue_advance(t->d, SMTP_EVENT_WHOLE);
	smtp_turn_ask(t, SMTP_ASK_FINISH);
	return 0;
}

/* A chunk that nobody wanted has passed. */
static int
chunk_refused(struct smtp_turn *t)
{
	struct smtp_dialogue *d = t->d;
	enum smtp_reply refusal = d->incoming.refusal;

	d->incoming.refusal = SMTP_REPLY_NONE;
	if (smtp_state_in_transaction(d->session.state))
		smtp_dialogue_advance(d, SMTP_EVENT_RESET);
	return smtp_turn_reply(t, refusal, smtp_command_of(SMTP_VERB_BDAT)->name);
}

/* A message, or a chunk of one, has come to its end; SMTP_REPLY_NONE for a good one. */
static int
message_ended(struct smtp_turn *t, enum smtp_reply refusal)
{
	struct smtp_incoming *in = &t->d->incoming;
	bool chunk = in->in_chunk;

	in->in_chunk = false;
	if (chunk && in->refusal)
		return chunk_refused(t);
	if (refusal)
		return message_refuse(t, refusal);
	if (!chunk || in->chunk.last)
		return message_whole(t);
	return reply_octets(t, SMTP_REPLY_CHUNK_RECEIVED, in->chunk.octets);
}

/* Its octets come next, if there are any; the end comes even if not. */
static void
chunk_start(struct smtp_turn *t, enum smtp_reply refusal)
{
	t->d->incoming.refusal = refusal;
	t->d->incoming.in_chunk = true;
}

/* The peer sends no more than a message that is too big by another message. */
static bool
is_bearable(const struct smtp_dialogue *d, uint64_t octets)
{
	uint64_t max = d->session.policy->max_message_size;

	return max == 0 || octets <= max || octets - max <= max;
}

/* The refusal at once, and the end: what follows is not read. */
static int
chunk_close(struct smtp_turn *t, enum smtp_reply refusal, enum smtp_reply bye)
{
	int r = smtp_turn_reply(t, refusal, smtp_command_of(SMTP_VERB_BDAT)->name);

	if (r < 0 || t->request->ask == SMTP_ASK_CLOSE)
		return r;
	return smtp_turn_close(t, bye);
}

int
smtp_chunk_begin(struct smtp_turn *t, const struct smtp_arguments *a)
{
	struct smtp_dialogue *d = t->d;
	struct smtp_incoming *in = &d->incoming;
	bool first = d->session.state != SMTP_STATE_CHUNKS;

	in->chunk = a->chunk;
	if (first)
		smtp_data_init_counted(&in->data, d->session.policy->max_message_size,
			d->transaction.body);
	if (!is_bearable(d, a->chunk.octets))
		return chunk_close(
			t, SMTP_REPLY_MESSAGE_TOO_BIG, SMTP_REPLY_CHUNK_TOO_BIG_BYE);
	if (a->chunk.octets > smtp_data_room(&in->data))
		chunk_start(t, SMTP_REPLY_MESSAGE_TOO_BIG);
	else if (first)
		smtp_turn_ask(t, SMTP_ASK_OPEN);
	else
		chunk_start(t, SMTP_REPLY_NONE);
	return 0;
}

int
smtp_chunk_refuse(
	struct smtp_turn *t, enum smtp_reply refusal, const char *text, size_t len)
{
	struct smtp_chunk *chunk = &t->d->incoming.chunk;

	if (smtp_chunk_parse(text, len, chunk) == -ERANGE)
		return chunk_close(t, refusal, SMTP_REPLY_CHUNK_BYE);
	if (!is_bearable(t->d, chunk->octets))
		return chunk_close(t, refusal, SMTP_REPLY_CHUNK_TOO_BIG_BYE);
	chunk_start(t, refusal);
	return 0;
}

/* Which of the two commands has asked is seen by the chunk that it left behind. */
int
smtp_message_opened(struct smtp_turn *t, enum smtp_answer answer)
{
	struct smtp_dialogue *d = t->d;
	struct smtp_incoming *in = &d->incoming;
	bool yes = answer == SMTP_ANSWER_YES;

	in->open = yes;
	d->session.messages += yes;
	if (in->data.dots) {
		if (!yes)
			return smtp_turn_reply(t, smtp_answer_refusal(answer), NULL);
		smtp_dialogue_advance(d, SMTP_EVENT_DATA);
		return smtp_turn_reply(t, SMTP_REPLY_DATA, NULL);
	}
	if (yes)
		smtp_dialogue_advance(d, SMTP_EVENT_CHUNK);
	chunk_start(t, yes ? SMTP_REPLY_NONE : smtp_answer_refusal(answer));
	return 0;
}

int
smtp_message_delivered(struct smtp_turn *t)
{
	struct smtp_incoming *in = &t->d->incoming;

	if (in->data.dots)
		return smtp_turn_reply(t, SMTP_REPLY_RECEIVED, NULL);
	return reply_octets(t, SMTP_REPLY_CHUNKS_RECEIVED, in->data.size);
}

bool
smtp_dialogue_in_message(const struct smtp_dialogue *d)
{
	return d->session.state == SMTP_STATE_MESSAGE || d->incoming.in_chunk;
}

bool
smtp_dialogue_message(struct smtp_dialogue *d, const char *in, size_t len, char *out,
	size_t *ret_out, size_t *ret_consumed)
{
	struct smtp_incoming *m = &d->incoming;

	if (!m->in_chunk)
		return smtp_data_scan(&m->data, in, len, out, ret_out, ret_consumed);
	return smtp_chunk_scan(&m->chunk, m->refusal ? NULL : &m->data, in, len, out,
		ret_out, ret_consumed);
}

/* One of the two calls that end a message or a chunk. */
static int
dialogue_end(struct smtp_dialogue *d, enum smtp_reply refusal, struct buffer *replies,
	struct smtp_request *ret)
{
	struct smtp_turn t = { .d = d, .replies = replies, .request = ret };
	int r;

	*ret = (struct smtp_request){ .ask = SMTP_ASK_NOTHING };
	if (!smtp_dialogue_in_message(d))
		return -EINVAL;
	r = message_ended(&t, refusal);
	smtp_turn_settle(&t);
	return r;
}

int
smtp_dialogue_message_end(struct smtp_dialogue *d, enum smtp_data_fault fault,
	struct buffer *replies, struct smtp_request *ret)
{
	enum smtp_data_fault found = d->incoming.data.fault;

	return dialogue_end(
		d, fault_refusal(found == SMTP_DATA_FINE ? fault : found), replies, ret);
}

int
smtp_dialogue_message_lost(struct smtp_dialogue *d, enum smtp_answer answer,
	struct buffer *replies, struct smtp_request *ret)
{
	if (smtp_dialogue_in_message(d))
		d->incoming.open = false;
	return dialogue_end(d, smtp_answer_refusal(answer), replies, ret);
}

bool
smtp_dialogue_message_is_whole(const struct smtp_dialogue *d)
{
	const struct smtp_incoming *m = &d->incoming;

	if (!m->in_chunk)
		return true;
	return !m->refusal && m->chunk.last;
}

uint64_t
smtp_dialogue_message_size(const struct smtp_dialogue *d)
{
	return d->incoming.data.size;
}
