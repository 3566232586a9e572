// SPDX-License-Identifier: ISC
/*
 * One array that is looked through from end to end: a few thousand entries of twenty
 * bytes take microseconds, beside a fork. Owns the array. Faults: -ENOMEM.
 */
#include "smtpd/children.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

void
smtpd_children_free(struct smtpd_children *c)
{
	free(c->at);
	*c = (struct smtpd_children){ 0 };
}

int
smtpd_children_reserve(struct smtpd_children *c)
{
	size_t cap = c->cap ? 2 * c->cap : 64;
	struct smtpd_child *at;

	if (c->n < c->cap)
		return 0;
	at = reallocarray(c->at, cap, sizeof *at);
	if (!at)
		return -ENOMEM;
	c->at = at;
	c->cap = cap;
	return 0;
}

void
smtpd_children_add(struct smtpd_children *c, pid_t pid, const struct host_source *source)
{
	c->at[c->n++] = (struct smtpd_child){ pid, *source };
}

bool
smtpd_children_take(struct smtpd_children *c, pid_t pid, struct smtpd_child *ret)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->at[i].pid != pid)
			continue;
		*ret = TAKE(c->at[i], c->at[c->n - 1]);
		c->n--;
		return true;
	}
	return false;
}

size_t
smtpd_children_count(const struct smtpd_children *c, const struct host_source *source)
{
	size_t found = 0;

	for (size_t i = 0; i < c->n; i++)
		found += memcmp(&c->at[i].source, source, sizeof *source) == 0;
	return found;
}
