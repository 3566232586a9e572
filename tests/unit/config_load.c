// SPDX-License-Identifier: ISC
/*
 * The configuration from text: what is read, what is refused, and in which words.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/config.h"
#include "config/load.h"

enum { OVERRIDES_MAX = 4 };

static int
load(const char *text, const char *const *overrides, struct config **ret,
	struct buffer *faults)
{
	size_t n = 0;

	while (n < OVERRIDES_MAX && overrides && overrides[n])
		n++;
	return config_load_text(
		"F", text, strlen(text), (char *const *)overrides, n, ret, faults);
}

/* What must be read must also read without a fault. */
static struct config *
load_good(const char *text, const char *const *overrides)
{
	struct buffer faults CLEANUP(buffer_free) = { 0 };
	struct config *c = NULL;
	int r = load(text, overrides, &c, &faults);

	if (r < 0)
		print_message("%s", buffer_string(&faults));
	assert_int_equal(r, 0);
	assert_int_equal(buffer_len(&faults), 0);
	return c;
}

static void
test_defaults(void **state)
{
	struct config *c = load_good("", NULL);
	char name[256] = "";

	(void)state;
	assert_int_equal(gethostname(name, sizeof(name) - 1), 0);
	text_lower(name, strlen(name));
	assert_string_equal(c->hostname, name);
	assert_int_equal(c->n_domains, 1);
	assert_string_equal(c->domains[0], name);
	assert_null(c->domains[1]);
	assert_string_equal(c->user, "postern");
	assert_int_equal(c->tls, CONFIG_TLS_IMPLICIT);
	assert_string_equal(c->tls_key, POSTERN_SYSCONFDIR "/postern/tls/server.key");
	assert_null(c->tls_pins);
	assert_null(c->tls_crl);
	assert_false(c->tickets);
	assert_int_equal(c->password_iterations, 100000);
	assert_int_equal(c->mechanisms, 31);
	assert_int_equal(c->bind, CONFIG_BIND_USER);
	assert_int_equal(c->enrol, CONFIG_ENROL_CERTIFICATE);
	assert_int_equal(c->senders, CONFIG_SENDERS_DOMAIN);
	assert_int_equal(c->recipients, CONFIG_RECIPIENTS_USERS);
	assert_string_equal(c->mail, "/var/lib/postern/mail");
	assert_int_equal(c->log, CONFIG_LOG_AUTO);
	assert_null(c->log_file);
	assert_int_equal(c->sandbox, CONFIG_SANDBOX_TRY);
	assert_int_equal(c->max_message_size, 36700160);
	assert_int_equal(c->max_errors, 10);
	assert_int_equal(c->timeout_session, 3600);
	config_free(c);
}

static void
test_every_key(void **state)
{
	struct config *c = load_good("# one\n"
				     "\n"
				     "user=nobody\r\n"
				     "hostname =  Mail.Example.ORG \t\n"
				     "domains = Example.org\texample.net  447.edu\n"
				     "tls = starttls\n"
				     "tls_cert = /a b/cert.pem\n"
				     "tls_key = /k\n"
				     "tls_ca = /c\n"
				     "tls_pins = /pins\n"
				     "tls_crl = /crl\n"
				     "tls_priority = NORMAL:%PROFILE_HIGH\n"
				     "tickets = on\n"
				     "users = /u\n"
				     "run = /r\n"
				     "cache = /ca\n"
				     "password_iterations = 4096\n"
				     "mechanisms = LOGIN SCRAM-SHA-256\n"
				     "bind = any\n"
				     "enrol = window\n"
				     "senders = own\n"
				     "  # indented\n"
				     "recipients = any\n"
				     "deliver = maildir:/m:x\n"
				     "log = file:.server_log\n"
				     "sandbox = require\n"
				     "max_message_size = 1099511627776\n"
				     "max_recipients = 1\n"
				     "max_messages = 1000000\n"
				     "max_errors = 3\n"
				     "timeout_handshake = 1\n"
				     "timeout_command = 86400\n"
				     "timeout_data = 2\n"
				     "timeout_session = 3",
		NULL);

	(void)state;
	assert_string_equal(c->user, "nobody");
	assert_string_equal(c->hostname, "mail.example.org");
	assert_int_equal(c->n_domains, 3);
	assert_string_equal(c->domains[0], "example.org");
	assert_string_equal(c->domains[2], "447.edu");
	assert_null(c->domains[3]);
	assert_true(config_serves(c, "example.net"));
	assert_false(config_serves(c, "mail.example.org"));
	assert_false(config_serves(c, "example.ne"));
	assert_int_equal(c->tls, CONFIG_TLS_STARTTLS);
	assert_string_equal(c->tls_cert, "/a b/cert.pem");
	assert_string_equal(c->tls_pins, "/pins");
	assert_string_equal(c->tls_crl, "/crl");
	assert_string_equal(c->tls_priority, "NORMAL:%PROFILE_HIGH");
	assert_true(c->tickets);
	assert_int_equal(c->password_iterations, 4096);
	assert_int_equal(
		c->mechanisms, CONFIG_MECHANISM_LOGIN | CONFIG_MECHANISM_SCRAM_SHA_256);
	assert_int_equal(c->bind, CONFIG_BIND_ANY);
	assert_int_equal(c->enrol, CONFIG_ENROL_WINDOW);
	assert_int_equal(c->senders, CONFIG_SENDERS_OWN);
	assert_int_equal(c->recipients, CONFIG_RECIPIENTS_ANY);
	assert_string_equal(c->mail, "/m:x");
	assert_int_equal(c->log, CONFIG_LOG_FILE);
	assert_string_equal(c->log_file, ".server_log");
	assert_int_equal(c->sandbox, CONFIG_SANDBOX_REQUIRE);
	assert_int_equal(c->max_message_size, UINT64_C(1) << 40);
	assert_int_equal(c->max_messages, 1000000);
	assert_int_equal(c->timeout_command, 86400);
	assert_int_equal(c->timeout_session, 3);
	config_free(c);
}

static void
test_overrides(void **state)
{
	static const char *const overrides[] = { "tls_pins=none", "log=file:a=b",
		"max_errors=7", "max_errors=8" };
	struct config *c = load_good(
		"tls_pins = /p\nlog = journal\nmax_errors = 1\n", overrides);

	(void)state;
	assert_null(c->tls_pins);
	assert_int_equal(c->log, CONFIG_LOG_FILE);
	assert_string_equal(c->log_file, "a=b");
	assert_int_equal(c->max_errors, 8);
	config_free(c);
}

/* An override of `log` takes its path away, and domains follow an overridden hostname. */
static void
test_overrides_of_pairs(void **state)
{
	static const char *const overrides[] = { "log=stderr", "hostname=B.example",
		NULL };
	struct config *c = load_good("log = file:/x\nhostname = a.example\n", overrides);

	(void)state;
	assert_int_equal(c->log, CONFIG_LOG_STDERR);
	assert_null(c->log_file);
	assert_string_equal(c->hostname, "b.example");
	assert_string_equal(c->domains[0], "b.example");
	config_free(c);
}

static void
test_tls_off(void **state)
{
	static const char *const overrides[] = { "tls=off", "bind=any", "enrol=any",
		NULL };
	struct config *c = load_good("", overrides);

	(void)state;
	assert_int_equal(c->tls, CONFIG_TLS_OFF);
	config_free(c);
}

/* Each text is refused with exactly these faults. */
static const struct {
	const char *text;
	const char *overrides[OVERRIDES_MAX];
	const char *faults;
} BAD[] = {
	{ "user = a b\n", {}, "F:1: user = a b: expected the name of a system user\n" },
	{ "user = -x\n", {}, "F:1: user = -x: expected the name of a system user\n" },
	{ "user =\n", {}, "F:1: user = : expected the name of a system user\n" },
	{ "tls_priority =\n", {}, "F:1: tls_priority = : expected printable ASCII\n" },
	{ "\n#\nuser = root/\n", {},
		"F:3: user = root/: expected the name of a system user\n" },
	{ "tls = maybe\n", {}, "F:1: tls = maybe: expected implicit, starttls or off\n" },
	{ "tls = Off\n", {}, "F:1: tls = Off: expected implicit, starttls or off\n" },
	{ "tickets = yes\n", {}, "F:1: tickets = yes: expected off or on\n" },
	{ "log = syslog\n", {},
		"F:1: log = syslog: expected auto, journal, stderr or file:PATH\n" },
	{ "log = file:\n", {},
		"F:1: log = file:: expected auto, journal, stderr or file:PATH\n" },
	{ "tls_key = key.pem\n", {},
		"F:1: tls_key = key.pem: expected an absolute path\n" },
	{ "tls_crl = crl.pem\n", {},
		"F:1: tls_crl = crl.pem: expected an absolute path or none\n" },
	{ "deliver = maildir:mail\n", {},
		"F:1: deliver = maildir:mail: expected maildir: and an absolute path "
		"behind it\n" },
	{ "deliver = /mail\n", {},
		"F:1: deliver = /mail: expected maildir: and an absolute path behind "
		"it\n" },
	{ "max_errors = 0\n", {},
		"F:1: max_errors = 0: expected a number from 1 to 1000\n" },
	{ "max_errors = 1001\n", {},
		"F:1: max_errors = 1001: expected a number from 1 to 1000\n" },
	{ "max_errors = -1\n", {},
		"F:1: max_errors = -1: expected a number from 1 to 1000\n" },
	{ "max_errors = 10 s\n", {},
		"F:1: max_errors = 10 s: expected a number from 1 to 1000\n" },
	{ "timeout_data = 86401\n", {},
		"F:1: timeout_data = 86401: expected a number from 1 to 86400\n" },
	{ "max_message_size = 18446744073709551616\n", {},
		"F:1: max_message_size = 18446744073709551616: expected a number from "
		"1024 to 1099511627776\n" },
	{ "domains = a.example b_c\n", {},
		"F:1: domains = a.example b_c: \"b_c\": expected domain names with "
		"blanks between\n" },
	{ "domains = a.example A.EXAMPLE\n", {},
		"F:1: domains = a.example A.EXAMPLE: \"A.EXAMPLE\": expected each "
		"domain once\n" },
	{ "domains = \n", {},
		"F:1: domains = : expected domain names with blanks between\n" },
	{ "hostname = a..b\n", {},
		"F:1: hostname = a..b: expected a domain name of letters, digits and "
		"hyphens, such as mail.example.org\n" },
	{ "hostname = -a\n", {},
		"F:1: hostname = -a: expected a domain name of letters, digits and "
		"hyphens, such as mail.example.org\n" },
	{ "hostname = a-.b\n", {},
		"F:1: hostname = a-.b: expected a domain name of letters, digits and "
		"hyphens, such as mail.example.org\n" },
	{ "hostname = a.\n", {},
		"F:1: hostname = a.: expected a domain name of letters, digits and "
		"hyphens, such as mail.example.org\n" },
	{ "mechanisms = PLAIN CRAM-MD5\n", {},
		"F:1: mechanisms = PLAIN CRAM-MD5: \"CRAM-MD5\": expected "
		"SCRAM-SHA-256-PLUS, SCRAM-SHA-256, EXTERNAL, PLAIN or LOGIN\n" },
	{ "mechanisms = PLAIN PLAIN\n", {},
		"F:1: mechanisms = PLAIN PLAIN: \"PLAIN\": expected each mechanism "
		"once\n" },
	{ "mechanisms =\n", {},
		"F:1: mechanisms = : expected SCRAM-SHA-256-PLUS, SCRAM-SHA-256, "
		"EXTERNAL, PLAIN or LOGIN\n" },
	/* Keys. */
	{ "max_recipient = 1\n", {},
		"F:1: max_recipient = 1: unknown key; is max_recipients meant?\n" },
	{ "TLS = off\n", {}, "F:1: TLS = off: unknown key; is tls meant?\n" },
	{ "max errors = 1\n", {},
		"F:1: max errors = 1: unknown key; is max_errors meant?\n" },
	{ "frobnicate = 1\n", {},
		"F:1: frobnicate = 1: unknown key; expected one of those in "
		"postern.conf(5)\n" },
	{ "bind = any\nuser = x\nbind = any\n", {},
		"F:3: bind is given twice; it stands in line 1 already\n" },
	/* Form. */
	{ "user\n", {}, "F:1: expected KEY = VALUE\n" },
	{ "= 1\n", {}, "F:1: expected KEY = VALUE\n" },
	{ "user: x\n", {}, "F:1: expected KEY = VALUE\n" },
	{ "user: x = y\n", {}, "F:1: colon in the key; expected KEY = VALUE\n" },
	{ "; x\n", {}, "F:1: expected # where a comment begins\n" },
	{ "[a]\nuser = x\n", {}, "F:1: section; expected all keys in no section\n" },
	{ "user = x\n  more = 1\n", {},
		"F:2: line begins with a blank; expected each KEY = VALUE on a line of "
		"its own, from its first column\n" },
	{ "run = /r # x\n", {},
		"F:1: comment behind a value; expected it on a line of its own\n" },
	{ "run = /r ;x\n", {},
		"F:1: comment behind a value; expected it on a line of its own\n" },
	{ "user = x\033\n", {},
		"F:1: control character in the line; expected plain text\n" },
	{ "user = x\ruser = y\n", {},
		"F:1: control character in the line; expected plain text\n" },
	{ "\xef\xbb\xbfuser = x\n", {},
		"F:1: byte order mark; expected plain text without one\n" },
	/* Hostile bytes are not echoed. */
	{ "a\xff\"b = \"\n", {},
		"F:1: a\\xff\\x22b = \\x22: unknown key; expected one of those in "
		"postern.conf(5)\n" },
	/* Overrides. */
	{ "", { "user" }, "-o user: expected KEY=VALUE\n" },
	{ "", { "=x" }, "-o =x: expected KEY=VALUE\n" },
	{ "", { "user =x" }, "-o user =x: unknown key; is user meant?\n" },
	{ "", { "run=x\n" }, "-o run=x\\x0a: expected an absolute path\n" },
	{ "", { "bind=all" }, "-o bind=all: expected user or any\n" },
	/* Keys that must fit each other. */
	{ "tls = off\n", {},
		"F:1: tls = off: expected bind = any beside it, since there are no "
		"certificates; bind is user by default\n"
		"F:1: tls = off: expected enrol = off, enrol = window or enrol = any "
		"beside it, since there are no certificates; enrol is certificate by "
		"default\n" },
	{ "bind = user\nenrol = any\n", { "tls=off" },
		"-o tls=off: expected bind = any beside it, since there are no "
		"certificates; bind is user\n" },
	{ "tls = off\nbind = x\nenrol = y\n", {},
		"F:2: bind = x: expected user or any\n"
		"F:3: enrol = y: expected off, certificate, window or any\n" },
	/* All faults, in the order of their lines. */
	{ "tls = x\nfoo\nusr = 1\n", { "bind=all" },
		"F:1: tls = x: expected implicit, starttls or off\n"
		"F:2: expected KEY = VALUE\n"
		"F:3: usr = 1: unknown key; is user meant?\n"
		"-o bind=all: expected user or any\n" },
};

static void
test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct buffer faults CLEANUP(buffer_free) = { 0 };
		struct config *c = NULL;
		int r = load(BAD[i].text, BAD[i].overrides, &c, &faults);

		assert_string_equal(buffer_string(&faults), BAD[i].faults);
		assert_int_equal(r, -EINVAL);
		assert_null(c);
	}
}

static void
test_nul(void **state)
{
	static const char text[] = "user = x\0y\n# \0\nrun = /r\n";
	struct buffer faults CLEANUP(buffer_free) = { 0 };
	struct config *c = NULL;

	(void)state;
	assert_int_equal(
		config_load_text("F", text, sizeof(text) - 1, NULL, 0, &c, &faults),
		-EINVAL);
	assert_string_equal(buffer_string(&faults),
		"F:1: control character in the line; expected plain text\n"
		"F:2: control character in the line; expected plain text\n");
}

/* A line of 1024 bytes is read whole, one of 1025 not at all, and the next one is intact.
 */
static void
test_line_length(void **state)
{
	for (size_t len = 1024; len <= 1025; len++) {
		struct buffer faults CLEANUP(buffer_free) = { 0 };
		char text[1100] = "run = /";
		struct config *c = NULL;
		int r;

		(void)state;
		memset(text + 7, 'r', len - 7);
		strcpy(text + len, "\nmax_errors = 5\n");
		r = load(text, NULL, &c, &faults);
		if (len == 1024) {
			assert_int_equal(r, 0);
			assert_int_equal(strlen(c->run), 1024 - 6);
			assert_int_equal(c->max_errors, 5);
		} else {
			assert_int_equal(r, -EINVAL);
			assert_string_equal(buffer_string(&faults),
				"F:1: line too long; expected at most 1024 bytes\n");
		}
		config_free(c);
	}
}

static void
test_no_file(void **state)
{
	struct buffer faults CLEANUP(buffer_free) = { 0 };
	struct config *c = NULL;

	(void)state;
	assert_int_equal(config_load("/nowhere/x.conf", NULL, 0, &c, &faults), -ENOENT);
	assert_int_equal(config_load("/", NULL, 0, &c, &faults), -EISDIR);
	assert_int_equal(config_load("/dev/zero", NULL, 0, &c, &faults), -EFBIG);
	assert_string_equal(buffer_string(&faults),
		"/nowhere/x.conf: cannot be read: No such file or directory\n"
		"/: cannot be read: Is a directory\n"
		"/dev/zero: cannot be read: File too large\n");
	assert_null(c);
}

static void
test_file(void **state)
{
	struct buffer faults CLEANUP(buffer_free) = { 0 };
	char path[] = "/tmp/postern-config-XXXXXX";
	int fd = mkstemp(path);
	static const char text[] = "user = nobody\n";
	char expected[128];
	struct config *c = NULL;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(config_load(path, NULL, 0, &c, &faults), 0);
	assert_string_equal(c->user, "nobody");
	config_free(c);
	c = NULL;
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(config_load(path, NULL, 0, &c, &faults), -EINVAL);
	snprintf(expected, sizeof(expected),
		"%s:2: user is given twice; it stands in line 1 already\n", path);
	assert_string_equal(buffer_string(&faults), expected);
	unlink(path);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_overrides),
		cmocka_unit_test(test_overrides_of_pairs),
		cmocka_unit_test(test_tls_off),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_line_length),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
