// SPDX-License-Identifier: ISC
/*
 * The table of all keys: name, kind of value, where it goes, default. Everything that
 * reads or documents the configuration goes by this table.
 */
#ifndef CONFIG_KEY_H
#define CONFIG_KEY_H

#include <stddef.h>
#include <stdint.h>

enum config_kind {
	CONFIG_KIND_USER,       /* char *: name of a system user */
	CONFIG_KIND_HOST,       /* char *: a domain name */
	CONFIG_KIND_DOMAINS,    /* domains and n_domains: names with blanks between */
	CONFIG_KIND_WORD,       /* enum: index into words */
	CONFIG_KIND_SWITCH,     /* bool: index into words */
	CONFIG_KIND_PATH,       /* char *: absolute path */
	CONFIG_KIND_OPTIONAL,   /* char *: absolute path, or "none" for NULL */
	CONFIG_KIND_TEXT,       /* char *: printable ASCII */
	CONFIG_KIND_NUMBER,     /* unsigned: min to max */
	CONFIG_KIND_SIZE,       /* uint64_t: min to max */
	CONFIG_KIND_MECHANISMS, /* unsigned: a bit for each of words */
	CONFIG_KIND_MAILDIR,    /* char *: the path of "maildir:PATH" */
	CONFIG_KIND_LOG,        /* log and log_file: a word or "file:PATH" */
};

struct config_key {
	const char *name;
	enum config_kind kind;
	size_t offset; /* of the member in struct config */
	/* As it would be written in the file; NULL for those that the machine decides. */
	const char *fallback;
	const char *const *words; /* NULL behind the last */
	uint64_t min, max;
};

enum {
	CONFIG_KEYS = 51,
	CONFIG_KEY_HOSTNAME = 1, /* places of those that look at each other */
	CONFIG_KEY_DOMAINS = 2,
	CONFIG_KEY_TLS = 3,
	CONFIG_KEY_BIND = 16,
	CONFIG_KEY_ENROL = 17,
};

extern const struct config_key config_keys[CONFIG_KEYS];

/* The key of that name, or NULL. */
const struct config_key *config_key_find(const char *name);

/* A key whose name somebody may have meant who wrote this one, or NULL. */
const struct config_key *config_key_near(const char *name);

#endif
