// SPDX-License-Identifier: ISC
/*
 * What the classic AUTH says to a client: prompts in base64 behind a 334, and the
 * password of a new user behind a 330.
 */
#ifndef CLIENT_PROMPT_H
#define CLIENT_PROMPT_H

#include <stddef.h>

enum client_prompt {
	CLIENT_PROMPT_USER,
	CLIENT_PROMPT_PASSWORD,
	CLIENT_PROMPT_OTHER, /* the answer may be a secret as well */
};

/* What the text of a 334 asks for. */
enum client_prompt client_prompt_read(const char *text, size_t len);

/* The password at the end of the text of a 330, "…: PASSWORD", or NULL where there is
 * none of printable ASCII. The caller ends it with secret_free. */
char *client_prompt_told(const char *text, size_t len);

#endif
