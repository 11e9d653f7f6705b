/*
 * Makes file calls of one folder fail on command. Built and loaded (LD_PRELOAD) by file-faults.ts; Linux, glibc.
 *
 * HOLDPOINT_FAULT_FOLDER: calls on files below it count. HOLDPOINT_FAULT_CONTROL: a file of eight 32-bit numbers, shared
 * with whoever steers: armed, calls until the first failure, errno, failures left, failures so far, calls so far, writes only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ARMED, UNTIL, ERRNO, LEFT, FAILED, CALLS, WRITES_ONLY };

static volatile int *control;
static const char *folder;
static __thread int inside;

#define REAL(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("HOLDPOINT_FAULT_CONTROL");
  folder = getenv("HOLDPOINT_FAULT_FOLDER");
  if (path == NULL || folder == NULL) return;
  int fd = REAL(int, open, const char *, int, ...)(path, O_RDWR);
  if (fd < 0) return;
  void *mapped = REAL(void *, mmap64, void *, size_t, int, int, int, off_t)(NULL, 32, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) control = mapped;
}

static int ours(const char *path) {
  return path != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int ours_fd(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return ours(path);
}

/* Whether this call is one that has to fail; errno says how. */
static int fails(int is_ours, int writes) {
  if (!is_ours || (control[WRITES_ONLY] && !writes)) return 0;
  __sync_fetch_and_add(&control[CALLS], 1);
  if (__sync_sub_and_fetch(&control[UNTIL], 1) > 0) return 0;
  if (__sync_fetch_and_sub(&control[LEFT], 1) <= 0) return 0;
  __sync_fetch_and_add(&control[FAILED], 1);
  errno = control[ERRNO];
  return 1;
}

static int watching(void) { return control != NULL && control[ARMED] && !inside; }

#define FD_CALL(type, name, writes, params, args, fd, ...)            \
  type name params {                                                  \
    if (watching()) {                                                 \
      inside = 1;                                                     \
      int failed = fails(ours_fd(fd), writes);                        \
      inside = 0;                                                     \
      if (failed) return (type)-1;                                    \
    }                                                                 \
    return REAL(type, name, __VA_ARGS__) args;                        \
  }
#define PATH_CALL(name, params, args, path, ...)                      \
  int name params {                                                   \
    if (watching() && fails(ours(path), 1)) return -1;                \
    return REAL(int, name, __VA_ARGS__) args;                         \
  }

FD_CALL(ssize_t, read, 0, (int fd, void *b, size_t n), (fd, b, n), fd, int, void *, size_t)
FD_CALL(ssize_t, pread64, 0, (int fd, void *b, size_t n, off64_t o), (fd, b, n, o), fd, int, void *, size_t, off64_t)
FD_CALL(ssize_t, write, 1, (int fd, const void *b, size_t n), (fd, b, n), fd, int, const void *, size_t)
FD_CALL(ssize_t, pwrite64, 1, (int fd, const void *b, size_t n, off64_t o), (fd, b, n, o), fd, int, const void *, size_t, off64_t)
FD_CALL(ssize_t, writev, 1, (int fd, const struct iovec *v, int n), (fd, v, n), fd, int, const struct iovec *, int)
FD_CALL(ssize_t, pwritev, 1, (int fd, const struct iovec *v, int n, off_t o), (fd, v, n, o), fd, int, const struct iovec *, int, off_t)
FD_CALL(int, fsync, 1, (int fd), (fd), fd, int)
FD_CALL(int, fdatasync, 1, (int fd), (fd), fd, int)
FD_CALL(int, ftruncate64, 1, (int fd, off64_t n), (fd, n), fd, int, off64_t)
FD_CALL(int, fchmod, 1, (int fd, mode_t m), (fd, m), fd, int, mode_t)
PATH_CALL(unlink, (const char *p), (p), p, const char *)
PATH_CALL(rename, (const char *p, const char *to), (p, to), p, const char *, const char *)
PATH_CALL(link, (const char *p, const char *to), (p, to), p, const char *, const char *)
PATH_CALL(mkdir, (const char *p, mode_t m), (p, m), p, const char *, mode_t)

void *mmap64(void *at, size_t n, int prot, int flags, int fd, off64_t o) {
  if (fd >= 0 && watching()) {
    inside = 1;
    int failed = fails(ours_fd(fd), 0);
    inside = 0;
    if (failed) return MAP_FAILED;
  }
  return REAL(void *, mmap64, void *, size_t, int, int, int, off64_t)(at, n, prot, flags, fd, o);
}

#define OPEN_CALL(name)                                               \
  int name(const char *path, int flags, ...) {                        \
    va_list more;                                                     \
    va_start(more, flags);                                            \
    mode_t mode = va_arg(more, mode_t);                               \
    va_end(more);                                                     \
    if (watching() && fails(ours(path), (flags & O_CREAT) != 0)) return -1; \
    return REAL(int, name, const char *, int, ...)(path, flags, mode); \
  }
OPEN_CALL(open)
OPEN_CALL(open64)
