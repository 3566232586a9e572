// SPDX-License-Identifier: ISC
/*
 * The message itself. BDAT needs no dots and tells what is too much early; a server that
 * pipelines gets several chunks before its first answer is waited for. Faults: the server
 * refuses (data, or temporary), and those of the connection and the file.
 */
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "client/deliver_parts.h"
#include "client/hello.h"
#include "client/progress.h"

enum { CHUNKS_AHEAD = 8, COMMAND_SIZE = 64 };

struct handover {
	struct client_delivery *d;
	struct client_progress progress;
	uint64_t sent;
	unsigned awaited; /* replies to chunks */
};

int
client_hand_over_judge(struct client_delivery *d, unsigned code, struct buffer *lines)
{
	if (code == 250)
		return 0;
	return client_hello_refused(
		&d->link, "the message", EX_DATAERR, code, lines, d->fault);
}

/* Shows how much the server's side has taken: what waits in our own socket has not left
 * yet. */
static void
show(struct handover *h)
{
	int waiting = 0;

	if (!h->progress.on)
		return;
	if (ioctl(h->d->link.fd, SIOCOUTQ, &waiting) < 0 || waiting < 0)
		waiting = 0;
	client_progress_show(&h->progress,
		h->sent > (uint64_t)waiting ? h->sent - (uint64_t)waiting : 0);
}

/* Sends in pieces, so that the bar moves. */
static int
send_bytes(struct handover *h, struct buffer *out)
{
	enum { PIECE = 65536 };

	while (buffer_len(out) > 0) {
		size_t n = buffer_len(out) < PIECE ? buffer_len(out) : PIECE;
		int r = client_link_send(&h->d->link, buffer_data(out), n, h->d->fault);

		if (r != 0)
			return r;
		buffer_consume(out, n);
		h->sent += n;
		show(h);
	}
	return 0;
}

/* Reads the reply to a chunk, whose first line may have been read already. */
static int
take_reply(struct handover *h, const struct smtp_server_line *first)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	struct client_delivery *d = h->d;
	unsigned code;
	int r;

	if (first && first->last && first->code == 250) {
		h->awaited--;
		return 0;
	}
	if (first && first->last) {
		code = first->code;
		if (buffer_append(&lines, first->line, first->len) < 0)
			return client_fault_memory(d->fault);
	} else {
		/* The server has longer for this than for anything else: RFC 5321
		 * section 4.5.3.2.6. */
		r = client_link_reply(&d->link,
			client_link_deadline(&d->link) +
				(int64_t)d->settings->timeout * 1000,
			&code, &lines, d->fault);
		if (r != 0)
			return r;
	}
	h->awaited--;
	return client_hand_over_judge(d, code, &lines);
}

/* Takes in replies that are there, and waits for those that are due: so that no more than
 * most stay. */
static int
take_replies(struct handover *h, unsigned most)
{
	struct smtp_server_line line;
	int r = 0;

	while (r == 0 && h->awaited > most)
		r = take_reply(h, NULL);
	while (r == 0 && h->awaited > 0 && most > 0) {
		r = client_link_line(&h->d->link, 0, &line, h->d->fault);
		if (r == CLIENT_LINK_NOTHING)
			return 0;
		if (r == 0)
			r = take_reply(h, &line);
	}
	return r;
}

static int
queue_chunk(struct client_delivery *d, size_t len, bool last)
{
	char command[COMMAND_SIZE];

	snprintf(command, sizeof command, "BDAT %zu%s", len, last ? " LAST" : "");
	return client_link_queue(&d->link, command, strlen(command), d->fault);
}

static int
send_chunk(struct handover *h, struct buffer *chunk, bool last)
{
	struct client_delivery *d = h->d;
	int r = queue_chunk(d, buffer_len(chunk), last);

	if (r == 0)
		r = client_link_flush(&d->link, d->fault);
	if (r == 0)
		r = send_bytes(h, chunk);
	if (r != 0)
		return r;
	h->awaited++;
	if (last)
		return take_replies(h, 0);
	return take_replies(h, d->offers.pipelining ? CHUNKS_AHEAD : 0);
}

static int
send_chunks(struct handover *h)
{
	CLEANUP(buffer_free) struct buffer chunk = { 0 };
	struct client_message_reader reader = { .message = h->d->mail->message };
	int more, r = 0;

	do {
		more = client_message_next(&reader, &chunk, h->d->fault);
		if (more < 0)
			return more;
		if (more == 0 || buffer_len(&chunk) >= CLIENT_CHUNK)
			r = send_chunk(h, &chunk, more == 0);
	} while (r == 0 && more > 0);
	return r;
}

static int
send_data(struct handover *h)
{
	CLEANUP(buffer_free) struct buffer out = { 0 };
	struct client_delivery *d = h->d;
	struct client_message_reader reader = { .message = d->mail->message,
		.dots = true };
	int r;

	while ((r = client_message_next(&reader, &out, d->fault)) > 0) {
		r = send_bytes(h, &out);
		if (r != 0)
			return r;
	}
	/* Half a message: whatever else is said would be part of it. */
	if (r < 0)
		d->link.broken = true;
	if (r == 0)
		r = client_link_command(&d->link, ".", 1, d->fault);
	if (r != 0)
		return r;
	h->awaited = 1;
	return take_reply(h, NULL);
}

static int
say_data(struct client_delivery *d)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	unsigned code;
	int r;

	r = client_hello_ask(&d->link, "DATA", &code, &lines, d->fault);
	if (r != 0 || code == 354)
		return r;
	return client_hello_refused(&d->link, "DATA", EX_DATAERR, code, &lines, d->fault);
}

/* After a refusal: the replies to chunks that went out before it came. */
static void
drain(struct handover *h)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	struct client_link *l = &h->d->link;
	struct client_fault ignored = { 0 };
	unsigned code;

	while (!l->broken && h->awaited > 0) {
		if (client_link_reply(
			    l, client_link_deadline(l), &code, &lines, &ignored) != 0)
			return;
		h->awaited--;
	}
}

int
client_hand_over(struct client_delivery *d, bool begun)
{
	struct handover h = { .d = d };
	int r = 0;

	if (!begun && !d->offers.chunking)
		r = say_data(d);
	if (r != 0)
		return r;
	r = client_link_expect_silence(&d->link, d->fault);
	if (r != 0)
		return r;
	client_progress_begin(&h.progress, d->mail->message->size);
	r = begun || !d->offers.chunking ? send_data(&h) : send_chunks(&h);
	client_progress_end(&h.progress);
	if (r < 0)
		drain(&h);
	return r;
}

bool
client_hand_over_is_short(const struct client_delivery *d)
{
	return d->mail->message->size <= CLIENT_CHUNK / 8;
}

int
client_hand_over_queue(struct client_delivery *d)
{
	CLEANUP(buffer_free) struct buffer chunk = { 0 };
	struct client_message_reader reader = { .message = d->mail->message };
	int r;

	while ((r = client_message_next(&reader, &chunk, d->fault)) > 0)
		;
	if (r == 0)
		r = queue_chunk(d, buffer_len(&chunk), true);
	if (r == 0 &&
		buffer_append(&d->link.out, buffer_data(&chunk), buffer_len(&chunk)) < 0)
		r = client_fault_memory(d->fault);
	return r;
}
