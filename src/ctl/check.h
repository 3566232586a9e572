// SPDX-License-Identifier: ISC
/*
 * posternctl check: everything that people get wrong, looked at without changing a thing.
 * Each part adds its findings; none of them ends the others.
 */
#ifndef CTL_CHECK_H
#define CTL_CHECK_H

#include <stdint.h>

#include "config/config.h"
#include "ctl/finding.h"

struct ctl_options;

/* All of it. The exit status is that of ctl_findings_end. */
int ctl_check(const struct config *config, const struct ctl_options *o);

/* Where there is no configuration to go by, as JSON: its faults, a line each, are
 * findings. The text is cut. */
int ctl_check_faults(char *faults);

/* The server's certificate and key, whom it trusts, who is revoked. */
void ctl_check_tls(const struct config *config, int64_t now, struct ctl_findings *f);

/* Files and folders: whether the service gets at them, and others do not. */
void ctl_check_paths(const struct config *config, struct ctl_findings *f);

/* Whether anybody but root and the service could put something else in the place of a
 * file or folder, by owning it or a folder on the way, or by writing to one. file is the
 * configuration's name, NULL for the usual one. */
void ctl_check_trust(
	const struct config *config, const char *file, struct ctl_findings *f);

/* Revocation lists, and whose are missing. */
void ctl_check_lists(const struct config *config, int64_t now, struct ctl_findings *f);

/* The lines of the user store. */
void ctl_check_store(const struct config *config, struct ctl_findings *f);

/* Whether the installed units say what the configuration says (file is its name, NULL for
 * the usual one), and whether the machine is large enough for what they allow. */
void ctl_check_units(
	const struct config *config, const char *file, struct ctl_findings *f);

#endif
