// SPDX-License-Identifier: ISC
/*
 * The configuration from any bytes: as a file, and its first line as an override. What is
 * refused has a fault for people, in printable lines; what is accepted keeps its
 * promises.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "config/file.h"
#include "config/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
check_faults(struct buffer *faults)
{
	const char *p = buffer_data(faults);
	size_t len = buffer_len(faults);

	check(len > 0 && p[len - 1] == '\n');
	for (size_t i = 0; i < len; i++)
		check(p[i] == '\n' || (p[i] >= 0x20 && p[i] <= 0x7e));
}

static void
check_config(const struct config *c)
{
	check(c->n_domains >= 1 && !c->domains[c->n_domains]);
	check(config_serves(c, c->domains[0]));
	check(*c->hostname && *c->user && *c->tls_priority);
	check(*c->tls_cert == '/' && *c->tls_key == '/' && *c->tls_ca == '/');
	check(*c->users == '/' && *c->run == '/' && *c->mail == '/');
	check(!c->tls_pins || *c->tls_pins == '/');
	check((c->log == CONFIG_LOG_FILE) == (c->log_file != NULL));
	check(c->mechanisms >= 1 && c->mechanisms <= 31);
	check(c->max_recipients >= 1 && c->timeout_data <= 86400);
	check(c->tls != CONFIG_TLS_OFF || c->bind == CONFIG_BIND_ANY);
}

static void
load(const char *text, size_t len, char *const *overrides, size_t n)
{
	struct buffer faults CLEANUP(buffer_free) = { 0 };
	struct config *c = NULL;
	int r = config_load_text("conf", text, len, overrides, n, &c, &faults);

	if (r == 0) {
		check(c && buffer_len(&faults) == 0);
		check_config(c);
	} else {
		check(!c && r == -EINVAL);
		check_faults(&faults);
	}
	config_free(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line CLEANUP_FREE = strndup(size ? (const char *)data : "", size);

	check(line != NULL);
	line[strcspn(line, "\n")] = '\0';
	load((const char *)data, size, NULL, 0);
	load(NULL, 0, &line, 1);
	return 0;
}
