#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * This runs before Go does: to start Go and to initialize the program takes ten
 * times as long as to find out that there is nothing to do. glibc hands the
 * arguments of main to constructors.
 *
 * Whatever is not exactly as expected relieves nobody: then the program runs.
 */

/* What an exit command ends with: "container cleanup --stopped-only
   --unless-relieved FILE ID". See Flag and command in relief.go. */
static const char *const words[] = {"container", "cleanup", "--stopped-only", "--unless-relieved"};
enum { WORDS = sizeof(words) / sizeof(words[0]), OPERANDS = 2 };

/* Reads a file whole, as a string; -1 if it cannot be read or does not fit. */
static ssize_t slurp(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = read(fd, text + len, size - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (len += n) == size) {
			close(fd);
			return -1;
		}
	}
	close(fd);
	text[len] = '\0';
	return memchr(text, '\0', len) == NULL ? (ssize_t)len : -1;
}

/* Whether the process of that pid is the one that started then, and runs. */
static int runs(const char *pid, const char *start_time)
{
	char path[64], stat[2048];
	char *field, *rest;
	int n;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if (slurp(path, stat, sizeof(stat)) < 0)
		return 0;
	/* proc(5): state and starttime are the fields 3 and 22. Field 2 is the name in
	   parentheses, which may have any text. */
	rest = strrchr(stat, ')');
	if (rest == NULL)
		return 0;
	rest++;
	field = strtok_r(rest, " \n", &rest);
	/* One that is stopped, or dead but not reaped, deals with nothing. */
	if (field == NULL || strlen(field) != 1 || strchr("RSD", field[0]) == NULL)
		return 0;
	for (n = 3; n < 22 && field != NULL; n++)
		field = strtok_r(NULL, " \n", &rest);
	return field != NULL && strcmp(field, start_time) == 0;
}

__attribute__((constructor)) static void end_if_relieved(int argc, char **argv)
{
	char text[64];
	char *start_time, *end;
	const char *digits = "0123456789";
	int i, first = argc - OPERANDS - WORDS;

	if (first < 1)
		return;
	for (i = 0; i < WORDS; i++)
		if (strcmp(argv[first + i], words[i]) != 0)
			return;
	if (slurp(argv[argc - OPERANDS], text, sizeof(text)) < 0)
		return;
	/* PID STARTTIME\n */
	start_time = strchr(text, ' ');
	end = strchr(text, '\n');
	if (start_time == NULL || end == NULL || end[1] != '\0' || start_time > end)
		return;
	*start_time++ = *end = '\0';
	if (text[0] == '\0' || text[strspn(text, digits)] != '\0' || start_time[0] == '\0' || start_time[strspn(start_time, digits)] != '\0')
		return;
	if (runs(text, start_time))
		_exit(0);
}
