/* SPDX-License-Identifier: MIT
 *
 * ring_logger.c - a program that logs through the ring and then ends as it is told.
 *
 *   ring_logger SOCKET TAG COUNT exit|kill|hold|fork|threads [RING_BYTES]
 *
 * Says "written W dropped D" before it ends; `hold` then waits for the end of its standard input.
 */
#include <logmill/log.h>

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct job {
    struct lm_log *log;
    const struct lm_scope *scope;
    const char *tag;
    int count;
};

static void *work(void *ctx)
{
    const struct job *j = ctx;

    for (int i = 0; i < j->count; i++)
        (void)lm_logf(j->log, j->scope, LM_INFO, "%s %d", j->tag, i);
    return NULL;
}

static void say(struct lm_log *log)
{
    struct lm_log_stats stats;

    lm_log_get_stats(log, &stats);
    printf("written %" PRIu64 " dropped %" PRIu64 "\n", stats.written, stats.dropped);
    fflush(stdout);
}

static void fork_and_work(struct job *j)
{
    work(j);
    pid_t child = fork();
    if (child == 0) {
        j->tag = "child";
        work(j);
        kill(getpid(), SIGKILL);
    }
    work(&(struct job){j->log, j->scope, "parent", j->count});
    waitpid(child, NULL, 0);
}

static void work_in_threads(struct job *j)
{
    static const char *const tags[] = {"t0", "t1", "t2", "t3"};
    pthread_t threads[4];
    struct job jobs[4];

    for (int i = 0; i < 4; i++) {
        jobs[i] = (struct job){j->log, j->scope, tags[i], j->count};
        if (pthread_create(&threads[i], NULL, work, &jobs[i]) != 0)
            exit(3);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    struct job j;
    char c;

    if (argc < 5)
        return 2;
    struct lm_log_opts opts = {
        .socket = argv[1], .source = "ring", .ring_bytes = argc > 5 ? (uint32_t)atoi(argv[5]) : 0};
    if (lm_log_open(&j.log, &opts) < 0)
        return 3;
    j.scope = lm_log_scope(j.log, &(struct lm_labels){.session_id = argv[2]});
    j.tag = argv[2];
    j.count = atoi(argv[3]);
    if (argv[4][0] == 'f')
        fork_and_work(&j);
    else if (argv[4][0] == 't')
        work_in_threads(&j);
    else
        work(&j);
    say(j.log);
    if (argv[4][0] == 'k')
        kill(getpid(), SIGKILL);
    if (argv[4][0] == 'h')
        while (read(0, &c, 1) > 0)
            work(&j);
    lm_log_close(j.log);
    return 0;
}
