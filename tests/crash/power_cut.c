/*
 * Records what a power cut would leave of one folder. Loaded with LD_PRELOAD into the process that writes.
 *
 * CUT_FOLDER is the folder that is watched (a real path), CUT_SHADOW another one that holds, at any moment,
 * what has reached the disk for sure:
 *
 *   - the bytes of a file are on the disk as they were at its last fsync or fdatasync, none that came later;
 *   - a new name is on the disk after a flush of its file or of its folder; after a flush of the folder alone
 *     the file is there and empty;
 *   - a removed name comes back, with the bytes of its last flush, until its folder is flushed;
 *   - a renamed file has its old name until it or its folder is flushed.
 *
 * So the worst of what ext4 may do. Not watched, since nobody here uses it: O_SYNC, sync(), syncfs(),
 * sync_file_range(), msync(). The disk itself is not flushed: the process is killed, the machine goes on.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RENAMES_MAX 64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char renamed_from[RENAMES_MAX][PATH_MAX];
static char renamed_to[RENAMES_MAX][PATH_MAX];
static int renames;

static void give_up(const char *what, const char *where) {
    fprintf(stderr, "power_cut: %s: %s: %s\n", what, where, strerror(errno));
    abort();
}

/* The part of a path below the watched folder ("" for the folder itself), or NULL. */
static const char *below(const char *path) {
    const char *folder = getenv("CUT_FOLDER");
    size_t length = folder == NULL ? 0 : strlen(folder);
    if (length == 0 || strncmp(path, folder, length) != 0) return NULL;
    if (path[length] == '\0') return path + length;
    return path[length] == '/' ? path + length + 1 : NULL;
}

static void in_shadow(char *out, const char *name) {
    const char *shadow = getenv("CUT_SHADOW");
    if (shadow == NULL || snprintf(out, PATH_MAX, "%s/%s", shadow, name) >= PATH_MAX) give_up("shadow", name);
}

static void make_parents(char *path) {
    for (char *cut = strchr(path + 1, '/'); cut != NULL; cut = strchr(cut + 1, '/')) {
        *cut = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) give_up("mkdir", path);
        *cut = '/';
    }
}

/* Puts a copy in place with one rename, so that a kill in the middle leaves the one before. */
static void copy(const char *from, const char *name) {
    char to[PATH_MAX], half[PATH_MAX];
    static char block[1 << 16];
    in_shadow(to, name);
    in_shadow(half, ".half");
    make_parents(to);
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0) give_up("open", from);
    int target = open(half, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (target < 0) give_up("open", half);
    ssize_t got;
    while ((got = read(source, block, sizeof block)) > 0)
        if (write(target, block, (size_t)got) != got) give_up("write", half);
    close(source);
    close(target);
    if (rename(half, to) != 0) give_up("rename", to);
}

/* A rename is on the disk: the old name goes from the shadow, the new one holds what was flushed of it. */
static void settle(int place) {
    char from[PATH_MAX], to[PATH_MAX];
    in_shadow(from, renamed_from[place]);
    in_shadow(to, renamed_to[place]);
    make_parents(to);
    if (rename(from, to) != 0 && errno != ENOENT) give_up("rename", from);
    renames--;
    memmove(renamed_from[place], renamed_from[place + 1], (size_t)(renames - place) * PATH_MAX);
    memmove(renamed_to[place], renamed_to[place + 1], (size_t)(renames - place) * PATH_MAX);
}

static int lies_in(const char *name, const char *folder) {
    size_t length = strlen(folder);
    const char *cut = strrchr(name, '/');
    return cut == NULL ? length == 0 : (size_t)(cut - name) == length && strncmp(name, folder, length) == 0;
}

static void folder_flushed(const char *path, const char *name) {
    char there[PATH_MAX], shadow[PATH_MAX], child[PATH_MAX];
    struct stat found;
    for (int place = 0; place < renames;)
        if (lies_in(renamed_from[place], name) || lies_in(renamed_to[place], name)) settle(place);
        else place++;
    in_shadow(shadow, name);
    make_parents(shadow);
    if (mkdir(shadow, 0700) != 0 && errno != EEXIST) give_up("mkdir", shadow);
    DIR *folder = opendir(path);
    if (folder == NULL) give_up("opendir", path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(there, sizeof there, "%s/%s", path, entry->d_name);
        snprintf(child, sizeof child, "%s/%s", shadow, entry->d_name);
        if (lstat(there, &found) != 0) continue;
        if (S_ISDIR(found.st_mode)) mkdir(child, 0700);
        else if (access(child, F_OK) != 0) close(open(child, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    }
    closedir(folder);
    folder = opendir(shadow);
    if (folder == NULL) give_up("opendir", shadow);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        snprintf(there, sizeof there, "%s/%s", path, entry->d_name);
        snprintf(child, sizeof child, "%s/%s", shadow, entry->d_name);
        if (lstat(there, &found) != 0) remove(child);
    }
    closedir(folder);
}

static int flushed(int descriptor) {
    char link[64], path[PATH_MAX];
    struct stat found;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return -1;
    path[length] = '\0';
    const char *name = below(path);
    if (name == NULL || fstat(descriptor, &found) != 0 || found.st_nlink == 0) return 0;
    pthread_mutex_lock(&lock);
    if (S_ISDIR(found.st_mode)) folder_flushed(path, name);
    else {
        for (int place = 0; place < renames; place++)
            if (strcmp(renamed_to[place], name) == 0) { settle(place); break; }
        copy(link, name);
    }
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int descriptor) { return flushed(descriptor); }
int fdatasync(int descriptor) { return flushed(descriptor); }

int rename(const char *from, const char *to) {
    static int (*really)(const char *, const char *);
    char whole_from[PATH_MAX], whole_to[PATH_MAX];
    if (really == NULL) really = dlsym(RTLD_NEXT, "rename");
    int is_ours = realpath(from, whole_from) != NULL && below(whole_from) != NULL;
    int done = really(from, to);
    if (done == 0 && is_ours && realpath(to, whole_to) != NULL && below(whole_to) != NULL) {
        pthread_mutex_lock(&lock);
        if (renames == RENAMES_MAX) give_up("too many renames without a flush", to);
        strcpy(renamed_from[renames], below(whole_from));
        strcpy(renamed_to[renames++], below(whole_to));
        pthread_mutex_unlock(&lock);
    }
    return done;
}
