// SPDX-License-Identifier: ISC
/*
 * The resolver of the C library, and its parser of answers. Names are kept where they are
 * printable ASCII without blanks, and records with others are passed over. Nothing is
 * owned.
 */
#include "client/srv.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 65535, RDATA_MIN = 7, FIXED = 6 };

static bool
is_name(const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name <= ' ' || *name >= 0x7f)
			return false;
	}
	return true;
}

static int
compare(const void *a, const void *b)
{
	const struct client_srv *one = a, *other = b;

	if (one->priority != other->priority)
		return one->priority < other->priority ? -1 : 1;
	if (one->weight != other->weight)
		return one->weight > other->weight ? -1 : 1;
	return 0;
}

/* Whether the record is one of ours, and fine. */
static bool
read_record(const ns_msg *message, const ns_rr *record, struct client_srv *ret)
{
	const uint8_t *data = ns_rr_rdata(*record);

	if (ns_rr_type(*record) != ns_t_srv || ns_rr_class(*record) != ns_c_in ||
		ns_rr_rdlen(*record) < RDATA_MIN)
		return false;
	ret->priority = ns_get16(data);
	ret->weight = ns_get16(data + 2);
	ret->port = ns_get16(data + 4);
	if (dn_expand(ns_msg_base(*message), ns_msg_end(*message), data + FIXED,
		    ret->target, sizeof ret->target) < 0)
		return false;
	if (strcmp(ret->target, ".") == 0)
		ret->target[0] = '\0';
	return is_name(ret->target);
}

int
client_srv_parse(const uint8_t *answer, size_t len, struct client_srv ret[CLIENT_SRV_MAX])
{
	ns_msg message;
	size_t n = 0;

	if (len > ANSWER_MAX || ns_initparse(answer, (int)len, &message) < 0)
		return -EBADMSG;
	for (int i = 0; i < ns_msg_count(message, ns_s_an) && n < CLIENT_SRV_MAX; i++) {
		ns_rr record;

		if (ns_parserr(&message, ns_s_an, i, &record) < 0)
			return -EBADMSG;
		n += read_record(&message, &record, &ret[n]);
	}
	if (n == 0)
		return -ENOENT;
	qsort(ret, n, sizeof *ret, compare);
	return (int)n;
}

int
client_srv_find(
	const char *service, const char *domain, struct client_srv ret[CLIENT_SRV_MAX])
{
	struct __res_state state = { 0 };
	uint8_t answer[ANSWER_MAX];
	char name[CLIENT_SRV_NAME];
	int n, fault;

	if ((size_t)snprintf(name, sizeof name, "%s.%s", service, domain) >= sizeof name)
		return -ENOENT;
	if (res_ninit(&state) < 0)
		return -EAGAIN;
	/* Somebody waits: twice two seconds for each server that is asked. */
	state.retrans = 2;
	state.retry = 2;
	n = res_nquery(&state, name, ns_c_in, ns_t_srv, answer, sizeof answer);
	fault = state.res_h_errno;
	res_nclose(&state);
	if (n < 0)
		return fault == TRY_AGAIN || fault == NO_RECOVERY ? -EAGAIN : -ENOENT;
	return client_srv_parse(answer, (size_t)n, ret);
}
