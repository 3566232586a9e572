// SPDX-License-Identifier: ISC
/*
 * The two forms of a log record, with values that nobody vouches for, and the table of
 * events. Runs in the top folder of the source.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <glob.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "config/file.h"
#include "host/log_event.h"
#include "host/log_record.h"

static const struct timespec NOW = { .tv_sec = 1700000000, .tv_nsec = 42999999 };

#define PREFIX "2023-11-14T22:13:20.042Z postern-smtpd[77]: "

static const struct {
	struct host_record record;
	const char *session;
	const char *peer;
	const char *text;
	const char *fields;
} RECORDS[] = {
	{ { LOG_INFO, "login", "Logged in a@x", "SCRAM-SHA-256", "a@x", "abcd", NULL },
		"s1", "192.0.2.1:9",
		"Logged in a@x event=login session=s1 peer=192.0.2.1:9 device=abcd "
		"user=a@x reason=\"SCRAM-SHA-256\"\n",
		"MESSAGE=Logged in a@x\nPRIORITY=6\nSYSLOG_IDENTIFIER=postern-smtpd\n"
		"MESSAGE_ID=*\nPOSTERN_EVENT=login\nPOSTERN_SESSION=s1\n"
		"POSTERN_PEER=192.0.2.1:9\nPOSTERN_DEVICE=abcd\nPOSTERN_USER=a@x\n"
		"POSTERN_REASON=SCRAM-SHA-256\n" },
	{ { .priority = LOG_ERR,
		  .event = "no-such-event",
		  .message = "m",
		  .queue_id = "Q9" },
		NULL, NULL, "m event=no-such-event queue_id=Q9\n",
		"MESSAGE=m\nPRIORITY=3\nSYSLOG_IDENTIFIER=postern-smtpd\n"
		"POSTERN_EVENT=no-such-event\nPOSTERN_QUEUE_ID=Q9\n" },
	/* Hostile bytes in each place. */
	{ { LOG_NOTICE, "e\n", "a\r\nb=c\"\\\x1b[2J\xff", "\n<1>fake event=login",
		  "u\nPOSTERN_USER=root", "d\td", "q=\xc3\xa9" },
		"s\n", " p",
		"a\\x0d\\x0ab\\x3dc\\x22\\x5c\\x1b[2J\\xff event=e\\x0a session=s\\x0a "
		"peer=\" p\" device=d\\x09d user=\"u\\x0aPOSTERN_USER=root\" "
		"queue_id=\"q=\\xc3\\xa9\" reason=\"\\x0a<1>fake event=login\"\n",
		"MESSAGE=a\\x0d\\x0ab=c\\x22\\x5c\\x1b[2J\\xff\nPRIORITY=5\n"
		"SYSLOG_IDENTIFIER=postern-smtpd\nPOSTERN_EVENT=e\\x0a\n"
		"POSTERN_SESSION=s\\x0a\nPOSTERN_PEER= p\nPOSTERN_DEVICE=d\\x09d\n"
		"POSTERN_USER=u\\x0aPOSTERN_USER=root\nPOSTERN_QUEUE_ID=q=\\xc3\\xa9\n"
		"POSTERN_REASON=\\x0a<1>fake event=login\n" },
	{ { .priority = LOG_DEBUG, .user = "", .reason = "" }, "", "",
		" session=\"\" peer=\"\" user=\"\" reason=\"\"\n",
		"MESSAGE=\nPRIORITY=7\nSYSLOG_IDENTIFIER=postern-smtpd\n"
		"POSTERN_SESSION=\nPOSTERN_PEER=\nPOSTERN_USER=\nPOSTERN_REASON=\n" },
};

static void
test_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(RECORDS) / sizeof(RECORDS[0]); i++) {
		struct buffer b CLEANUP(buffer_free) = { 0 };
		const char *line;

		assert_int_equal(host_log_record_text(&b, &RECORDS[i].record,
					 RECORDS[i].session, RECORDS[i].peer, &NOW, 77),
			0);
		line = buffer_string(&b);
		assert_int_equal(strncmp(line, PREFIX, strlen(PREFIX)), 0);
		assert_string_equal(line + strlen(PREFIX), RECORDS[i].text);
	}
}

/* Takes the value of MESSAGE_ID away, which other tests look at. */
static void
hide_id(char *fields)
{
	char *id = strstr(fields, "MESSAGE_ID=");
	size_t len;

	if (!id)
		return;
	id += strlen("MESSAGE_ID=");
	len = strcspn(id, "\n");
	assert_int_equal(len, 32);
	*id = '*';
	memmove(id + 1, id + len, strlen(id + len) + 1);
}

static void
test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(RECORDS) / sizeof(RECORDS[0]); i++) {
		struct buffer b CLEANUP(buffer_free) = { 0 };

		assert_int_equal(host_log_record_fields(&b, &RECORDS[i].record,
					 RECORDS[i].session, RECORDS[i].peer),
			0);
		hide_id(buffer_string(&b));
		assert_string_equal(buffer_data(&b), RECORDS[i].fields);
	}
}

/* Everything at its longest, in bytes that grow fourfold: one line within the limit, and
 * each escape in it whole. */
static void
test_long(void **state)
{
	struct buffer b CLEANUP(buffer_free) = { 0 };
	struct buffer f CLEANUP(buffer_free) = { 0 };
	static char v[100000];
	const struct host_record record = { LOG_INFO, v, v, v, v, v, v };
	const char *p;
	regex_t re;

	(void)state;
	memset(v, '\n', sizeof(v) - 1);
	assert_int_equal(host_log_record_text(&b, &record, v, v, &NOW, 4194304), 0);
	assert_true(buffer_len(&b) <= HOST_LOG_LINE_MAX);
	assert_true(buffer_len(&b) > 3000);
	p = buffer_string(&b);
	assert_ptr_equal(strchr(p, '\n'), p + buffer_len(&b) - 1);
	assert_int_equal(regcomp(&re,
				 "^[^\\]*(\\\\x0a)+\\\\\\.\\.\\. event=(\\\\x0a){16}"
				 "\\\\\\.\\.\\. session=(\\\\x0a){16}\\\\\\.\\.\\. .* "
				 "reason=\"(\\\\x0a)+\\\\\\.\\.\\.\"\n$",
				 REG_EXTENDED | REG_NOSUB),
		0);
	assert_int_equal(regexec(&re, p, 0, NULL, 0), 0);
	regfree(&re);
	assert_int_equal(host_log_record_fields(&f, &record, v, v), 0);
	assert_true(buffer_len(&f) <= HOST_LOG_LINE_MAX);
}

/* A value of exactly the limit is whole, one of a byte more is cut. */
static void
test_limit(void **state)
{
	char event[66];

	(void)state;
	for (size_t len = 63; len <= 65; len++) {
		struct buffer b CLEANUP(buffer_free) = { 0 };
		const struct host_record record = { .event = event, .message = "m" };

		memset(event, 'e', len);
		event[len] = '\0';
		assert_int_equal(
			host_log_record_text(&b, &record, NULL, NULL, &NOW, 1), 0);
		assert_int_equal(strstr(buffer_string(&b), "\\...") != NULL, len == 65);
	}
}

/* Finds the names of events behind word in a source, and checks that each has an id. */
static int
check_events(const char *source, const char *pattern)
{
	regmatch_t at[2];
	regex_t re;
	int n = 0;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED), 0);
	for (; regexec(&re, source, 2, at, 0) == 0; source += at[0].rm_eo) {
		char name[64] = "";
		size_t len = (size_t)(at[1].rm_eo - at[1].rm_so);

		assert_true(len < sizeof(name));
		memcpy(name, source + at[1].rm_so, len);
		if (!host_log_event_id(name))
			fail_msg("src/host/log_event.c lacks the event \"%s\"", name);
		n++;
	}
	regfree(&re);
	return n;
}

/* Every event that the server logs has its MESSAGE_ID. */
static void
test_events_used(void **state)
{
	glob_t sources;
	int n = 0;

	(void)state;
	assert_int_equal(glob("src/smtpd/*.c", 0, NULL, &sources), 0);
	for (size_t i = 0; i < sources.gl_pathc; i++) {
		struct buffer text CLEANUP(buffer_free) = { 0 };
		const char *source;

		assert_int_equal(config_file_read(sources.gl_pathv[i], &text), 0);
		source = buffer_string(&text);
		n += check_events(source, "\\.event = \"([a-z-]+)\"");
		n += check_events(source, "log_login\\([^\"]*\"([a-z-]+)\"");
	}
	globfree(&sources);
	assert_true(n > 0);
}

static void
test_event_ids(void **state)
{
	static const char *const names[] = { "admitted", "refused", "login",
		"login-failed", "message-accepted", "closed" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *id = host_log_event_id(names[i]);

		assert_non_null(id);
		assert_int_equal(strlen(id), 32);
		assert_int_equal(strspn(id, "0123456789abcdef"), 32);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(id, host_log_event_id(names[j]));
	}
	assert_null(host_log_event_id("log"));
	assert_null(host_log_event_id(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_events_used),
		cmocka_unit_test(test_event_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
