// SPDX-License-Identifier: ISC
/*
 * The commands of `posternctl enrol`: windows in which users may enrol, and one-time
 * tokens. Each says what is wrong on standard error and answers the exit status.
 */
#ifndef CTL_ENROL_H
#define CTL_ENROL_H

#include "config/config.h"
#include "ctl/options.h"

int ctl_enrol_open(const struct config *config, const struct ctl_options *o);
int ctl_enrol_close(const struct config *config, const struct ctl_options *o);
int ctl_enrol_status(const struct config *config, const struct ctl_options *o);
int ctl_enrol_token(const struct config *config, const struct ctl_options *o);

#endif
