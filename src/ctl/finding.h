// SPDX-License-Identifier: ISC
/*
 * What `posternctl check` finds, one line for each thing it looked at: fine, a warning,
 * or an error, with the command that mends it. For people a line each on standard output
 * as it is found; for programs (--json) all of them at the end.
 */
#ifndef CTL_FINDING_H
#define CTL_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

enum ctl_level { CTL_FINE, CTL_WARNING, CTL_ERROR, CTL_LEVELS };

/* A zeroed one has found nothing. */
struct ctl_findings {
	bool json;
	size_t n[CTL_LEVELS];
	struct buffer rows;   /* JSON so far */
	struct buffer remedy; /* of what is found next */
};

/* The command, or the sentence, that mends what is found next. */
void ctl_finding_remedy(struct ctl_findings *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Something was looked at: subject is a key of the configuration, or a word. The bytes of
 * the sentence are escaped where they are not printable ASCII. */
void ctl_finding_add(struct ctl_findings *f, enum ctl_level level, const char *subject,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Ends it, with how many there were of each; answers the exit status: 0, 1 where there
 * are only warnings, EX_CONFIG. */
int ctl_findings_end(struct ctl_findings *f);

#endif
