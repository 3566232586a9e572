// SPDX-License-Identifier: ISC
/*
 * Passwords: generated, turned into what SCRAM-SHA-256 keeps of them, and checked. What
 * is kept is neither the password nor enough to log in with.
 */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include <stddef.h>

#include "auth/line.h"

enum {
	AUTH_PASSWORD_SIZE = 30,          /* of a generated one, with its NUL */
	AUTH_PASSWORD_MAX = 1024,         /* bytes of one that is set here */
	AUTH_GENERATED_ITERATIONS = 4096, /* enough where there is nothing to guess */
};

/* A new password of 120 random bits: six groups of four letters and digits, none of which
 * is taken for another (no l, o, 0, 1), with hyphens between. 0 or -EIO. */
int auth_password_generate(char ret[AUTH_PASSWORD_SIZE]);

/* Credentials for a password, with a new salt. 0, -EINVAL for one that SASLprep (RFC
 * 4013) does not allow in every mechanism, that is empty or longer than
 * AUTH_PASSWORD_MAX, as it came or when prepared, -EIO, -ENOMEM; -ELIBACC for one that is
 * not ASCII where libgsasl cannot be loaded. */
int auth_password_derive(
	const char *password, unsigned iterations, struct auth_credentials *ret);

/* 1 where it is the password, 0 where it is not, after the same work; -EIO, -ENOMEM,
 * -ELIBACC. */
int auth_password_check(
	const struct auth_credentials *c, const char *password, size_t len);

#endif
