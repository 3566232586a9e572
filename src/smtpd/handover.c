// SPDX-License-Identifier: ISC
/*
 * Numbers with the most significant byte first, behind a word that names the form. Owns
 * nothing but the array that it fills. Faults: -EBADMSG, -ENOMEM.
 */
#include "smtpd/handover.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/reader.h"

static const char FORM[8] = "PSTNRES1";

static int
put(struct buffer *b, uint64_t value, size_t bytes)
{
	uint8_t raw[8];

	for (size_t i = 0; i < bytes; i++)
		raw[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
	return buffer_append(b, raw, bytes);
}

static int
put_child(struct buffer *b, const struct smtpd_child *c)
{
	int r = put(b, (uint32_t)c->pid, 4);

	return r < 0 ? r : buffer_append(b, &c->source, sizeof c->source);
}

int
smtpd_handover_write(struct buffer *b, const struct smtpd_handover *h)
{
	const uint64_t counts[] = { h->counts.served, h->counts.refused, h->counts.died,
		h->counts.renewed };
	int r = buffer_append(b, FORM, sizeof FORM);

	if (r < 0 || (r = put(b, (uint32_t)h->pid, 4)) < 0 ||
		(r = put(b, h->walled, 1)) < 0 ||
		(r = put(b, (uint32_t)(h->notify + 1), 4)) < 0)
		return r;
	for (size_t i = 0; r == 0 && i < sizeof counts / sizeof *counts; i++)
		r = put(b, counts[i], 8);
	if (r == 0)
		r = put(b, h->children.n, 4);
	for (size_t i = 0; r == 0 && i < h->children.n; i++)
		r = put_child(b, &h->children.at[i]);
	return r;
}

static uint64_t
read_count(struct reader *r)
{
	uint64_t high = reader_number(r, 4);

	return high << 32 | reader_number(r, 4);
}

/* A process is not the first one of the machine, nor all of them, nor a group. */
static pid_t
read_pid(struct reader *r)
{
	uint32_t pid = reader_below(r, 4, (uint32_t)INT_MAX + 1);

	if (pid < 2)
		r->bad = true;
	return (pid_t)pid;
}

static int
compare(const void *a, const void *b)
{
	const struct smtpd_child *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static bool
has_twins(struct smtpd_children *c)
{
	if (c->n > 0)
		qsort(c->at, c->n, sizeof *c->at, compare);
	for (size_t i = 1; i < c->n; i++)
		if (c->at[i].pid == c->at[i - 1].pid)
			return true;
	return false;
}

static int
read_children(struct reader *r, struct smtpd_children *ret)
{
	size_t n = reader_below(r, 4, SMTPD_HANDLERS_MAX + 1);
	const void *source;

	for (size_t i = 0; i < n && !r->bad; i++) {
		pid_t pid = read_pid(r);

		source = reader_run(r, HOST_SOURCE_SIZE);
		if (!source)
			return -EBADMSG;
		if (smtpd_children_reserve(ret) < 0)
			return -ENOMEM;
		smtpd_children_add(ret, pid, source);
	}
	return r->bad || r->left > 0 || has_twins(ret) ? -EBADMSG : 0;
}

int
smtpd_handover_read(const void *data, size_t len, struct smtpd_handover *ret)
{
	struct reader r = { .at = data, .left = len };
	const void *form = reader_run(&r, sizeof FORM);
	CLEANUP(smtpd_children_free) struct smtpd_children children = { 0 };
	struct smtpd_handover h = { 0 };
	int error;

	if (!form || memcmp(form, FORM, sizeof FORM) != 0)
		return -EBADMSG;
	h.pid = read_pid(&r);
	h.walled = reader_below(&r, 1, 2) > 0;
	h.notify = (int)reader_below(&r, 4, INT_MAX) - 1;
	h.counts.served = read_count(&r);
	h.counts.refused = read_count(&r);
	h.counts.died = read_count(&r);
	h.counts.renewed = read_count(&r);
	error = read_children(&r, &children);
	if (error < 0)
		return error;
	h.children = TAKE(children, (struct smtpd_children){ 0 });
	*ret = h;
	return 0;
}
