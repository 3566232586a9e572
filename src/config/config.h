// SPDX-License-Identifier: ISC
/*
 * The server's configuration: text in, one const struct out. Unknown keys, bad values,
 * keys in a section and keys given twice are faults, each named with file and line; all
 * faults are found, not the first alone. Files that the configuration names are not
 * opened here.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define CONFIG_DEFAULT_PATH POSTERN_SYSCONFDIR "/postern/postern.conf"

enum config_tls { CONFIG_TLS_IMPLICIT, CONFIG_TLS_STARTTLS, CONFIG_TLS_OFF };
enum config_bind { CONFIG_BIND_USER, CONFIG_BIND_ANY };
enum config_enrol {
	CONFIG_ENROL_OFF,
	CONFIG_ENROL_CERTIFICATE,
	CONFIG_ENROL_WINDOW,
	CONFIG_ENROL_ANY
};
enum config_senders { CONFIG_SENDERS_OWN, CONFIG_SENDERS_DOMAIN, CONFIG_SENDERS_ANY };
enum config_recipients { CONFIG_RECIPIENTS_USERS, CONFIG_RECIPIENTS_ANY };
enum config_log {
	CONFIG_LOG_AUTO,
	CONFIG_LOG_JOURNAL,
	CONFIG_LOG_STDERR,
	CONFIG_LOG_FILE
};
enum config_sandbox { CONFIG_SANDBOX_TRY, CONFIG_SANDBOX_REQUIRE, CONFIG_SANDBOX_OFF };

enum config_mechanism {
	CONFIG_MECHANISM_SCRAM_SHA_256_PLUS = 1 << 0,
	CONFIG_MECHANISM_SCRAM_SHA_256 = 1 << 1,
	CONFIG_MECHANISM_EXTERNAL = 1 << 2,
	CONFIG_MECHANISM_PLAIN = 1 << 3,
	CONFIG_MECHANISM_LOGIN = 1 << 4,
};

/* Whose limits are kept across connections, and what is limited. 0 is no limit. */
enum config_limited {
	CONFIG_LIMIT_ADDRESS,
	CONFIG_LIMIT_DEVICE,
	CONFIG_LIMIT_USER,
	CONFIG_LIMITS
};

struct config_limits {
	unsigned sessions;    /* at a time */
	unsigned connections; /* in limit_window, like those that follow; a user's: logins
			       */
	unsigned failures; /* of logins; a user's: in a row, from one source and device */
	unsigned messages;
	unsigned recipients;
};

struct config {
	char *user;
	char *hostname; /* lower case */
	char **domains; /* lower case, at least one, NULL behind the last */
	size_t n_domains;
	enum config_tls tls;
	char *tls_cert;
	char *tls_key;
	char *tls_ca;   /* NULL: none */
	char *tls_pins; /* NULL: none */
	char *tls_crl;  /* NULL: none */
	char *tls_priority;
	bool tickets;
	char *users;
	char *run;
	char *cache; /* NULL: none */
	unsigned password_iterations;
	unsigned mechanisms; /* enum config_mechanism, or-ed */
	enum config_bind bind;
	enum config_enrol enrol;
	enum config_senders senders;
	enum config_recipients recipients;
	char *mail; /* the path of `deliver = maildir:PATH` */
	enum config_log log;
	char *log_file; /* NULL unless CONFIG_LOG_FILE */
	enum config_sandbox sandbox;
	uint64_t max_message_size; /* bytes */
	unsigned max_recipients;
	unsigned max_messages;
	unsigned max_errors;
	unsigned max_connections; /* at a time, of a resident parent */
	unsigned max_source_connections;
	unsigned timeout_handshake; /* seconds, like those that follow */
	unsigned timeout_command;
	unsigned timeout_data;
	unsigned timeout_session;
	unsigned limit_window;  /* seconds */
	unsigned limit_shutout; /* seconds of the first one, and of the longest */
	unsigned limit_shutout_max;
	struct config_limits limits[CONFIG_LIMITS];
};

/* Reads the file at path (NULL: none, defaults alone), then each override, a "KEY=VALUE"
 * as given to -o, which takes the place of what the file says. Faults are appended to
 * faults, a line each ("FILE:LINE: what is wrong and what is expected", "-o KEY=VALUE:
 * …"). 0 with *ret, which the caller ends with config_free; -EINVAL where there are
 * faults; -ENOENT and the like where the file cannot be read (a fault says so, too);
 * -ENOMEM. */
int config_load(const char *path, char *const *overrides, size_t n_overrides,
	struct config **ret, struct buffer *faults);
void config_free(struct config *c);

/* Whether an ASCII lower-case domain is among those served. */
bool config_serves(const struct config *c, const char *domain);

#endif
