/* SPDX-License-Identifier: MIT
 *
 * replay_corpus.c - runs a fuzz target over its corpus, so that every `make test` with plain gcc
 * does.
 *
 *     frame_fuzz fuzz/corpus/frame_fuzz [more files or folders]
 *
 * Fails when there is nothing to run: a corpus that went missing must not pass for a green one.
 */
#include "base/err.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1024 * 1024 };

static int run_file(const char *path)
{
    static uint8_t input[INPUT_MAX];
    FILE *in = fopen(path, "rb");

    if (!in)
        return 0;
    size_t n = fread(input, 1, sizeof input, in);
    fclose(in);
    /* A copy of exactly n bytes, so that a sanitizer sees a step beyond the end. */
    uint8_t *exact = malloc(n ? n : 1);
    lm_assert(exact);
    for (size_t i = 0; i < n; i++)
        exact[i] = input[i];
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 1;
}

static int run_folder(DIR *folder, const char *path)
{
    int count = 0;

    for (struct dirent *entry; (entry = readdir(folder));) {
        char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        count += run_file(file);
    }
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;

    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        count += folder ? run_folder(folder, argv[i]) : run_file(argv[i]);
        if (folder)
            closedir(folder);
    }
    printf("%d inputs\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
