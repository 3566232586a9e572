// SPDX-License-Identifier: ISC
/*
 * The commands of `posternctl device`. Each does its work on the store of the
 * configuration, says what is wrong on standard error and answers the exit status.
 */
#ifndef CTL_DEVICE_H
#define CTL_DEVICE_H

#include "config/config.h"
#include "ctl/options.h"

int ctl_device_add(const struct config *config, const struct ctl_options *o);
int ctl_device_list(const struct config *config, const struct ctl_options *o);
int ctl_device_revoke(const struct config *config, const struct ctl_options *o);
int ctl_device_label(const struct config *config, const struct ctl_options *o);
int ctl_device_del(const struct config *config, const struct ctl_options *o);

#endif
