/*
 * Makes the disk of one folder small, or read-only, for the process that it is loaded into with LD_PRELOAD.
 *
 * FAIL_FOLDER is the folder (a real path). FAIL_RULE is a file outside of it, read before each write, with
 *
 *   BYTES     the size of the disk: what would make the files of the folder longer than that in all gets ENOSPC,
 *             and statvfs() tells what is left; writing over what is there goes on, as on a real full disk
 *   0         nothing may be written or removed at all: EROFS, as after the kernel found an error on the disk
 *
 * The lengths of files count, so that ballast may be a file with a hole.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define BLOCK_BYTES 4096
#define REALLY(name) \
    static __typeof__(name) *really; \
    if (really == NULL) really = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int is_below(const char *path) {
    const char *folder = getenv("FAIL_FOLDER");
    size_t length = folder == NULL ? 0 : strlen(folder);
    return length > 0 && strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static int is_ours(int descriptor) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = '\0';
    return is_below(path);
}

static long long disk_bytes(void) {
    char text[32] = "";
    const char *name = getenv("FAIL_RULE");
    int rule = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
    if (rule < 0) abort();
    if (read(rule, text, sizeof text - 1) <= 0) abort();
    close(rule);
    return atoll(text);
}

static long long used_bytes(const char *folder) {
    long long used = 0;
    struct stat found;
    char path[PATH_MAX];
    DIR *listing = opendir(folder);
    if (listing == NULL) return 0;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (lstat(path, &found) != 0) continue;
        used += S_ISDIR(found.st_mode) ? used_bytes(path) : found.st_size;
    }
    closedir(listing);
    return used;
}

/* The error that a write gets which leaves the file at least ``end`` bytes long, or 0. */
static int refusal(int descriptor, long long end) {
    struct stat found;
    if (!is_ours(descriptor) || fstat(descriptor, &found) != 0) return 0;
    long long disk = disk_bytes();
    if (disk == 0) return EROFS;
    long long longer = end - found.st_size;
    return longer > 0 && used_bytes(getenv("FAIL_FOLDER")) + longer > disk ? ENOSPC : 0;
}

static int refused(int descriptor, long long end) {
    int error = refusal(descriptor, end);
    if (error != 0) errno = error;
    return error != 0;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    REALLY(write);
    off_t place = is_ours(descriptor) ? lseek(descriptor, 0, SEEK_CUR) : 0;
    if (refused(descriptor, place + (long long)count)) return -1;
    return really(descriptor, bytes, count);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t place) {
    REALLY(pwrite);
    if (refused(descriptor, place + (long long)count)) return -1;
    return really(descriptor, bytes, count, place);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t place) {
    REALLY(pwrite64);
    if (refused(descriptor, place + (long long)count)) return -1;
    return really(descriptor, bytes, count, place);
}

int unlink(const char *path) {
    REALLY(unlink);
    if (is_below(path) && disk_bytes() == 0) {
        errno = EROFS;
        return -1;
    }
    return really(path);
}

int posix_fallocate(int descriptor, off_t place, off_t count) {
    REALLY(posix_fallocate);
    int error = refusal(descriptor, place + count);
    return error != 0 ? error : really(descriptor, place, count);
}

int posix_fallocate64(int descriptor, off64_t place, off64_t count) {
    REALLY(posix_fallocate64);
    int error = refusal(descriptor, place + count);
    return error != 0 ? error : really(descriptor, place, count);
}

int statvfs(const char *path, struct statvfs *out) {
    REALLY(statvfs);
    char whole[PATH_MAX];
    int done = really(path, out);
    if (done != 0 || realpath(path, whole) == NULL || !is_below(whole)) return done;
    long long disk = disk_bytes();
    if (disk == 0) return done;
    long long left = disk - used_bytes(getenv("FAIL_FOLDER"));
    out->f_bsize = out->f_frsize = BLOCK_BYTES;
    out->f_blocks = (fsblkcnt_t)(disk / BLOCK_BYTES);
    out->f_bfree = out->f_bavail = (fsblkcnt_t)(left > 0 ? left / BLOCK_BYTES : 0);
    return 0;
}

int statvfs64(const char *path, struct statvfs64 *out) {
    REALLY(statvfs64);
    struct statvfs small;
    int done = really(path, out);
    if (done != 0 || statvfs(path, &small) != 0) return done;
    out->f_bsize = small.f_bsize;
    out->f_frsize = small.f_frsize;
    out->f_blocks = small.f_blocks;
    out->f_bfree = out->f_bavail = small.f_bavail;
    return 0;
}
