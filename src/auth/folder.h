// SPDX-License-Identifier: ISC
/*
 * The folder that the store lies in, held open, so that what lies beside the store is
 * named relative to it.
 */
#ifndef AUTH_FOLDER_H
#define AUTH_FOLDER_H

/* Opens the folder that holds path; *ret_name becomes the last part of path, which it
 * points into. 0, -EINVAL for a path that names no file, -ENOMEM, or another negative
 * errno. */
int auth_folder_open(const char *path, int *ret_fd, const char **ret_name);

#endif
