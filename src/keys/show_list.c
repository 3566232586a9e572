// SPDX-License-Identifier: ISC
/*
 * `show` for lists: whose it is, its number and its days, and an entry a line. Nothing is
 * verified: the list's signature is the business of whoever has its CA. Reads the clock.
 */
#include "keys/show_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/put.h"
#include "keys/report.h"
#include "pki/describe.h"

static const char *
state_of(const struct pki_crl *list)
{
	int64_t now = time(NULL);

	if (now > list->next_update)
		return "out of date";
	return now < list->this_update ? "not yet valid" : "current";
}

static void
number_of(const struct pki_crl *list, char ret[2 * PKI_CRL_NUMBER_MAX + 1])
{
	text_hex(list->number, list->number_len, ret);
}

/* However long it is; NULL without memory. */
static char *
serial_of(const struct pki_crl_entry *entry)
{
	char *hex = malloc(2 * entry->serial.len + sizeof("00"));

	if (hex && entry->serial.len > 0)
		text_hex(entry->serial.at, entry->serial.len, hex);
	else if (hex)
		memcpy(hex, "00", sizeof("00"));
	return hex;
}

static const char *
reason_of(const struct pki_crl_entry *entry)
{
	const char *reason = pki_reason_name(entry->reason);

	return reason ? reason : "unspecified";
}

static int
put_entry(const struct pki_crl_entry *entry)
{
	CLEANUP_FREE char *serial = serial_of(entry);
	struct calendar c;

	if (!serial)
		return keys_fail(EX_OSERR, "no memory");
	calendar_of(entry->date, &c);
	printf("%-12s %s since %04d-%02d-%02d, %s\n", "revoked", serial, c.year, c.month,
		c.day, reason_of(entry));
	return 0;
}

static int
put_list(const struct pki_crl *list, const char *issuer)
{
	char number[2 * PKI_CRL_NUMBER_MAX + 1], entries[32];
	int r = 0;

	number_of(list, number);
	snprintf(entries, sizeof(entries), "%zu", list->n_entries);
	keys_put_value("list of", issuer);
	keys_put_value("number", number);
	keys_put_time("from", list->this_update);
	if (list->next_update == INT64_MAX)
		keys_put_value("until", "without end");
	else
		keys_put_time("until", list->next_update);
	keys_put_value("state", state_of(list));
	keys_put_value("entries", entries);
	for (size_t i = 0; r == 0 && i < list->n_entries; i++)
		r = put_entry(&list->entries[i]);
	return r;
}

static int
json_entry(struct buffer *b, const struct pki_crl_entry *entry, bool first)
{
	CLEANUP_FREE char *serial = serial_of(entry);
	int r = serial ? buffer_puts(b, first ? "{" : ", {") : -ENOMEM;

	if (r == 0)
		r = json_member(b, "serial", serial);
	if (r == 0)
		r = json_time(b, "revoked", entry->date);
	if (r == 0)
		r = json_member(b, "reason", reason_of(entry));
	return r < 0 ? r : buffer_puts(b, "}");
}

static int
json_head(struct buffer *b, const char *file, const struct pki_crl *list, size_t i,
	const char *issuer)
{
	char number[2 * PKI_CRL_NUMBER_MAX + 1];
	int r = buffer_puts(b, "{");

	number_of(list, number);
	if (r == 0)
		r = json_member(b, "file", file);
	if (r == 0)
		r = json_number(b, "list", (int64_t)i + 1);
	if (r == 0)
		r = json_member(b, "issuer", issuer);
	if (r == 0)
		r = json_member(b, "number", number);
	if (r == 0)
		r = json_time(b, "from", list->this_update);
	if (r == 0 && list->next_update != INT64_MAX)
		r = json_time(b, "until", list->next_update);
	return r < 0 ? r : json_member(b, "state", state_of(list));
}

static int
put_json(const char *file, const struct pki_crl *list, size_t i, const char *issuer,
	bool first)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	int r = json_head(&b, file, list, i, issuer);

	if (r == 0)
		r = buffer_puts(&b, ", \"entries\": [");
	for (size_t k = 0; r == 0 && k < list->n_entries; k++)
		r = json_entry(&b, &list->entries[k], k == 0);
	if (r == 0)
		r = buffer_puts(&b, "]}");
	if (r < 0)
		return keys_fail(EX_OSERR, "no memory");
	printf("%s%.*s", first ? "[" : ",\n ", (int)buffer_len(&b), buffer_data(&b));
	return 0;
}

int
keys_show_list(
	const struct keys_options *o, const struct pki_crl *list, size_t i, bool first)
{
	CLEANUP_FREE char *issuer = NULL;

	if (pki_name_describe(list->issuer, &issuer) < 0)
		return keys_fail(EX_DATAERR,
			"the issuer of list %zu of %s cannot be read", i + 1, o->file);
	if (o->json)
		return put_json(o->file, list, i, issuer, first);
	if (!first)
		putchar('\n');
	return put_list(list, issuer);
}
