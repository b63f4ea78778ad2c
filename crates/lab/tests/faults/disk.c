/* Stands between a program and its disk (LD_PRELOAD): writes down what is done to the files whose names begin with
   FAULTS_OF, in order, to FAULTS_LOG; and makes a file FAULTS_FULL at write number FAULTS_FULL_AT, if that is given, and
   says that the disk is full while this file is there. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static const char *prefix, *full;
static int journal = -1;
static long writes, full_at = -1;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_LOG");
    prefix = getenv("FAULTS_OF");
    full = getenv("FAULTS_FULL");
    if (getenv("FAULTS_FULL_AT")) full_at = atol(getenv("FAULTS_FULL_AT"));
    if (path) journal = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

/* What follows the prefix in a file's name, `.` for nothing; NULL for another file. */
static const char *rest(const char *path) {
    if (!prefix || strncmp(path, prefix, strlen(prefix))) return NULL;
    return path[strlen(prefix)] ? path + strlen(prefix) : ".";
}

static const char *name_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    return rest(path);
}

static void note(const char *line, const void *bytes, size_t length) {
    if (journal < 0) return;
    syscall(SYS_write, journal, line, strlen(line));
    if (length) syscall(SYS_write, journal, bytes, length);
}

/* Whether a write finds the disk full. */
static int is_full(void) {
    if (!full) return 0;
    if (__atomic_add_fetch(&writes, 1, __ATOMIC_SEQ_CST) == full_at)
        syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, full, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    return syscall(SYS_faccessat, AT_FDCWD, full, F_OK) == 0;
}

static ssize_t put(int fd, const void *bytes, size_t length, off_t place, int positioned) {
    char path[4096], line[4200];
    const char *name = name_of(fd, path, sizeof path);
    if (!name) return positioned ? syscall(SYS_pwrite64, fd, bytes, length, place) : syscall(SYS_write, fd, bytes, length);
    if (is_full()) return errno = ENOSPC, -1;
    pthread_mutex_lock(&turn);
    if (!positioned) place = lseek(fd, 0, SEEK_CUR);
    ssize_t done = positioned ? syscall(SYS_pwrite64, fd, bytes, length, place) : syscall(SYS_write, fd, bytes, length);
    if (done > 0) {
        snprintf(line, sizeof line, "write %s %lld %zd\n", name, (long long)place, done);
        note(line, bytes, done);
    }
    pthread_mutex_unlock(&turn);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t length) { return put(fd, bytes, length, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t place) { return put(fd, bytes, length, place, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t place) { return put(fd, bytes, length, place, 1); }

/* Does a call on an open file and writes down a line about it. */
static int on_file(int fd, long number, const char *word, long long size) {
    char path[4096], line[4200];
    const char *name = name_of(fd, path, sizeof path);
    pthread_mutex_lock(&turn);
    int done = syscall(number, fd, size);
    if (name && done == 0) {
        snprintf(line, sizeof line, "%s %s %lld 0\n", word, name, size);
        note(line, NULL, 0);
    }
    pthread_mutex_unlock(&turn);
    return done;
}

int fsync(int fd) { return on_file(fd, SYS_fsync, "sync", 0); }
int fdatasync(int fd) { return on_file(fd, SYS_fdatasync, "sync", 0); }
int ftruncate(int fd, off_t size) { return on_file(fd, SYS_ftruncate, "truncate", size); }
int ftruncate64(int fd, off64_t size) { return on_file(fd, SYS_ftruncate, "truncate", size); }

int unlink(const char *path) {
    char line[4200];
    const char *name = rest(path);
    pthread_mutex_lock(&turn);
    int done = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (name && done == 0) {
        snprintf(line, sizeof line, "remove %s 0 0\n", name);
        note(line, NULL, 0);
    }
    pthread_mutex_unlock(&turn);
    return done;
}

int rename(const char *from, const char *to) {
    char line[8400];
    pthread_mutex_lock(&turn);
    int done = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (rest(from) && rest(to) && done == 0) {
        snprintf(line, sizeof line, "rename %s 0 %zu\n", rest(from), strlen(rest(to)));
        note(line, rest(to), strlen(rest(to)));
    }
    pthread_mutex_unlock(&turn);
    return done;
}
