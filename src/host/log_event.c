// SPDX-License-Identifier: ISC
/*
 * The table of events, sorted by name. A new one takes what `systemd-id128 new` prints;
 * an entry is never changed and never used again for something else.
 */
#include "host/log_event.h"

#include <stdlib.h>
#include <string.h>

struct event {
	const char *name;
	const char *id;
};

static const struct event EVENTS[] = {
	{ "admitted", "8896658d94ef4665be2db1421ea5e1fb" },
	{ "admitted-to-enrol", "345ad423244b47a6ac9782a9412d4d07" },
	{ "certificate-expires", "903623aad2c1402fb327873f07a8aa74" },
	{ "closed", "db998e0487e84addbe6344632cda8bbd" },
	{ "configuration-kept", "e3136ae2e3524ae881a34da33f9893e7" },
	{ "configuration-read", "02e1bb2e8dc74de289ea634d2ffd4f4e" },
	{ "enrolled", "07e58ff4fa86469aab6876af788c56b6" },
	{ "executed-anew", "3a994aa5a8e848d2b46ec916e9130bdd" },
	{ "fault", "75aef5714a1e444fba1c728b5813478c" },
	{ "forbidden-call", "84059839f214480ea4c2295f6ab7828a" },
	{ "limited", "6ba617b2090783750f244f81637ab27a" },
	{ "login", "6e1bf73308304a4299cf820b9891a1f0" },
	{ "login-failed", "74f7457930514080839349fe69eb1322" },
	{ "message-accepted", "6cdf266e8da3486c81cb12c0dd539aa2" },
	{ "plaintext-dropped", "91af40ca85e24a219d30320c60c08246" },
	{ "records-lost", "a7ea55e6a3f74f01a130d739bfe8fef9" },
	{ "refused", "74c18b0a20994388838c528a2067d15f" },
	{ "refused-command", "0bd263ff680845f8b8bbe71ccb8eeb52" },
	{ "runs-as-root", "89e69c583de34760883c4f56aa6fbad1" },
	{ "sandbox-missing", "33d77c2f39c5471a92ce0f98d2f0224d" },
	{ "shared-file", "d023d8e9fa51762cb4218bbfad8964e2" },
	{ "shortage", "ebbb04bd5a7d460f88c8569756dbfc07" },
	{ "smtp-process-died", "cf130fe1c04845d9836afc9ddbb96b8d" },
	{ "spool-fault", "65c21c774e9f4bc4a3d5373ed1a80b68" },
	{ "started", "15054cb7bd5341c392c18c05c8559e65" },
	{ "stopped", "c1d8c99c223a41e7a5d31790d6a77d08" },
	{ "store-fault", "6d5f34e70c6a41d6a0c0cad86929e97c" },
	{ "tls-process-died", "4b851c10914d45d0bfa663086d05aa76" },
	{ "tls-process-fault", "7d8da50502894c4cbe0e588bc621871a" },
	{ "use-not-noted", "ad367647ad134fd1b34c380650a1b2ab" },
};

static int
compare(const void *name, const void *event)
{
	return strcmp(name, ((const struct event *)event)->name);
}

const char *
host_log_event_id(const char *event)
{
	const struct event *e = bsearch(event, EVENTS, sizeof(EVENTS) / sizeof(EVENTS[0]),
		sizeof(EVENTS[0]), compare);

	return e ? e->id : NULL;
}
