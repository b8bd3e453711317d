#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/*
 * A process joins a user namespace only while it has one thread, and Go has
 * several before main. So this runs before Go does, in a program that was
 * started with the descriptors of both namespaces in its environment.
 */

static void fail(const char *what)
{
	fprintf(stderr, "Error: enter the user namespace: %s: %s\n", what, strerror(errno));
	_exit(125);
}

__attribute__((constructor)) static void join_namespaces(void)
{
	const char *text = getenv("_PODCTL_JOIN");
	int user, mount;
	char *cwd;

	if (text == NULL)
		return;
	if (sscanf(text, "%d,%d", &user, &mount) != 2) {
		errno = EINVAL;
		fail("_PODCTL_JOIN");
	}
	unsetenv("_PODCTL_JOIN");
	cwd = getcwd(NULL, 0);
	if (setns(user, CLONE_NEWUSER) != 0)
		fail("join user namespace");
	if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0)
		fail("become root in it");
	if (setns(mount, CLONE_NEWNS) != 0)
		fail("join mount namespace");
	/* Joining a mount namespace moves to its root. A directory that cannot be
	   reached there is left, as by every other way in. */
	if (cwd != NULL && chdir(cwd) != 0)
		(void)!chdir("/");
	free(cwd);
	/* The change of credentials has closed /proc/self to its own user. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	close(user);
	close(mount);
}
