// SPDX-License-Identifier: ISC
/*
 * What the counters are called, and which one counts what.
 */
#include <stdio.h>
#include <string.h>

#include "host/stats.h"

static const struct {
	int number;
	const char *name;
} ALERTS[HOST_STATS_ALERTS] = {
	/* RFC 8446 section 6; a number that is not here counts as the last. */
	{ 0, "close_notify" },
	{ 10, "unexpected_message" },
	{ 20, "bad_record_mac" },
	{ 22, "record_overflow" },
	{ 40, "handshake_failure" },
	{ 42, "bad_certificate" },
	{ 43, "unsupported_certificate" },
	{ 44, "certificate_revoked" },
	{ 45, "certificate_expired" },
	{ 46, "certificate_unknown" },
	{ 47, "illegal_parameter" },
	{ 48, "unknown_ca" },
	{ 49, "access_denied" },
	{ 50, "decode_error" },
	{ 51, "decrypt_error" },
	{ 70, "protocol_version" },
	{ 71, "insufficient_security" },
	{ 80, "internal_error" },
	{ 86, "inappropriate_fallback" },
	{ 90, "user_canceled" },
	{ 100, "no_renegotiation" },
	{ 109, "missing_extension" },
	{ 110, "unsupported_extension" },
	{ 112, "unrecognized_name" },
	{ 115, "unknown_psk_identity" },
	{ 116, "certificate_required" },
	{ 120, "no_application_protocol" },
	{ -1, "other" },
};

static const unsigned CODES[HOST_STATS_CODES] = { 421, 430, 432, 450, 451, 452, 454, 455,
	500, 501, 502, 503, 504, 521, 530, 534, 535, 538, 550, 551, 552, 553, 554, 555,
	556, 557, 0 };

static const char *const MECHANISMS[HOST_STATS_MECHANISMS] = { "classic", "PLAIN",
	"LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "EXTERNAL", "XENROL", "other" };

static const char *const LOGINS[HOST_LOGINS] = { "done", "enrolled", "wrong", "broken",
	"limited", "fault" };

static const char *const HANDSHAKES[HOST_HANDSHAKES] = { "proved", "refused", "given_up",
	"lost", "timeout", "fault" };

/* Upper ends in milliseconds. */
static const int64_t BUCKETS[HOST_STATS_BUCKETS] = { 5, 10, 30, 100, 300, 1000, 3000,
	10000, 30000, 100000, 300000, 1000000, 3600000, -1 };

unsigned
host_stat_alert(bool sent, int alert)
{
	unsigned i = 0;

	while (i < HOST_STATS_ALERTS - 1 && ALERTS[i].number != alert)
		i++;
	return (sent ? HOST_STAT_ALERTS_SENT : HOST_STAT_ALERTS_RECEIVED) + i;
}

unsigned
host_stat_code(unsigned code)
{
	unsigned i = 0;

	while (i < HOST_STATS_CODES - 1 && CODES[i] != code)
		i++;
	return HOST_STAT_REFUSALS + i;
}

unsigned
host_stat_login(const char *mechanism, enum host_login result)
{
	unsigned i = 0;

	while (i < HOST_STATS_MECHANISMS - 1 && strcmp(MECHANISMS[i], mechanism) != 0)
		i++;
	return HOST_STAT_LOGINS + i * HOST_LOGINS + result;
}

void
host_stats_observe(struct host_stats *s, enum host_stat histogram, int64_t milliseconds)
{
	unsigned i = 0;

	if (milliseconds < 0)
		milliseconds = 0;
	while (i < HOST_STATS_BUCKETS - 1 && milliseconds > BUCKETS[i])
		i++;
	s->n[histogram + i]++;
	s->n[histogram + HOST_STATS_BUCKETS] += (uint64_t)milliseconds;
}

int64_t
host_stats_bucket(unsigned i)
{
	return i < HOST_STATS_BUCKETS ? BUCKETS[i] : -1;
}

static void
label_nothing(unsigned i, char *ret, size_t size)
{
	(void)i;
	snprintf(ret, size, "%s", "");
}

static void
label_handshake(unsigned i, char *ret, size_t size)
{
	snprintf(ret, size, "result=\"%s\"", HANDSHAKES[i]);
}

static void
label_alert(unsigned i, char *ret, size_t size)
{
	snprintf(ret, size, "reason=\"%s\"", ALERTS[i].name);
}

static void
label_login(unsigned i, char *ret, size_t size)
{
	snprintf(ret, size, "mechanism=\"%s\",result=\"%s\"", MECHANISMS[i / HOST_LOGINS],
		LOGINS[i % HOST_LOGINS]);
}

static void
label_code(unsigned i, char *ret, size_t size)
{
	if (CODES[i] == 0)
		snprintf(ret, size, "code=\"other\"");
	else
		snprintf(ret, size, "code=\"%u\"", CODES[i]);
}

static void
label_limited(unsigned i, char *ret, size_t size)
{
	snprintf(ret, size, "whose=\"%s\",limit=\"%s\"",
		host_limit_whose(i / HOST_LIMITED), host_limit_what(i % HOST_LIMITED));
}

const struct host_stats_family host_stats_families[HOST_STATS_FAMILIES] = {
	{ "connections", "Connections that have ended", "connections",
		HOST_STAT_CONNECTIONS, 1, false, label_nothing },
	{ "handshakes", "TLS handshakes by result", "handshakes", HOST_STAT_HANDSHAKES,
		HOST_HANDSHAKES, false, label_handshake },
	{ "alerts_sent", "TLS alerts that ended a handshake, sent", "alerts sent",
		HOST_STAT_ALERTS_SENT, HOST_STATS_ALERTS, false, label_alert },
	{ "alerts_received", "TLS alerts that ended a handshake, received",
		"alerts received", HOST_STAT_ALERTS_RECEIVED, HOST_STATS_ALERTS, false,
		label_alert },
	{ "logins", "Attempts to log in by mechanism and result", "logins",
		HOST_STAT_LOGINS, HOST_STATS_MECHANISMS *HOST_LOGINS, false,
		label_login },
	{ "messages", "Messages accepted", "messages", HOST_STAT_MESSAGES, 1, false,
		label_nothing },
	{ "recipients", "Recipients of messages accepted", "recipients",
		HOST_STAT_RECIPIENTS, 1, false, label_nothing },
	{ "message_bytes", "Bytes of messages accepted", "bytes of messages",
		HOST_STAT_MESSAGE_BYTES, 1, false, label_nothing },
	{ "received_bytes", "Bytes that peers have sent, TLS not counted",
		"bytes received", HOST_STAT_BYTES, 1, false, label_nothing },
	{ "refusals", "Negative replies by code", "refusals", HOST_STAT_REFUSALS,
		HOST_STATS_CODES, false, label_code },
	{ "limited", "Refusals for the sake of a shared limit", "over a limit",
		HOST_STAT_LIMITED, HOST_STATS_LIMITS, false, label_limited },
	{ "handshake_duration", "Time of TLS handshakes", "time of handshakes",
		HOST_STAT_HANDSHAKE_TIME, HOST_STATS_BUCKETS + 1, true, label_nothing },
	{ "session_duration", "Time of connections from the handshake to the end",
		"time of connections", HOST_STAT_SESSION_TIME, HOST_STATS_BUCKETS + 1,
		true, label_nothing },
};
