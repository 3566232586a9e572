// SPDX-License-Identifier: ISC
/*
 * The transaction: what the answers to its requests make of it. A sender or recipient is
 * part of it only once it was answered with yes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/session.h"

void
smtp_transaction_drop(struct smtp_transaction *transaction)
{
	for (size_t i = 0; i < transaction->n_recipients; i++)
		free(transaction->recipients[i]);
	free(transaction->recipients);
	free(transaction->sender);
	*transaction = (struct smtp_transaction){ 0 };
}

static int
transaction_add(struct smtp_transaction *transaction, const char *recipient)
{
	size_t cap = transaction->cap;
	char *copy;

	if (transaction->n_recipients == cap) {
		char **grown;

		cap = cap == 0 ? 4 : 2 * cap;
		grown = reallocarray(transaction->recipients, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		transaction->recipients = grown;
		transaction->cap = cap;
	}
	copy = strdup(recipient);
	if (!copy)
		return -ENOMEM;
	transaction->recipients[transaction->n_recipients++] = copy;
	return 0;
}

/* Why somebody may not send any more, or SMTP_REPLY_NONE. */
static enum smtp_reply
reply_to_barred(enum smtp_answer answer)
{
	switch (answer) {
	case SMTP_ANSWER_DEVICE_REVOKED:
		return SMTP_REPLY_DEVICE_REVOKED;
	case SMTP_ANSWER_DEVICE_EXPIRED:
		return SMTP_REPLY_DEVICE_EXPIRED;
	case SMTP_ANSWER_USER_LOCKED:
		return SMTP_REPLY_USER_LOCKED;
	case SMTP_ANSWER_USER_GONE:
		return SMTP_REPLY_USER_GONE;
	default:
		return SMTP_REPLY_NONE;
	}
}

static int
answer_sender(struct smtp_turn *t, enum smtp_answer answer)
{
	struct smtp_dialogue *d = t->d;

	if (answer == SMTP_ANSWER_NO)
		return smtp_turn_reply(t, SMTP_REPLY_SENDER_REFUSED, d->path.address);
	if (reply_to_barred(answer) != SMTP_REPLY_NONE)
		return smtp_turn_reply(t, reply_to_barred(answer), NULL);
	if (answer != SMTP_ANSWER_YES)
		return smtp_turn_reply(t, smtp_answer_refusal(answer), NULL);
	d->transaction.sender = strdup(d->path.address);
	if (!d->transaction.sender)
		return -ENOMEM;
	d->transaction.body = d->parameters.body;
	d->transaction.utf8 = d->parameters.utf8;
	smtp_dialogue_advance(d, SMTP_EVENT_SENDER);
	return smtp_turn_reply(t, SMTP_REPLY_SENDER_OK, d->path.typed);
}

static int
answer_recipient(struct smtp_turn *t, enum smtp_answer answer)
{
	struct smtp_dialogue *d = t->d;
	int r;

	if (answer == SMTP_ANSWER_NO)
		return smtp_turn_reply(t, SMTP_REPLY_RECIPIENT_UNKNOWN, d->path.address);
	if (answer != SMTP_ANSWER_YES)
		return smtp_turn_reply(t, smtp_answer_refusal(answer), NULL);
	r = transaction_add(&d->transaction, d->path.address);
	if (r < 0)
		return r;
	smtp_dialogue_advance(d, SMTP_EVENT_RECIPIENT);
	return smtp_turn_reply(t, SMTP_REPLY_RECIPIENT_OK, d->path.typed);
}

/* Whoever was to deliver it has ended it, one way or the other. */
static int
answer_finish(struct smtp_turn *t, enum smtp_answer answer)
{
	t->d->incoming.open = false;
	smtp_dialogue_advance(t->d, SMTP_EVENT_DONE);
	if (answer != SMTP_ANSWER_YES)
		return smtp_turn_reply(t, smtp_answer_refusal(answer), NULL);
	return smtp_message_delivered(t);
}

int
smtp_transaction_answer(struct smtp_turn *t, enum smtp_ask ask, enum smtp_answer answer)
{
	switch (ask) {
	case SMTP_ASK_SENDER:
		return answer_sender(t, answer);
	case SMTP_ASK_RECIPIENT:
		return answer_recipient(t, answer);
	case SMTP_ASK_OPEN:
		return smtp_message_opened(t, answer);
	case SMTP_ASK_FINISH:
		return answer_finish(t, answer);
	default:
		return -EINVAL;
	}
}
