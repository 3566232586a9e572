// SPDX-License-Identifier: ISC
/*
 * Replays the transcripts against the dialogue, in whole pieces and byte by byte.
 * Arguments are patterns of their names; without any, all of tests/transcripts are meant.
 * Each is a test, which ends at the first difference and says where it is. A last test
 * then says which replies none of them has brought about.
 */
#include "base/cleanup.h"
#include "smtp_world.h"

#include <glob.h>

#include "smtp/reply.h"

/* Every line that the server has said, without its line end. */
static struct {
	char **lines;
	size_t n;
} said;

struct replay {
	struct place place;
	struct world world;
	struct wire wire;
	bool open;
	bool stopping; /* the server was told to end */
	size_t piece;
	char star[1024];
	bool in_letter;
	const char *letter; /* what is left to compare of a message */
	size_t letter_len;
};

static void
remember(const char *line, size_t len)
{
	said.lines = reallocarray(said.lines, said.n + 1, sizeof(*said.lines));
	said.lines[said.n++] = strndup(line, len);
}

static void
expand(const struct replay *r, const char *text, struct buffer *b)
{
	text_expand(&r->place, text, strlen(text), r->star, b);
}

static void
replay_open(struct replay *r)
{
	if (!r->open)
		wire_open(&r->wire, &r->world);
	r->open = true;
}

/* Told to end, the server does where no transaction is under way. */
static void
heed_stop(struct replay *r)
{
	if (!r->stopping || r->wire.closed || smtp_dialogue_sender(r->wire.d))
		return;
	smtp_dialogue_goodbye(r->wire.d, SMTP_GOODBYE_SHUTDOWN, &r->wire.out);
	r->wire.closed = true;
}

static void
replay_run(struct replay *r)
{
	replay_open(r);
	if (!r->wire.closed && buffer_len(&r->wire.in) > 0) {
		r->wire.delay = 0;
		r->wire.refused[0] = '\0';
	}
	wire_run(&r->wire, r->piece);
	heed_stop(r);
}

static void
step_send(struct replay *r, const char *text, bool line)
{
	replay_open(r);
	expand(r, text, &r->wire.in);
	if (line)
		buffer_puts(&r->wire.in, "\r\n");
	if (buffer_len(&r->wire.out) > 0)
		place_fail(&r->place, "the server has more to say first: %s",
			buffer_string(&r->wire.out));
}

static void
step_expect(struct replay *r, const char *text, bool pattern)
{
	struct buffer want = { 0 };
	char *got, *end;
	bool fits;

	replay_run(r);
	expand(r, text, &want);
	got = buffer_string(&r->wire.out);
	end = strstr(got, "\r\n");
	if (!end)
		place_fail(
			&r->place, "expected \"%s\", got nothing", buffer_string(&want));
	*end = '\0';
	remember(got, (size_t)(end - got));
	fits = pattern ? pattern_matches(
				 buffer_string(&want), got, r->star, sizeof(r->star))
		       : strcmp(buffer_string(&want), got) == 0;
	if (!fits)
		place_fail(&r->place, "expected \"%s\", got \"%s\"", buffer_string(&want),
			got);
	buffer_consume(&r->wire.out, (size_t)(end + 2 - got));
	buffer_free(&want);
}

/* All lines of one reply, whatever their text. */
static void
step_expect_whole(struct replay *r, const char *text)
{
	bool more = true;

	while (more) {
		char *got;

		replay_run(r);
		got = buffer_string(&r->wire.out);
		if (strncmp(got, text, 3) != 0 || !strstr(got, "\r\n"))
			place_fail(
				&r->place, "expected a reply %s, got \"%s\"", text, got);
		more = got[3] == '-';
		remember(got, strcspn(got, "\r"));
		buffer_consume(&r->wire.out, (size_t)(strstr(got, "\r\n") + 2 - got));
	}
}

/* The server has had enough of waiting. */
static void
step_wait(struct replay *r)
{
	replay_run(r);
	smtp_dialogue_goodbye(r->wire.d, SMTP_GOODBYE_TIMEOUT, &r->wire.out);
	r->wire.closed = true;
}

static void
step_stop(struct replay *r)
{
	replay_run(r);
	r->stopping = true;
	heed_stop(r);
}

static void
step_break(struct replay *r, const char *what, bool broken)
{
	replay_run(r);
	if (!world_break(&r->world, what, broken))
		place_fail(&r->place, "nobody knows what that is");
}

static void
step_tls(struct replay *r)
{
	replay_run(r);
	if (!r->wire.tls_asked)
		place_fail(&r->place, "the server does not start TLS");
	wire_start_tls(&r->wire);
}

static void
step_end(struct replay *r)
{
	replay_run(r);
	if (!r->wire.closed)
		place_fail(&r->place, "the server has not closed");
	if (buffer_len(&r->wire.out) > 0)
		place_fail(&r->place, "the server says more: %s",
			buffer_string(&r->wire.out));
}

static void
step_mail(struct replay *r, const char *to)
{
	struct buffer name = { 0 };
	const struct buffer *letter;

	replay_run(r);
	expand(r, to, &name);
	letter = world_letter(&r->world, buffer_string(&name));
	if (!letter)
		place_fail(&r->place, "nothing was delivered to %s", to);
	r->in_letter = true;
	r->letter = buffer_data(letter);
	r->letter_len = buffer_len(letter);
	buffer_free(&name);
}

static void
letter_take(struct replay *r, bool fits, size_t n)
{
	if (!fits || n > r->letter_len)
		place_fail(&r->place, "the message goes on with: %.*s",
			(int)r->letter_len, r->letter);
	r->letter += n;
	r->letter_len -= n;
}

/* The next line, by a pattern. */
static void
step_letter_pattern(struct replay *r, const char *text)
{
	CLEANUP(buffer_free) struct buffer want = { 0 };
	CLEANUP_FREE char *got = NULL;
	const char *end = NULL;

	if (r->letter_len > 0)
		end = memchr(r->letter, '\n', r->letter_len);
	if (!end)
		place_fail(&r->place, "the message has no such line");
	expand(r, text, &want);
	got = strndup(r->letter, (size_t)(end - r->letter));
	letter_take(r,
		pattern_matches(buffer_string(&want), got, r->star, sizeof(r->star)),
		(size_t)(end + 1 - r->letter));
}

/* The next bytes, with a line end behind them where line is true. */
static void
step_letter_bytes(struct replay *r, const char *text, bool line)
{
	CLEANUP(buffer_free) struct buffer want = { 0 };
	size_t n;

	expand(r, text, &want);
	if (line)
		buffer_puts(&want, "\n");
	n = buffer_len(&want);
	letter_take(r,
		n <= r->letter_len &&
			(n == 0 || memcmp(r->letter, buffer_data(&want), n) == 0),
		n);
}

/* What stands behind a "|". */
static void
step_letter(struct replay *r, const char *text)
{
	bool pattern = strncmp(text, "* ", 2) == 0, bytes = strncmp(text, ". ", 2) == 0;

	if (!r->in_letter)
		place_fail(&r->place, "no message is being compared");
	if (pattern)
		step_letter_pattern(r, text + 2);
	else
		step_letter_bytes(r, text + (bytes ? 2 : *text == ' '), !bytes);
}

static void
letter_ends(struct replay *r)
{
	if (r->in_letter && r->letter_len > 0)
		place_fail(&r->place, "the message goes on with: %.*s",
			(int)r->letter_len, r->letter);
	r->in_letter = false;
}

static void
step_config(struct replay *r, const char *text)
{
	char key[64], value[256] = "";

	if (sscanf(text, "%63[a-z_] = %255[^\n]", key, value) != 2 ||
		!world_set(&r->world, key, value))
		place_fail(&r->place, "this setting means nothing here");
}

static void
step_user(struct replay *r, const char *text)
{
	char name[256], password[256];

	if (sscanf(text, "%255s %255s", name, password) != 2)
		place_fail(&r->place, "user: ADDRESS PASSWORD is expected");
	world_add(&r->world, name, password);
}

static void
step_connect(struct replay *r)
{
	replay_run(r);
	wire_close(&r->wire);
	r->open = false;
	replay_open(r);
}

static void
check_delay(struct replay *r, const char *text)
{
	replay_run(r);
	if (strtoul(text, NULL, 10) != r->wire.delay)
		place_fail(&r->place, "the delay is %u", r->wire.delay);
}

static void
check_log(struct replay *r, const char *text)
{
	replay_run(r);
	if (strcmp(text, r->wire.refused) != 0)
		place_fail(&r->place, "the word is \"%s\"", r->wire.refused);
}

static void
replay_word(struct replay *r, const char *word, const char *text)
{
	if (strcmp(word, "config") == 0)
		step_config(r, text);
	else if (strcmp(word, "user") == 0)
		step_user(r, text);
	else if (strcmp(word, "certificate") == 0)
		snprintf(r->world.certificate, sizeof(r->world.certificate), "%s", text);
	else if (strcmp(word, "token") == 0)
		snprintf(r->world.token_for, sizeof(r->world.token_for), "%s", text);
	else if (strcmp(word, "TLS") == 0)
		step_tls(r);
	else if (strcmp(word, "END") == 0)
		step_end(r);
	else if (strcmp(word, "CONNECT") == 0)
		step_connect(r);
	else if (strcmp(word, "WAIT") == 0)
		step_wait(r);
	else if (strcmp(word, "STOP") == 0)
		step_stop(r);
	else if (strcmp(word, "BREAK") == 0 || strcmp(word, "MEND") == 0)
		step_break(r, text, *word == 'B');
	else if (strcmp(word, "MAIL") == 0)
		step_mail(r, text);
	else if (strcmp(word, "DELAY") == 0)
		check_delay(r, text);
	else if (strcmp(word, "LOG") == 0)
		check_log(r, text);
	else if (strcmp(word, "NONE") != 0)
		place_fail(&r->place, "\"%s:\" is unknown", word);
	else if (world_letter(&r->world, text))
		place_fail(&r->place, "something was delivered to %s", text);
}

static void
replay_line(struct replay *r, char *line)
{
	char *text = strpbrk(line, ":.*#|"), mark;

	if (line[0] == '#' || line[0] == '\0')
		return;
	if (!text)
		place_fail(&r->place, "this line says nothing known");
	mark = *text;
	*text++ = '\0';
	if (mark == '|' && line[0] == '\0') {
		step_letter(r, text);
		return;
	}
	text += *text == ' ';
	letter_ends(r);
	if (strcmp(line, "C") == 0 && (mark == ':' || mark == '.'))
		step_send(r, text, mark == ':');
	else if (strcmp(line, "S") == 0 && (mark == ':' || mark == '*'))
		step_expect(r, text, mark == '*');
	else if (strcmp(line, "S") == 0 && mark == '#')
		step_expect_whole(r, text);
	else if (mark == ':')
		replay_word(r, line, text);
	else
		place_fail(&r->place, "this line says nothing known");
}

static void
replay_file(const char *path, size_t piece)
{
	struct replay r = { .place = { .file = path }, .piece = piece };
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;

	if (!f)
		place_fail(&r.place, "cannot be read");
	world_init(&r.world);
	while (getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		r.place.line++;
		if (r.place.line == 1 && strncmp(line, "# ", 2) != 0)
			place_fail(&r.place, "the first line has to say what is shown");
		replay_line(&r, line);
	}
	replay_run(&r);
	if (buffer_len(&r.wire.out) > 0)
		place_fail(
			&r.place, "the server says more: %s", buffer_string(&r.wire.out));
	letter_ends(&r);
	wire_close(&r.wire);
	world_free(&r.world);
	free(line);
	fclose(f);
}

/* Replies that no peer can bring about in one voice, or in none. */
static const struct {
	enum smtp_reply reply;
	bool classic, modern; /* where it cannot be had */
} NEVER[] = {
	/* There is no voice before the greeting. */
	{ SMTP_REPLY_GREET_FIRST, false, true },
	{ SMTP_REPLY_MODERN_ONLY, false, true },
	{ SMTP_REPLY_AUTH_BROKEN, true, false }, /* it is a wrong password there */
	{ SMTP_REPLY_AUTH_LINE_TOO_LONG, true, false },
	{ SMTP_REPLY_DATA_OF_BINARY, true, false }, /* HELO has no BDAT */
	{ SMTP_REPLY_CHUNK_RECEIVED, true, false },
	{ SMTP_REPLY_CHUNKS_RECEIVED, true, false },
	{ SMTP_REPLY_CHUNKS_BEGUN, true, false },
	{ SMTP_REPLY_OUR_FAULT, true, true }, /* for want of memory */
	/* The store of a transcript stays as it is (tests/whole/test_enter.py). */
	{ SMTP_REPLY_DEVICE_REVOKED, true, true },
	{ SMTP_REPLY_DEVICE_EXPIRED, true, true },
	{ SMTP_REPLY_USER_LOCKED, true, true },
	{ SMTP_REPLY_USER_GONE, true, true },
};

static bool
can_be_had(enum smtp_reply reply, bool modern)
{
	for (size_t i = 0; i < sizeof(NEVER) / sizeof(NEVER[0]); i++)
		if (NEVER[i].reply == reply)
			return modern ? !NEVER[i].modern : !NEVER[i].classic;
	return true;
}

/* Whether a line has an enhanced status code, which only the modern voice has. */
static bool
has_code(const char *line)
{
	unsigned first, subject, detail;

	return strlen(line) > 4 &&
	       sscanf(line + 4, "%1u.%u.%u", &first, &subject, &detail) == 3;
}

/* Whether a line was said that is the reply, whatever stands for its argument. */
static bool
was_said(enum smtp_reply reply, bool modern)
{
	struct buffer b = { 0 };
	char *pattern, star[1024];
	bool found = false;

	smtp_reply_append(&b, modern, reply, "*");
	pattern = buffer_string(&b);
	pattern[strcspn(pattern, "\r")] = '\0';
	for (size_t i = 0; i < said.n && !found; i++)
		found = (modern || !has_code(said.lines[i])) &&
			pattern_matches(pattern, said.lines[i], star, sizeof(star));
	buffer_free(&b);
	return found;
}

static void
test_every_reply_was_said(void **state)
{
	unsigned missing = 0;

	(void)state;
	for (unsigned i = SMTP_REPLY_NONE + 1; i < SMTP_REPLIES; i++)
		for (int modern = 0; modern < 2; modern++) {
			enum smtp_reply reply = (enum smtp_reply)i;
			struct buffer b = { 0 };

			if (was_said(reply, modern) == can_be_had(reply, modern))
				continue;
			smtp_reply_append(&b, modern, reply, "*");
			print_error("%s transcript has: %s",
				can_be_had(reply, modern) ? "no" : "against all hope a",
				buffer_string(&b));
			buffer_free(&b);
			missing++;
		}
	assert_int_equal(missing, 0);
}

static void
forget(void)
{
	for (size_t i = 0; i < said.n; i++)
		free(said.lines[i]);
	free(said.lines);
}

static void
test_transcript(void **state)
{
	replay_file(*state, SIZE_MAX);
	replay_file(*state, 1);
}

int
main(int argc, char **argv)
{
	glob_t found = { 0 };
	struct CMUnitTest *tests;
	int failed;

	for (int i = 1; i < argc; i++)
		glob(argv[i], i > 1 ? GLOB_APPEND : 0, NULL, &found);
	if (argc == 1)
		glob("tests/transcripts/*.txt", 0, NULL, &found);
	tests = calloc(found.gl_pathc + 1, sizeof(*tests));
	tests[found.gl_pathc] = (struct CMUnitTest)cmocka_unit_test(
		test_every_reply_was_said);
	for (size_t i = 0; i < found.gl_pathc; i++)
		tests[i] = (struct CMUnitTest){ .name = found.gl_pathv[i],
			.test_func = test_transcript,
			.initial_state = found.gl_pathv[i] };
	failed = _cmocka_run_group_tests(
		"transcripts", tests, found.gl_pathc + (argc == 1), NULL, NULL);
	failed |= found.gl_pathc == 0;
	forget();
	free(tests);
	globfree(&found);
	return failed;
}
