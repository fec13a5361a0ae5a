/* Everything a program does with files, below the directory that its first argument names. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[4096];
static const char *root;

static const char *at(const char *name) {
    snprintf(path, sizeof path, "%s/%s", root, name);
    return strdup(path);
}

static void expect(int condition, const char *what) {
    if (!condition) {
        printf("failed: %s (%s)\n", what, strerror(errno));
        exit(1);
    }
}

static int compare(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

int main(int count, char **arguments) {
    root = count > 1 ? arguments[1] : ".";

    FILE *file = fopen(at("text"), "w");
    expect(file != NULL, "create");
    for (int index = 0; index < 1000; index++) {
        fprintf(file, "line %d\n", index);
    }
    expect(fclose(file) == 0, "close");

    file = fopen(at("text"), "r");
    expect(file != NULL, "open");
    char line[64];
    int lines = 0;
    while (fgets(line, sizeof line, file)) {
        lines++;
    }
    expect(lines == 1000, "read back");
    expect(fseek(file, 5, SEEK_SET) == 0 && fgetc(file) == '0', "seek");
    fclose(file);

    file = fopen(at("text"), "a");
    expect(file && fputs("end\n", file) >= 0 && fclose(file) == 0, "append");
    struct stat status;
    expect(stat(at("text"), &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 8890 + 4, "stat");

    int number = open(at("text"), O_RDWR);
    expect(number >= 0 && ftruncate(number, 10) == 0 && fstat(number, &status) == 0 && status.st_size == 10, "truncate");
    expect(pwrite(number, "XY", 2, 4) == 2 && pread(number, line, 4, 3) == 4 && memcmp(line, "eXY\n", 4) == 0, "positions");
    expect(close(number) == 0 && close(number) == -1 && errno == EBADF, "close twice");

    expect(mkdir(at("sub"), 0777) == 0, "mkdir");
    expect(mkdir(at("sub"), 0777) == -1 && errno == EEXIST, "mkdir twice");
    expect(rename(at("text"), at("sub/moved")) == 0, "rename");
    expect(symlink("moved", at("sub/link")) == 0, "symlink");
    expect(link(at("sub/moved"), at("sub/second")) == 0, "link");
    expect(lstat(at("sub/link"), &status) == 0 && S_ISLNK(status.st_mode), "lstat");
    expect(stat(at("sub/link"), &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 2, "stat follows");
    expect(readlink(at("sub/link"), line, sizeof line) == 5 && memcmp(line, "moved", 5) == 0, "readlink");
    expect(open(at("sub/link"), O_RDONLY | O_NOFOLLOW) == -1 && errno == ELOOP, "no follow");

    char *names[16];
    int found = 0;
    DIR *directory = opendir(at("sub"));
    expect(directory != NULL, "opendir");
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        names[found++] = strdup(entry->d_name);
    }
    closedir(directory);
    qsort(names, found, sizeof *names, compare);
    for (int index = 0; index < found; index++) {
        printf("entry %s\n", names[index]);
    }

    expect(rmdir(at("sub")) == -1 && errno == ENOTEMPTY, "rmdir of a full directory");
    expect(unlink(at("sub/link")) == 0 && unlink(at("sub/second")) == 0 && unlink(at("sub/moved")) == 0, "unlink");
    expect(rmdir(at("sub")) == 0, "rmdir");
    expect(open(at("missing"), O_RDONLY) == -1 && errno == ENOENT, "missing");

    /* Nothing outside can be reached. */
    expect(open(at("../outside"), O_RDONLY) == -1 && errno != ENOENT, "up");
    expect(open("/etc/passwd", O_RDONLY) == -1, "absolute");
    expect(open(at("trap"), O_RDONLY) == -1 && errno != ENOENT, "link that leads out");
    expect(symlink("/etc/passwd", at("evil")) == -1, "link to the outside");

    puts("all is well");
    return 0;
}
