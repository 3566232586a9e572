// SPDX-License-Identifier: ISC
/*
 * The table itself, and the search in it.
 */
#include "config/key.h"

#include <string.h>

#include "base/text.h"
#include "config/config.h"

#define AT(member) .offset = offsetof(struct config, member)
#define TLS_DIR    POSTERN_SYSCONFDIR "/postern/tls/"

#define LIMIT(whose, what, fallback)                                                     \
	CONFIG_KIND_NUMBER, AT(limits[CONFIG_LIMIT_##whose].what), fallback,             \
		.max = LIMIT_MAX

enum { DAY = 86400, NAME_LONGEST = 32, LIMIT_MAX = 100000000 };

static const char *const SWITCH_WORDS[] = { "off", "on", NULL };
static const char *const TLS_WORDS[] = { "implicit", "starttls", "off", NULL };
static const char *const BIND_WORDS[] = { "user", "any", NULL };
static const char *const ENROL_WORDS[] = { "off", "certificate", "window", "any", NULL };
static const char *const SENDERS_WORDS[] = { "own", "domain", "any", NULL };
static const char *const RECIPIENTS_WORDS[] = { "users", "any", NULL };
static const char *const LOG_WORDS[] = { "auto", "journal", "stderr", NULL };
static const char *const SANDBOX_WORDS[] = { "try", "require", "off", NULL };
static const char *const MECHANISM_WORDS[] = { "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256",
	"EXTERNAL", "PLAIN", "LOGIN", NULL };

/* AEAD ciphers with ephemeral keys on elliptic curves; keys and signatures of 128 bits of
 * strength, in certificates as well. */
static const char PRIORITY[] =
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
	":-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:-MAC-ALL:+AEAD"
	":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"
	":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1"
	":-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:%PROFILE_MEDIUM";

const struct config_key config_keys[] = {
	{ "user", CONFIG_KIND_USER, AT(user), "postern" },
	[CONFIG_KEY_HOSTNAME] = { "hostname", CONFIG_KIND_HOST, AT(hostname) },
	[CONFIG_KEY_DOMAINS] = { "domains", CONFIG_KIND_DOMAINS, AT(domains) },
	[CONFIG_KEY_TLS] = { "tls", CONFIG_KIND_WORD, AT(tls), "implicit", TLS_WORDS },
	{ "tls_cert", CONFIG_KIND_PATH, AT(tls_cert), TLS_DIR "server.pem" },
	{ "tls_key", CONFIG_KIND_PATH, AT(tls_key), TLS_DIR "server.key" },
	{ "tls_ca", CONFIG_KIND_OPTIONAL, AT(tls_ca), TLS_DIR "ca.pem" },
	{ "tls_pins", CONFIG_KIND_OPTIONAL, AT(tls_pins), "none" },
	{ "tls_crl", CONFIG_KIND_OPTIONAL, AT(tls_crl), "none" },
	{ "tls_priority", CONFIG_KIND_TEXT, AT(tls_priority), PRIORITY },
	{ "tickets", CONFIG_KIND_SWITCH, AT(tickets), "off", SWITCH_WORDS },
	{ "users", CONFIG_KIND_PATH, AT(users), "/var/lib/postern/users" },
	{ "run", CONFIG_KIND_PATH, AT(run), "/run/postern" },
	{ "cache", CONFIG_KIND_OPTIONAL, AT(cache), "/var/cache/postern" },
	{ "password_iterations", CONFIG_KIND_NUMBER, AT(password_iterations), "100000",
		.min = 4096, .max = 10000000 },
	{ "mechanisms", CONFIG_KIND_MECHANISMS, AT(mechanisms),
		"SCRAM-SHA-256-PLUS SCRAM-SHA-256 EXTERNAL PLAIN LOGIN",
		MECHANISM_WORDS },
	[CONFIG_KEY_BIND] = { "bind", CONFIG_KIND_WORD, AT(bind), "user", BIND_WORDS },
	[CONFIG_KEY_ENROL] = { "enrol", CONFIG_KIND_WORD, AT(enrol), "certificate",
		ENROL_WORDS },
	{ "senders", CONFIG_KIND_WORD, AT(senders), "domain", SENDERS_WORDS },
	{ "recipients", CONFIG_KIND_WORD, AT(recipients), "users", RECIPIENTS_WORDS },
	{ "deliver", CONFIG_KIND_MAILDIR, AT(mail), "maildir:/var/lib/postern/mail" },
	{ "log", CONFIG_KIND_LOG, AT(log), "auto", LOG_WORDS },
	{ "sandbox", CONFIG_KIND_WORD, AT(sandbox), "try", SANDBOX_WORDS },
	{ "max_message_size", CONFIG_KIND_SIZE, AT(max_message_size), "36700160",
		.min = 1024, .max = UINT64_C(1) << 40 },
	{ "max_recipients", CONFIG_KIND_NUMBER, AT(max_recipients), "100", .min = 1,
		.max = 1000 },
	{ "max_messages", CONFIG_KIND_NUMBER, AT(max_messages), "100", .min = 1,
		.max = 1000000 },
	{ "max_errors", CONFIG_KIND_NUMBER, AT(max_errors), "10", .min = 1, .max = 1000 },
	{ "max_connections", CONFIG_KIND_NUMBER, AT(max_connections), "512", .min = 1,
		.max = 65536 },
	{ "max_source_connections", CONFIG_KIND_NUMBER, AT(max_source_connections), "256",
		.min = 1, .max = 65536 },
	{ "timeout_handshake", CONFIG_KIND_NUMBER, AT(timeout_handshake), "30", .min = 1,
		.max = DAY },
	{ "timeout_command", CONFIG_KIND_NUMBER, AT(timeout_command), "300", .min = 1,
		.max = DAY },
	{ "timeout_data", CONFIG_KIND_NUMBER, AT(timeout_data), "180", .min = 1,
		.max = DAY },
	{ "timeout_session", CONFIG_KIND_NUMBER, AT(timeout_session), "3600", .min = 1,
		.max = DAY },
	{ "limit_window", CONFIG_KIND_NUMBER, AT(limit_window), "3600", .min = 1,
		.max = DAY },
	{ "limit_shutout", CONFIG_KIND_NUMBER, AT(limit_shutout), "60", .min = 1,
		.max = DAY },
	{ "limit_shutout_max", CONFIG_KIND_NUMBER, AT(limit_shutout_max), "3600",
		.min = 1, .max = DAY },
	{ "limit_address_sessions", LIMIT(ADDRESS, sessions, "256") },
	{ "limit_address_connections", LIMIT(ADDRESS, connections, "36000") },
	{ "limit_address_failures", LIMIT(ADDRESS, failures, "1000") },
	{ "limit_address_messages", LIMIT(ADDRESS, messages, "0") },
	{ "limit_address_recipients", LIMIT(ADDRESS, recipients, "0") },
	{ "limit_device_sessions", LIMIT(DEVICE, sessions, "128") },
	{ "limit_device_connections", LIMIT(DEVICE, connections, "10000") },
	{ "limit_device_failures", LIMIT(DEVICE, failures, "100") },
	{ "limit_device_messages", LIMIT(DEVICE, messages, "5000") },
	{ "limit_device_recipients", LIMIT(DEVICE, recipients, "25000") },
	{ "limit_user_sessions", LIMIT(USER, sessions, "0") },
	{ "limit_user_connections", LIMIT(USER, connections, "0") },
	{ "limit_user_failures", LIMIT(USER, failures, "5") },
	{ "limit_user_messages", LIMIT(USER, messages, "0") },
	{ "limit_user_recipients", LIMIT(USER, recipients, "0") },
};
_Static_assert(sizeof(config_keys) / sizeof(config_keys[0]) == CONFIG_KEYS, "count");

const struct config_key *
config_key_find(const char *name)
{
	for (size_t i = 0; i < CONFIG_KEYS; i++)
		if (strcmp(config_keys[i].name, name) == 0)
			return &config_keys[i];
	return NULL;
}

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein distance of two names, case aside; both at most NAME_LONGEST long. */
static unsigned
distance(const char *a, size_t a_len, const char *b)
{
	size_t b_len = strlen(b);
	unsigned row[NAME_LONGEST + 1];

	for (size_t j = 0; j <= b_len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned corner = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned above = row[j];
			bool same = text_lower_char(a[i - 1]) == b[j - 1];

			row[j] = least(above + 1, row[j - 1] + 1, corner + !same);
			corner = above;
		}
	}
	return row[b_len];
}

const struct config_key *
config_key_near(const char *name)
{
	const struct config_key *best = NULL;
	size_t len = strlen(name);
	unsigned limit = len < 6 ? 1 : 2;

	if (len > NAME_LONGEST)
		return NULL;
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		unsigned d = distance(name, len, config_keys[i].name);

		if (d > limit)
			continue;
		best = &config_keys[i];
		if (d == 0)
			break;
		limit = d - 1;
	}
	return best;
}
