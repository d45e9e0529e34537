/* At the n-th call that writes to files whose paths begin alike: no room, an error of the disk, or the end of the process.
   Preloaded into a process of a test. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char beginning[4096];
static long fail_at, counted;
static enum { ONCE, LASTING, BROKEN, KILLED, UNSYNCED } mode;
static __thread int is_sync;

/* From now on calls on files whose paths begin so count; number 0 fails none. LASTING: those after it fail, too. BROKEN:
   with EIO. KILLED: the process ends there, a write half done. UNSYNCED: only syncs count; it and those after it fail. */
void full_disk_begin(const char *of, long at, int how) {
    snprintf(beginning, sizeof beginning, "%s", of);
    counted = 0;
    mode = how;
    fail_at = at;
}

long full_disk_end(void) {
    long count = counted;
    beginning[0] = 0;
    return count;
}

static int fails(const char *path) {
    if (!beginning[0] || strncmp(path, beginning, strlen(beginning)) != 0) return 0;
    if (mode == UNSYNCED && !is_sync) return 0;
    long now = __atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST);
    if (!fail_at || !(now == fail_at || ((mode == LASTING || mode == UNSYNCED) && now > fail_at))) return 0;
    errno = mode == BROKEN || mode == UNSYNCED ? EIO : ENOSPC;
    return 1;
}

static int dies(void) {
    if (mode == KILLED) kill(getpid(), SIGKILL);
    return 1;
}

static int fails_at(int handle) {
    char link[64], path[4096];
    if (!beginning[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return fails(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int handle, const void *content, size_t count) {
    if (!fails_at(handle)) return REAL(write)(handle, content, count);
    if (mode == KILLED) (void)!REAL(write)(handle, content, count / 2);
    return -dies();
}
ssize_t pwrite(int handle, const void *content, size_t count, off_t at) {
    if (!fails_at(handle)) return REAL(pwrite)(handle, content, count, at);
    if (mode == KILLED) (void)!REAL(pwrite)(handle, content, count / 2, at);
    return -dies();
}
ssize_t pwrite64(int handle, const void *content, size_t count, off64_t at) {
    if (!fails_at(handle)) return REAL(pwrite64)(handle, content, count, at);
    if (mode == KILLED) (void)!REAL(pwrite64)(handle, content, count / 2, at);
    return -dies();
}
ssize_t writev(int handle, const struct iovec *parts, int count) {
    return fails_at(handle) && dies() ? -1 : REAL(writev)(handle, parts, count);
}

static int sync_fails_at(int handle) {
    is_sync = 1;
    int failed = fails_at(handle);
    is_sync = 0;
    return failed && dies();
}

int fsync(int handle) { return sync_fails_at(handle) ? -1 : REAL(fsync)(handle); }
int fdatasync(int handle) { return sync_fails_at(handle) ? -1 : REAL(fdatasync)(handle); }

int ftruncate(int handle, off_t size) { return fails_at(handle) && dies() ? -1 : REAL(ftruncate)(handle, size); }
int ftruncate64(int handle, off64_t size) { return fails_at(handle) && dies() ? -1 : REAL(ftruncate64)(handle, size); }
int posix_fallocate(int handle, off_t at, off_t count) {
    return fails_at(handle) && dies() ? errno : REAL(posix_fallocate)(handle, at, count);
}
int posix_fallocate64(int handle, off64_t at, off64_t count) {
    return fails_at(handle) && dies() ? errno : REAL(posix_fallocate64)(handle, at, count);
}
int rename(const char *from, const char *to) { return fails(to) && dies() ? -1 : REAL(rename)(from, to); }
int link(const char *from, const char *to) { return fails(to) && dies() ? -1 : REAL(link)(from, to); }
int linkat(int of, const char *from, int at, const char *to, int flags) {
    return fails(to) && dies() ? -1 : REAL(linkat)(of, from, at, to, flags);
}
ssize_t sendfile(int to, int from, off_t *at, size_t count) {
    return fails_at(to) && dies() ? -1 : REAL(sendfile)(to, from, at, count);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t count) {
    return fails_at(to) && dies() ? -1 : REAL(sendfile64)(to, from, at, count);
}
ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *there, size_t count, unsigned int flags) {
    return fails_at(to) && dies() ? -1 : REAL(copy_file_range)(from, at, to, there, count, flags);
}
int unlink(const char *path) {
    if (mode == KILLED && fails(path)) dies();
    return REAL(unlink)(path);
}
int mkdir(const char *path, mode_t mode) { return fails(path) && dies() ? -1 : REAL(mkdir)(path, mode); }

static mode_t mode_of(int flags, va_list rest) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; }

/* A new file needs room for its name. */
int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    if ((flags & O_CREAT) && access(path, F_OK) != 0 && fails(path) && dies()) return -1;
    return REAL(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    if ((flags & O_CREAT) && access(path, F_OK) != 0 && fails(path) && dies()) return -1;
    return REAL(open64)(path, flags, mode);
}
