// SPDX-License-Identifier: ISC
/*
 * Replays the transcripts against the dialogue, in whole pieces and byte by byte.
 * Arguments are patterns of their names; without any, all of tests/transcripts are meant.
 * Each is a test, which ends at the first difference and says where it is.
 */
#include "base/cleanup.h"
#include "smtp_world.h"

#include <glob.h>

struct replay {
	struct place place;
	struct world world;
	struct wire wire;
	bool open;
	size_t piece;
	char star[1024];
	const char *letter; /* what is left to compare of a message */
};

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

static void
replay_run(struct replay *r)
{
	replay_open(r);
	if (!r->wire.closed && buffer_len(&r->wire.in) > 0) {
		r->wire.delay = 0;
		r->wire.refused[0] = '\0';
	}
	wire_run(&r->wire, r->piece);
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
	fits = pattern ? pattern_matches(
				 buffer_string(&want), got, r->star, sizeof(r->star))
		       : strcmp(buffer_string(&want), got) == 0;
	if (!fits)
		place_fail(&r->place, "expected \"%s\", got \"%s\"", buffer_string(&want),
			got);
	buffer_consume(&r->wire.out, (size_t)(end + 2 - got));
	buffer_free(&want);
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
	replay_run(r);
	r->letter = world_letter(&r->world, to);
	if (!r->letter)
		place_fail(&r->place, "nothing was delivered to %s", to);
}

static void
step_letter_line(struct replay *r, const char *text, bool pattern)
{
	CLEANUP(buffer_free) struct buffer want = { 0 };
	char *got;
	size_t len;
	bool fits;

	if (!r->letter)
		place_fail(&r->place, "no message is being compared");
	expand(r, text, &want);
	len = strcspn(r->letter, "\n");
	got = strndup(r->letter, len);
	fits = pattern ? pattern_matches(
				 buffer_string(&want), got, r->star, sizeof(r->star))
		       : strcmp(buffer_string(&want), got) == 0;
	if (!fits || r->letter[len] != '\n')
		place_fail(&r->place, "the message goes on with: %s", r->letter);
	r->letter += len + 1;
	free(got);
}

static void
step_config(struct replay *r, const char *text)
{
	char key[64], value[256];

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
	else if (strcmp(word, "TLS") == 0)
		step_tls(r);
	else if (strcmp(word, "END") == 0)
		step_end(r);
	else if (strcmp(word, "CONNECT") == 0)
		step_connect(r);
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
	char *text = strpbrk(line, ":.*|"), mark;

	if (line[0] == '#' || line[0] == '\0')
		return;
	if (!text)
		place_fail(&r->place, "this line says nothing known");
	mark = *text;
	*text++ = '\0';
	text += mark != '|' && *text == ' ';
	if (mark != '|' && r->letter && *r->letter)
		place_fail(&r->place, "the message goes on with: %s", r->letter);
	if (mark != '|')
		r->letter = NULL;
	if (mark == '|' && line[0] == '\0' && strncmp(text, "* ", 2) == 0)
		step_letter_line(r, text + 2, true);
	else if (mark == '|' && line[0] == '\0')
		step_letter_line(r, text + (*text == ' '), false);
	else if (strcmp(line, "C") == 0 && (mark == ':' || mark == '.'))
		step_send(r, text, mark == ':');
	else if (strcmp(line, "S") == 0 && (mark == ':' || mark == '*'))
		step_expect(r, text, mark == '*');
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
	if (r.letter && *r.letter)
		place_fail(&r.place, "the message goes on with: %s", r.letter);
	wire_close(&r.wire);
	world_free(&r.world);
	free(line);
	fclose(f);
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
	for (size_t i = 0; i < found.gl_pathc; i++)
		tests[i] = (struct CMUnitTest){ .name = found.gl_pathv[i],
			.test_func = test_transcript,
			.initial_state = found.gl_pathv[i] };
	failed = _cmocka_run_group_tests(
		"transcripts", tests, found.gl_pathc, NULL, NULL);
	failed |= found.gl_pathc == 0;
	free(tests);
	globfree(&found);
	return failed;
}
