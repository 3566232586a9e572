// SPDX-License-Identifier: ISC
/*
 * Kinds of events. Each has a MESSAGE_ID for the journal that never changes, so that
 * `journalctl MESSAGE_ID=…` finds all records of a kind in every version.
 */
#ifndef HOST_LOG_EVENT_H
#define HOST_LOG_EVENT_H

/* 32 hexadecimal digits, or NULL for an event that is not in the table. */
const char *host_log_event_id(const char *event);

#endif
