// SPDX-License-Identifier: ISC
/*
 * Feeds a fuzz target with stored inputs, each file once: linked with one target in place
 * of libFuzzer, so that the corpus is a test of every build. Arguments are files and
 * folders of files. It says how many inputs it has fed; a target that finds a fault ends
 * the program itself.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fail(const char *path)
{
	fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
	exit(EXIT_FAILURE);
}

/* The copy is of exactly the input's size, so that a sanitizer sees a read beyond it. */
static void
replay_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(size ? size : 1);

	if (!f || !data)
		fail(path);
	if (fread(data, 1, size, f) != size) {
		errno = EIO;
		fail(path);
	}
	fclose(f);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static size_t
replay_folder(const char *path)
{
	size_t n = 0;
	struct dirent *entry;
	DIR *dir = opendir(path);

	if (!dir)
		fail(path);
	while ((entry = readdir(dir))) {
		char name[4096];
		struct stat st;

		if (snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) >=
			(int)sizeof(name))
			continue;
		if (stat(name, &st) < 0)
			fail(name);
		if (!S_ISREG(st.st_mode))
			continue;
		replay_file(name, (size_t)st.st_size);
		n++;
	}
	closedir(dir);
	return n;
}

int
main(int argc, char **argv)
{
	size_t n = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st) < 0)
			fail(argv[i]);
		if (S_ISDIR(st.st_mode)) {
			n += replay_folder(argv[i]);
			continue;
		}
		replay_file(argv[i], (size_t)st.st_size);
		n++;
	}
	if (n == 0) {
		fputs("replay: no input; give files or folders of files\n", stderr);
		return EXIT_FAILURE;
	}
	printf("%zu inputs\n", n);
	return EXIT_SUCCESS;
}
