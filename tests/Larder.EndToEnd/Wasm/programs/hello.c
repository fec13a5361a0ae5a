/* Arguments, environment, standard streams and the exit code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **arguments) {
    for (int index = 1; index < count; index++) {
        printf("argument %s\n", arguments[index]);
    }

    const char *variable = getenv("GREETING");
    printf("variable %s\n", variable ? variable : "none");
    printf("home %s\n", getenv("HOME") ? "known" : "unknown");
    char line[256];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        printf("line %s\n", line);
    }

    fprintf(stderr, "done\n");
    return 7;
}
