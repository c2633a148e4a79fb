/* SPDX-License-Identifier: MIT
 *
 * verify_command.c - `logmill verify` and `logmill repair`: the history of a hub that does not run.
 *
 * Both work on the files themselves, under the lock that a hub would hold. `verify` writes nothing.
 * `repair` mends first what a hub would mend at its start, and then looks as `verify` does.
 */
#include "cli/verify_command.h"
#include "hub/journal.h"
#include "hub/number.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

struct finding {
    uint64_t places, records;
};

static void on_damage(const char *file, uint64_t at, const char *what, uint64_t records, void *ctx)
{
    struct finding *f = ctx;

    f->places++;
    f->records += records;
    printf("%s at %" PRIu64 ": %s", file, at, what);
    if (records)
        printf(" (%" PRIu64 " records cannot be read)", records);
    putchar('\n');
}

/* The descriptor that holds the lock, or -1: somebody else does, and it has been said. */
static int lock_state(const char *command, const char *state_dir)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[4096];

    snprintf(path, sizeof path, "%s/lock", state_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        fprintf(stderr, "logmill %s: cannot open %s: %s; name the folder with --state-dir\n",
                command, path, err_text(-errno));
    else if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
        fprintf(stderr, "logmill %s: a hub is using %s: stop it first\n", command, state_dir);
        close(fd);
        fd = -1;
    }
    return fd;
}

/* What no chunk has yet. */
static int look_at_journal(const char *state_dir, const struct store *s, struct finding *found,
                           struct journal_report *ret)
{
    char dir[4096];
    struct journal_look look = {
        .dir = dir, .epoch = numbers_peek_epoch(state_dir), .sealed_end = store_end_id(s)};

    snprintf(dir, sizeof dir, "%s/journal", state_dir);
    return journal_verify(&look, on_damage, found, ret);
}

static int look(const char *command, const char *state_dir, const struct store *s)
{
    const struct store_report *r = store_recovered(s);
    struct journal_report journal = {0};
    struct finding found = {0};
    int err = store_verify(s, on_damage, &found);

    if (err == 0)
        err = look_at_journal(state_dir, s, &found, &journal);
    if (err < 0) {
        fprintf(stderr, "logmill %s: cannot read the history: %s\n", command, err_text(err));
        return CLI_FAILED;
    }
    if (r->cut_bytes || r->rebuilt || r->set_aside)
        printf("mended: %" PRIu64 " bytes behind the last commit cut, the index of %u chunks made "
               "anew, %u files set aside\n",
               r->cut_bytes, r->rebuilt, r->set_aside);
    printf("%u chunks, %" PRIu64 " bytes; %u journal files with %" PRIu64 " batches: ",
           store_chunks(s), store_bytes(s), journal.files, journal.frames);
    if (found.places == 0)
        puts("all is well");
    else
        printf("%" PRIu64 " damaged places, %" PRIu64 " records cannot be read\n", found.places,
               found.records);
    return found.places ? CLI_FAILED : CLI_OK;
}

static int open_and_look(const char *command, const char *state_dir, bool look_only)
{
    struct store_opts opts = {.state_dir = state_dir, .look_only = look_only};
    struct errinfo info = {0};
    struct store *s = NULL;
    int rc;

    if (store_open(&s, &opts, &info) < 0) {
        fprintf(stderr, "logmill %s: %s\n", command, info.text);
        return CLI_FAILED;
    }
    rc = look(command, state_dir, s);
    store_close(s);
    return rc;
}

int verify_look(const char *command, const char *state_dir)
{
    return open_and_look(command, state_dir, true);
}

static int run(int argc, char **argv, bool look_only)
{
    struct settings settings;
    int rc = cli_settings(&settings, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    rc = cli_refuse_rest(argc, argv, NULL);
    int lock_fd = rc == CLI_OK ? lock_state(argv[0], settings.state_dir) : -1;
    if (rc == CLI_OK && lock_fd < 0)
        rc = CLI_FAILED;
    if (rc == CLI_OK)
        rc = open_and_look(argv[0], settings.state_dir, look_only);
    if (lock_fd >= 0)
        close(lock_fd);
    settings_fini(&settings);
    return rc;
}

int cli_verify(int argc, char **argv)
{
    return run(argc, argv, true);
}

int cli_repair(int argc, char **argv)
{
    return run(argc, argv, false);
}
