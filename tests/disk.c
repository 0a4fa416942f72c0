/* A disk of the tests' own, and a clock, preloaded under a program. For files below DISK_ROOT only:

   DISK_JOURNAL: every change is written there, in order, and every promise that one is on the disk (fsync, fdatasync).
   From it power_loss.py makes what a disk may hold that lost its power at any moment.

   DISK_FAULT: sixteen bytes that are looked at before each operation, and may be changed while the program runs: an errno,
   the operations that fail with it, and by how many seconds the clock of the day is wrong. So a disk fills up, fails, and
   is well again, and somebody sets the clock.

   A record of the journal: the operation (one byte), file, offset and length (eight bytes each), then as many bytes. */

#define _GNU_SOURCE
#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, OPEN = 4, NAME = 8, READ = 16 }; /* The operations that may fail; disk.py knows them, too. */
enum { MOST = 1024 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static size_t root_length;
static int journal = -1;
static volatile int32_t *fault;
static char *paths[MOST]; /* by descriptor: what is open below the root */

__attribute__((constructor)) static void begin(void) {
    root = getenv("DISK_ROOT");
    if (root == NULL) return;
    root_length = strlen(root);
    const char *name = getenv("DISK_JOURNAL");
    if (name != NULL) journal = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    name = getenv("DISK_FAULT");
    if (name == NULL) return;
    int file = syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0);
    void *page = mmap(NULL, 16, PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) fault = page;
    syscall(SYS_close, file);
}

static int ours(const char *path) {
    return root != NULL && strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

static const char *path_of(int file) { return file >= 0 && file < MOST ? paths[file] : NULL; }

static int fails(int operation) {
    if (fault == NULL || !(fault[1] & operation)) return 0;
    errno = fault[0];
    return 1;
}

static void put(const void *bytes, size_t length) {
    const char *at = bytes;
    while (length > 0) {
        ssize_t done = syscall(SYS_write, journal, at, length);
        if (done < 0) abort();
        at += done;
        length -= (size_t)done;
    }
}

static void note(char operation, uint64_t file, uint64_t offset, const void *bytes, uint64_t length) {
    if (journal < 0) return;
    uint64_t head[3] = {file, offset, length};
    put(&operation, 1);
    put(head, sizeof head);
    put(bytes, length);
}

static void note_path(char operation, uint64_t file, const char *path) { note(operation, file, 0, path, strlen(path)); }

static uint64_t inode(int file) {
    struct stat found;
    return fstat(file, &found) == 0 ? (uint64_t)found.st_ino : 0;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int opened(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    if (!ours(path)) return real(path, flags, mode);
    int writes = (flags & O_ACCMODE) != O_RDONLY;
    if (fails(writes ? OPEN : READ)) return -1;
    pthread_mutex_lock(&lock);
    struct stat before;
    int there = stat(path, &before) == 0;
    int file = real(path, flags, mode);
    if (file >= 0 && file < MOST) {
        free(paths[file]);
        paths[file] = strdup(path);
        if (!there) note_path('C', inode(file), path);
        else if (writes) note_path('O', inode(file), path);
        if (there && writes && (flags & O_TRUNC)) note('T', inode(file), 0, "", 0);
    }
    pthread_mutex_unlock(&lock);
    return file;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

int open(const char *path, int flags, ...) { MODE(flags) REAL(open); return opened(real, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) REAL(open64); return opened(real, path, flags, mode); }

int close(int file) {
    REAL(close);
    pthread_mutex_lock(&lock);
    if (path_of(file) != NULL) {
        free(paths[file]);
        paths[file] = NULL;
    }
    pthread_mutex_unlock(&lock);
    return real(file);
}

static ssize_t written(int file, const void *bytes, ssize_t done, off_t offset) {
    if (done > 0) note('W', inode(file), (uint64_t)offset, bytes, (uint64_t)done);
    return done;
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
    REAL(pwrite64);
    if (path_of(file) == NULL) return real(file, bytes, length, offset);
    if (fails(WRITE)) return -1;
    pthread_mutex_lock(&lock);
    ssize_t done = written(file, bytes, real(file, bytes, length, offset), offset);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) { return pwrite64(file, bytes, length, offset); }

ssize_t write(int file, const void *bytes, size_t length) {
    REAL(write);
    if (path_of(file) == NULL) return real(file, bytes, length);
    if (fails(WRITE)) return -1;
    pthread_mutex_lock(&lock);
    ssize_t done = real(file, bytes, length);
    if (done > 0) written(file, bytes, done, lseek(file, 0, SEEK_CUR) - done);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate64(int file, off64_t length) {
    REAL(ftruncate64);
    if (path_of(file) == NULL) return real(file, length);
    if (fails(WRITE)) return -1;
    pthread_mutex_lock(&lock);
    int failed = real(file, length);
    if (!failed) note('T', inode(file), (uint64_t)length, "", 0);
    pthread_mutex_unlock(&lock);
    return failed;
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

static int synced(int (*real)(int), int file) {
    const char *path = path_of(file);
    if (path == NULL) return real(file);
    if (fails(SYNC)) return -1;
    pthread_mutex_lock(&lock);
    struct stat found;
    int failed = real(file);
    if (!failed && fstat(file, &found) == 0) note_path(S_ISDIR(found.st_mode) ? 'D' : 'S', found.st_ino, path);
    pthread_mutex_unlock(&lock);
    return failed;
}

int fsync(int file) { REAL(fsync); return synced(real, file); }
int fdatasync(int file) { REAL(fdatasync); return synced(real, file); }

ssize_t pread64(int file, void *bytes, size_t length, off64_t offset) {
    REAL(pread64);
    return path_of(file) != NULL && fails(READ) ? -1 : real(file, bytes, length, offset);
}

ssize_t read(int file, void *bytes, size_t length) {
    REAL(read);
    return path_of(file) != NULL && fails(READ) ? -1 : real(file, bytes, length);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    if (!ours(from)) return real(from, to);
    if (fails(NAME)) return -1;
    pthread_mutex_lock(&lock);
    int failed = real(from, to);
    if (!failed && journal >= 0) {
        size_t length = strlen(from) + strlen(to) + 1;
        char both[2 * 4096];
        strcpy(stpcpy(both, from) + 1, to);
        note('R', 0, 0, both, length);
    }
    pthread_mutex_unlock(&lock);
    return failed;
}

int unlink(const char *path) {
    REAL(unlink);
    if (!ours(path)) return real(path);
    if (fails(NAME)) return -1;
    pthread_mutex_lock(&lock);
    int failed = real(path);
    if (!failed) note_path('U', 0, path);
    pthread_mutex_unlock(&lock);
    return failed;
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    if (!ours(path)) return real(path, mode);
    if (fails(NAME)) return -1;
    pthread_mutex_lock(&lock);
    int failed = real(path, mode);
    if (!failed) note_path('K', 0, path);
    pthread_mutex_unlock(&lock);
    return failed;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(clock_gettime);
    int failed = real(clock, now);
    if (!failed && clock == CLOCK_REALTIME && fault != NULL) now->tv_sec += *(volatile int64_t *)(fault + 2);
    return failed;
}

/* Copied by the kernel, bytes would not be seen here: who copies is told to do it by hand. */
ssize_t sendfile64(int to, int from, off64_t *offset, size_t length) {
    (void)to, (void)from, (void)offset, (void)length;
    errno = ENOTSOCK;
    return -1;
}

ssize_t sendfile(int to, int from, off_t *offset, size_t length) { return sendfile64(to, from, offset, length); }
