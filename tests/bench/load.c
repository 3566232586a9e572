// SPDX-License-Identifier: ISC
/*
 * A load generator for submission servers on 127.0.0.1: a number of clients at once, each
 * a thread that opens one session after the other, for so many seconds or so many
 * sessions. It prints one JSON object and exits 0 if every session went well, else 1; 64
 * for wrong options. With --idle it opens connections, prints the object once they have
 * their banner, and holds them until standard input ends.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "load.h"

enum {
	CLIENTS_MAX = 4096,
	IDLE_MAX = 4096,
	LINE_BYTES = 74, /* of a message, with CRLF */
	HEADER_ROOM = 512,
};

struct options {
	struct load_plan plan;
	const char *cert, *key, *ca, *user, *password_file, *auth, *resume;
	uint64_t clients, seconds, sessions, size, idle;
};

struct work {
	double deadline;      /* of load_clock(); 0: none */
	atomic_long sessions; /* still to begin */
};

struct worker {
	pthread_t thread;
	struct load_client client;
	struct work *work;
};

static const char USAGE[] =
	"usage: load --port PORT --cert FILE --key FILE [OPTIONS]\n"
	"  --ca FILE             verify the server's certificate, for --name\n"
	"  --name NAME           default localhost\n"
	"  --priority TEXT       GnuTLS priority; default TLS 1.3 alone\n"
	"  --clients N           at once, default 8\n"
	"  --seconds N           begin no session after that\n"
	"  --sessions N          begin no more than these; default without --seconds: 1\n"
	"  --messages N          in each session, default 1\n"
	"  --size BYTES          of each message, default 1024\n"
	"  --pipeline            each message and the next MAIL, RCPT and DATA in one "
	"write\n"
	"  --user NAME           log in with AUTH PLAIN\n"
	"  --password-file FILE  its first line\n"
	"  --auth TEXT           log in with AUTH TEXT, in one line\n"
	"  --from ADDRESS, --to ADDRESS\n"
	"  --resume FILE         go on with the session in FILE, if it is there, then "
	"each\n"
	"                        client with its own last; keep the first client's "
	"there\n"
	"  --idle N              only open N connections and hold them\n";

static void *
worker_run(void *argument)
{
	struct worker *worker = argument;
	struct work *work = worker->work;

	while (!work->deadline || load_clock() < work->deadline) {
		if (atomic_fetch_sub(&work->sessions, 1) <= 0)
			break;
		load_session(&worker->client);
	}
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The given part, 0 to 1, of all clients' samples in order; 0 where there are none. */
static double
quantile(const struct worker *workers, uint64_t count, size_t offset, double part)
{
	CLEANUP_FREE double *all = NULL;
	size_t total = 0;

	for (uint64_t i = 0; i < count; i++) {
		const struct load_samples *one =
			(const void *)((const char *)&workers[i].client + offset);
		double *more;

		if (one->count == 0)
			continue;
		more = reallocarray(all, total + one->count, sizeof(*all));
		if (!more)
			return 0;
		all = more;
		memcpy(all + total, one->at, one->count * sizeof(*all));
		total += one->count;
	}
	if (total == 0)
		return 0;
	qsort(all, total, sizeof(*all), compare);
	return all[(size_t)(part * (double)(total - 1))];
}

static void
print_fault(const struct load_client *client)
{
	if (client->fault[0])
		fprintf(stderr, "load: %s\n", client->fault);
}

/* A session from before: 0 where there is none, too. */
static int
read_ticket(const char *path, struct load_ticket *ret)
{
	gnutls_datum_t data;

	if (!path || access(path, F_OK) < 0)
		return 0;
	if (gnutls_load_file(path, &data) < 0) {
		fprintf(stderr, "load: cannot read %s\n", path);
		return -EIO;
	}
	*ret = (struct load_ticket){ data.data, data.size };
	return 0;
}

/* That of the first client that has one. */
static int
write_ticket(const char *path, const struct worker *workers, uint64_t count)
{
	const struct load_ticket *ticket = &workers->client.ticket;
	FILE *file;
	size_t n;

	for (uint64_t i = 1; !ticket->data && i < count; i++)
		ticket = &workers[i].client.ticket;
	file = path && ticket->data ? fopen(path, "we") : NULL;
	if (!file)
		return 0;
	n = fwrite(ticket->data, 1, ticket->len, file);
	if (fclose(file) == 0 && n == ticket->len)
		return 0;
	fprintf(stderr, "load: cannot write %s\n", path);
	return -EIO;
}

static int
print_result(const struct worker *workers, uint64_t count, double elapsed)
{
	uint64_t sessions = 0, resumed = 0, messages = 0, failures = 0;
	size_t banner = offsetof(struct load_client, banner);
	size_t stored = offsetof(struct load_client, stored);
	struct rusage used;

	for (uint64_t i = 0; i < count; i++) {
		sessions += workers[i].client.sessions;
		resumed += workers[i].client.resumed;
		messages += workers[i].client.messages;
		failures += workers[i].client.failures;
		print_fault(&workers[i].client);
	}
	getrusage(RUSAGE_SELF, &used);
	printf("{\"sessions\": %ju, \"resumed\": %ju, \"messages\": %ju, "
	       "\"failures\": %ju, \"seconds\": %.3f, ",
		(uintmax_t)sessions, (uintmax_t)resumed, (uintmax_t)messages,
		(uintmax_t)failures, elapsed / 1e3);
	printf("\"sessions_per_second\": %.2f, \"messages_per_second\": %.2f, ",
		(double)sessions * 1e3 / elapsed, (double)messages * 1e3 / elapsed);
	printf("\"banner_ms\": %.3f, \"banner_ms_95\": %.3f, ",
		quantile(workers, count, banner, 0.5),
		quantile(workers, count, banner, 0.95));
	printf("\"stored_ms\": %.3f, \"stored_ms_95\": %.3f, ",
		quantile(workers, count, stored, 0.5),
		quantile(workers, count, stored, 0.95));
	printf("\"client_cpu_seconds\": %.3f}\n",
		(double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
			(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
run_load(const struct options *options)
{
	CLEANUP_FREE struct worker *workers = calloc(options->clients, sizeof(*workers));
	struct work work = { .sessions = (long)options->sessions };
	uint64_t started = 0;
	double began = load_clock();
	int r;

	if (!workers)
		return EX_OSERR;
	if (options->seconds)
		work.deadline = began + (double)options->seconds * 1e3;
	while (started < options->clients) {
		struct worker *worker = &workers[started];

		worker->client.plan = &options->plan;
		worker->work = &work;
		if (read_ticket(options->resume, &worker->client.ticket) < 0 ||
			pthread_create(&worker->thread, NULL, worker_run, worker) != 0)
			break;
		started++;
	}
	for (uint64_t i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	if (started < options->clients) {
		fprintf(stderr, "load: cannot start %ju threads\n",
			(uintmax_t)options->clients);
		r = EX_OSERR;
	} else {
		r = print_result(workers, started, load_clock() - began);
		if (write_ticket(options->resume, workers, started) < 0)
			r = EX_IOERR;
	}
	for (uint64_t i = 0; i < started; i++) {
		free(workers[i].client.banner.at);
		free(workers[i].client.stored.at);
		gnutls_free(workers[i].client.ticket.data);
	}
	return r;
}

static int
run_idle(const struct options *options)
{
	CLEANUP_FREE void **held = calloc(options->idle, sizeof(void *));
	struct load_client client = { .plan = &options->plan };
	struct load_connection *connection;
	uint64_t opened = 0;
	char byte;

	if (!held)
		return EX_OSERR;
	while (opened < options->idle && load_open(&client, &connection) >= 0)
		held[opened++] = connection;
	printf("{\"idle\": %ju, \"failures\": %ju}\n", (uintmax_t)opened,
		(uintmax_t)(options->idle - opened));
	fflush(stdout);
	print_fault(&client);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	for (uint64_t i = 0; i < opened; i++)
		load_close(held[i]);
	free(client.banner.at);
	return opened == options->idle ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A message of about size bytes in lines of text, closed by its dot, and behind it the
 * envelope of another. */
static int
make_message(struct options *options)
{
	struct load_plan *plan = &options->plan;
	size_t room = options->size + 2 * HEADER_ROOM + LINE_BYTES;
	char *text = malloc(room);
	size_t len;

	if (!text)
		return -ENOMEM;
	len = (size_t)snprintf(text, HEADER_ROOM,
		"From: <%.100s>\r\nTo: <%.100s>\r\nSubject: load\r\n\r\n", plan->from,
		plan->to);
	while (len < options->size) {
		memset(text + len, 'a' + (int)(len % 26), LINE_BYTES - 2);
		memcpy(text + len + LINE_BYTES - 2, "\r\n", sizeof("\r\n"));
		len += LINE_BYTES;
	}
	memcpy(text + len, ".\r\n", 3);
	plan->message = text;
	plan->message_len = len + 3;
	plan->envelope_len = (size_t)snprintf(text + plan->message_len, HEADER_ROOM,
		"MAIL FROM:<%.100s>\r\nRCPT TO:<%.100s>\r\nDATA\r\n", plan->from,
		plan->to);
	return 0;
}

static int
read_password(struct options *options)
{
	char line[256];
	FILE *file = fopen(options->password_file, "re");
	char *got;

	if (!file)
		return -errno;
	got = fgets(line, sizeof(line), file);
	fclose(file);
	if (!got)
		return -ENODATA;
	line[strcspn(line, "\r\n")] = 0;
	options->plan.auth = load_plain(options->user, line);
	return options->plan.auth ? 0 : -ENOMEM;
}

static int
read_number(const char *name, const char *text, uint64_t max, uint64_t *ret)
{
	int r = number_parse(text, strlen(text), 1, max, ret);

	if (r < 0)
		fprintf(stderr, "load: --%s expects a number from 1 to %ju, not %s\n",
			name, (uintmax_t)max, text);
	return r;
}

static int
read_options(int argc, char **argv, struct options *options)
{
	uint64_t port = 0;
	bool pipeline = false;
	const struct {
		struct option option;
		const char **text;
		uint64_t *number;
		uint64_t max;
	} known[] = {
		{ { "port", 1, 0, 0 }, NULL, &port, UINT16_MAX },
		{ { "cert", 1, 0, 0 }, &options->cert, NULL, 0 },
		{ { "key", 1, 0, 0 }, &options->key, NULL, 0 },
		{ { "ca", 1, 0, 0 }, &options->ca, NULL, 0 },
		{ { "name", 1, 0, 0 }, &options->plan.verify_name, NULL, 0 },
		{ { "priority", 1, 0, 0 }, &options->plan.priority, NULL, 0 },
		{ { "clients", 1, 0, 0 }, NULL, &options->clients, CLIENTS_MAX },
		{ { "seconds", 1, 0, 0 }, NULL, &options->seconds, 3600 },
		{ { "sessions", 1, 0, 0 }, NULL, &options->sessions, 10000000 },
		{ { "messages", 1, 0, 0 }, NULL, &options->plan.messages, 1000000 },
		{ { "size", 1, 0, 0 }, NULL, &options->size, 100000000 },
		{ { "user", 1, 0, 0 }, &options->user, NULL, 0 },
		{ { "password-file", 1, 0, 0 }, &options->password_file, NULL, 0 },
		{ { "auth", 1, 0, 0 }, &options->auth, NULL, 0 },
		{ { "from", 1, 0, 0 }, &options->plan.from, NULL, 0 },
		{ { "to", 1, 0, 0 }, &options->plan.to, NULL, 0 },
		{ { "resume", 1, 0, 0 }, &options->resume, NULL, 0 },
		{ { "idle", 1, 0, 0 }, NULL, &options->idle, IDLE_MAX },
		{ { "pipeline", 0, 0, 0 }, NULL, NULL, 0 },
	};
	enum { KNOWN = sizeof(known) / sizeof(known[0]) };
	struct option list[KNOWN + 1] = { 0 };
	int at, c;

	for (size_t i = 0; i < KNOWN; i++)
		list[i] = known[i].option;
	while ((c = getopt_long(argc, argv, "", list, &at)) == 0) {
		if (known[at].text)
			*known[at].text = optarg;
		else if (!known[at].number)
			pipeline = true;
		else if (read_number(list[at].name, optarg, known[at].max,
				 known[at].number) < 0)
			return -EINVAL;
	}
	options->plan.port = (uint16_t)port;
	options->plan.pipeline = pipeline;
	options->plan.resume = options->resume != NULL;
	if (c != -1 || optind < argc || !port || !options->cert || !options->key)
		return -EINVAL;
	if (options->user && options->auth)
		return -EINVAL;
	return !options->user == !options->password_file ? 0 : -EINVAL;
}

static void
complete(struct options *options)
{
	if (!options->ca)
		options->plan.verify_name = NULL;
	else if (!options->plan.verify_name)
		options->plan.verify_name = "localhost";
	if (!options->sessions)
		options->sessions = options->seconds ? INT32_MAX : 1;
}

int
main(int argc, char **argv)
{
	struct options options = {
		.plan = {
			.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3",
			.from = "sender@localhost",
			.to = "reader@localhost",
			.messages = 1,
		},
		.clients = 8,
		.size = 1024,
	};
	int r;

	if (read_options(argc, argv, &options) < 0) {
		fputs(USAGE, stderr);
		return EX_USAGE;
	}
	complete(&options);
	r = load_credentials(
		options.cert, options.key, options.ca, &options.plan.credentials);
	if (r < 0) {
		fprintf(stderr, "load: cannot use %s, %s or the file of --ca\n",
			options.cert, options.key);
		return EX_NOINPUT;
	}
	if (options.user && read_password(&options) < 0) {
		fprintf(stderr, "load: %s has no password\n", options.password_file);
		return EX_NOINPUT;
	}
	if (options.auth)
		options.plan.auth = strdup(options.auth);
	if (make_message(&options) < 0)
		return EX_OSERR;
	r = options.idle ? run_idle(&options) : run_load(&options);
	free((void *)options.plan.message);
	free((void *)options.plan.auth);
	gnutls_certificate_free_credentials(options.plan.credentials);
	return r;
}
