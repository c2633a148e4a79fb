/* SPDX-License-Identifier: MIT
 *
 * settings_test.c - which layer wins, what flags and variables are told, where paths go.
 */
#include "conf/settings.h"
#include "conf/settings_doc.h"
#include "conf/settings_table.h"
#include "conf/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORDS_MAX = 16 };

struct call {
    struct settings s;
    struct errinfo err;
    int argc, rc;
    char *argv[WORDS_MAX + 1];
};

/* Calls settings_load() with these words and variables; both lists are parted by blanks. The words
 * live in static memory because argv has to be writable. */
static struct call load(const char *words, const char *variables)
{
    static char word_text[2048], variable_text[2048];
    static char *env[WORDS_MAX + 1];
    struct call c = {.argc = 1, .argv = {word_text}};
    size_t n = 0;

    snprintf(word_text, sizeof word_text, "logmill %s", words);
    snprintf(variable_text, sizeof variable_text, "%s", variables);
    strtok(word_text, " ");
    for (char *w; c.argc < WORDS_MAX && (w = strtok(NULL, " "));)
        c.argv[c.argc++] = w;
    for (char *v = strtok(variable_text, " "); v && n < WORDS_MAX; v = strtok(NULL, " "))
        env[n++] = v;
    env[n] = NULL;
    c.rc = settings_load(&c.s, &c.argc, c.argv, env, &c.err);
    return c;
}

static struct call load_ok(const char *words, const char *variables)
{
    struct call c = load(words, variables);

    if (c.rc != 0)
        fail_msg("%s", c.err.text);
    return c;
}

static void refuse(const char *words, const char *variables, const char *sentence)
{
    struct call c = load(words, variables);

    assert_true(c.rc < 0);
    if (strncmp(c.err.text, sentence, strlen(sentence)) != 0)
        fail_msg("expected %s\n     got %s", sentence, c.err.text);
    settings_fini(&c.s);
}

/* A configuration file in a directory of its own, gone at the end. */
struct conf_file {
    char directory[32], path[64];
};

static struct conf_file conf_file(const char *text)
{
    struct conf_file f = {.directory = "/tmp/settings_test.XXXXXX"};

    assert_non_null(mkdtemp(f.directory));
    snprintf(f.path, sizeof f.path, "%s/logmill.yaml", f.directory);
    FILE *out = fopen(f.path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
    return f;
}

static void conf_file_remove(const struct conf_file *f)
{
    unlink(f->path);
    rmdir(f->directory);
}

static void every_default_lies_within_its_limits_and_has_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting_info *info = &setting_table[i];
        struct settings s = {0};
        struct errinfo err;
        size_t n = strlen(info->sentence);
        assert_true(n > 20 && info->sentence[n - 1] == '.');
        assert_ptr_equal(setting_find(str_from(info->name)), info);
        assert_true(strlen(info->when) > 0);
        if (info->kind != KIND_PATH &&
            setting_set(&s, info, str_from(info->fallback), (struct setting_origin){0}, &err) != 0)
            fail_msg("%s", err.text);
        settings_fini(&s);
    }
}

static void numbers_fit_their_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting_info *info = &setting_table[i];
        uint64_t max = 0;
        if (info->kind == KIND_DURATION)
            assert_true(duration_parse(str_from(info->max), &max));
        if (info->kind == KIND_COUNT)
            assert_true(str_to_u64(str_from(info->max), &max));
        assert_true(max <= UINT32_MAX);
    }
}

static void without_anything_the_defaults_hold(void **state)
{
    (void)state;
    struct call c = load_ok("", "HOME=/home/u XDG_CONFIG_HOME=/nonexistent");

    assert_string_equal(c.s.listen, "127.0.0.1:8514");
    assert_string_equal(c.s.state_dir, "/home/u/.local/state/logmill");
    assert_string_equal(c.s.log_dir, "/home/u/.local/state/logmill/logs");
    assert_string_equal(c.s.socket, "/home/u/.local/state/logmill/logmill.sock");
    assert_int_equal(c.s.durability, DURABILITY_INTERVAL);
    assert_int_equal(c.s.sync_interval_ms, 1000);
    assert_int_equal(c.s.journal_max, 1 << 30);
    assert_int_equal(c.s.on_exit, EXIT_STOP);
    assert_int_equal(c.s.auth_loopback, LOOPBACK_READ);
    settings_fini(&c.s);
}

static void flags_win_over_variables_over_the_file_over_defaults(void **state)
{
    (void)state;
    struct conf_file f = conf_file("listen: 127.0.0.1:1\nhub_name: file\ndurability: os\n");
    char words[128];

    snprintf(words, sizeof words, "--config %s --listen 127.0.0.1:3", f.path);
    struct call c = load_ok(words, "HOME=/h LOGMILL_LISTEN=127.0.0.1:2 LOGMILL_HUB_NAME=variable");
    assert_string_equal(c.s.listen, "127.0.0.1:3");
    assert_int_equal(c.s.origins[SETTING_listen].from, FROM_FLAG);
    assert_string_equal(c.s.hub_name, "variable");
    assert_int_equal(c.s.origins[SETTING_hub_name].from, FROM_ENVIRONMENT);
    assert_int_equal(c.s.durability, DURABILITY_OS);
    assert_int_equal(c.s.origins[SETTING_durability].from, FROM_FILE);
    assert_int_equal(c.s.origins[SETTING_client_lag].from, FROM_DEFAULT);
    assert_string_equal(c.s.file, f.path);
    settings_fini(&c.s);
    conf_file_remove(&f);
}

static void the_file_is_found_by_flag_variable_and_place(void **state)
{
    (void)state;
    struct conf_file f = conf_file("hub_name: here\n");
    char text[128];

    snprintf(text, sizeof text, "HOME=/h LOGMILL_CONFIG=%s", f.path);
    struct call c = load_ok("", text);
    assert_string_equal(c.s.hub_name, "here");
    settings_fini(&c.s);
    snprintf(text, sizeof text, "--config=%s", f.path);
    c = load_ok(text, "HOME=/h LOGMILL_CONFIG=/nonexistent");
    assert_string_equal(c.s.hub_name, "here");
    settings_fini(&c.s);
    refuse("--config /nonexistent/x.yaml", "HOME=/h",
           "the configuration '/nonexistent/x.yaml' cannot be read: No such file");
    conf_file_remove(&f);
}

static void a_mistake_in_the_file_leaves_its_name_behind(void **state)
{
    (void)state;
    struct conf_file f = conf_file("\nlissten: none\n");
    char words[128];

    snprintf(words, sizeof words, "--config %s", f.path);
    struct call c = load(words, "HOME=/h");
    assert_int_equal(c.rc, -LM_E_INVALID);
    assert_int_equal(c.err.line, 2);
    assert_int_equal(c.err.column, 1);
    assert_string_equal(c.s.file, f.path);
    settings_fini(&c.s);
    conf_file_remove(&f);
}

static void flags_are_taken_out_and_the_rest_stays_in_order(void **state)
{
    (void)state;
    struct call c = load_ok("tail --level warn --socket=/s --hub-name a x --auth-loopback none -- "
                            "--listen none",
                            "HOME=/h");

    static const char *const left[] = {"tail", "--level", "warn", "x", "--", "--listen", "none"};
    assert_int_equal(c.argc, 8);
    for (int i = 1; i < c.argc; i++)
        assert_string_equal(c.argv[i], left[i - 1]);
    assert_null(c.argv[c.argc]);
    assert_string_equal(c.s.socket, "/s");
    assert_int_equal(c.s.auth_loopback, LOOPBACK_NONE);
    assert_string_equal(c.s.listen, "127.0.0.1:8514");
    settings_fini(&c.s);
}

static void mistakes_are_named_as_they_were_written(void **state)
{
    (void)state;
    refuse("--sync-interval 5", "HOME=/h", "'--sync-interval' is a duration such as");
    refuse("--listen", "HOME=/h", "'--listen' needs a value");
    refuse("--listen=", "HOME=/h", "'--listen' is an address with its port");
    refuse("", "HOME=/h LOGMILL_AUTH_LOOPBACK=raed",
           "'LOGMILL_AUTH_LOOPBACK' is one of none, read, admin, not 'raed': did you mean 'read'?");
    refuse("--journal-max 1GiBB", "HOME=/h", "'--journal-max' is a size such as");
}

static void paths_follow_the_home_and_the_present_directory(void **state)
{
    (void)state;
    char cwd[1024], expected[1100];

    assert_non_null(getcwd(cwd, sizeof cwd));
    snprintf(expected, sizeof expected, "%s/state", cwd);
    struct call c = load_ok("--state-dir state --log-dir ~/logs --socket ~/s", "HOME=/home/u");
    assert_string_equal(c.s.state_dir, expected);
    assert_string_equal(c.s.log_dir, "/home/u/logs");
    assert_string_equal(c.s.socket, "/home/u/s");
    settings_fini(&c.s);

    c = load_ok("", "HOME=/h XDG_STATE_HOME=/x/state XDG_RUNTIME_DIR=/tmp");
    assert_string_equal(c.s.state_dir, "/x/state/logmill");
    assert_string_equal(c.s.socket, "/tmp/logmill.sock");
    settings_fini(&c.s);
    refuse("--state-dir ~/x", "A=b", "'~/x' cannot be found because HOME is not set");
}

static void a_socket_path_that_the_kernel_would_refuse_is_refused_here(void **state)
{
    (void)state;
    char words[256];

    snprintf(words, sizeof words, "--socket /%0107d", 0);
    refuse(words, "HOME=/h", "'socket' is longer than 107 bytes");
}

static void stray_variables_are_found_with_the_nearest_known_one(void **state)
{
    (void)state;
    char text[][64] = {"LOGMILL_LISTEN=x", "LOGMILL_LISTN=x", "HOME=/h", "LOGMILL_RUN=1",
                       "LOGMILL_XYZZYPLUGH=1"};
    char *env[] = {text[0], text[1], text[2], text[3], text[4], NULL};
    struct stray_variable stray;
    size_t at = 0;

    assert_true(settings_next_stray(env, &at, &stray));
    assert_string_equal(stray.name, "LOGMILL_LISTN");
    assert_string_equal(stray.nearest, "LOGMILL_LISTEN");
    assert_true(settings_next_stray(env, &at, &stray));
    assert_string_equal(stray.name, "LOGMILL_XYZZYPLUGH");
    assert_string_equal(stray.nearest, "");
    assert_false(settings_next_stray(env, &at, &stray));
}

static void what_holds_is_printed_with_where_it_comes_from(void **state)
{
    (void)state;
    struct conf_file f =
        conf_file("journal_max: 2GiB\nprocesses:\n  a:\n    command: [sh, -c, 'x y']\n"
                  "    labels: {b: c}\n");
    char text[256];

    snprintf(text, sizeof text, "--config %s --hub-name mill", f.path);
    struct call c = load_ok(text, "HOME=/h LOGMILL_STOP_TIMEOUT=3s");
    struct buf b = {0};
    settings_write_effective(&c.s, &b);
    buf_add_char(&b, '\0');
    snprintf(text, sizeof text, "# %s:1\n", f.path);
    assert_non_null(strstr(b.p, text));
    assert_non_null(strstr(b.p, "# LOGMILL_STOP_TIMEOUT\n"));
    assert_non_null(strstr(b.p, "# --hub-name\n"));
    assert_non_null(strstr(b.p, "# default\n"));
    assert_non_null(strstr(b.p, "process a: sh -c 'x y'  (b=c)\n"));
    buf_fini(&b);
    settings_fini(&c.s);
    conf_file_remove(&f);
}

static void names_and_labels_have_one_rule(void **state)
{
    (void)state;
    assert_true(conf_name_ok(STR("game_control-2.b")));
    assert_false(conf_name_ok(STR("")));
    assert_false(conf_name_ok(STR("..")));
    assert_false(conf_name_ok(STR("a/b")));
    assert_false(
        conf_name_ok(STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
    assert_true(conf_label_ok(STR("job_run_id")));
    assert_true(conf_label_ok(STR("_a.b9")));
    assert_false(conf_label_ok(STR("9a")));
    assert_false(conf_label_ok(STR("Job")));
    assert_false(conf_label_ok(STR("message")));
    assert_false(conf_label_ok(STR("unterminated")));
}

static void finishing_twice_is_harmless(void **state)
{
    (void)state;
    struct call c = load_ok("", "HOME=/h");

    settings_fini(&c.s);
    settings_fini(&c.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_lies_within_its_limits_and_has_a_sentence),
        cmocka_unit_test(numbers_fit_their_fields),
        cmocka_unit_test(without_anything_the_defaults_hold),
        cmocka_unit_test(flags_win_over_variables_over_the_file_over_defaults),
        cmocka_unit_test(the_file_is_found_by_flag_variable_and_place),
        cmocka_unit_test(a_mistake_in_the_file_leaves_its_name_behind),
        cmocka_unit_test(flags_are_taken_out_and_the_rest_stays_in_order),
        cmocka_unit_test(mistakes_are_named_as_they_were_written),
        cmocka_unit_test(paths_follow_the_home_and_the_present_directory),
        cmocka_unit_test(a_socket_path_that_the_kernel_would_refuse_is_refused_here),
        cmocka_unit_test(stray_variables_are_found_with_the_nearest_known_one),
        cmocka_unit_test(what_holds_is_printed_with_where_it_comes_from),
        cmocka_unit_test(names_and_labels_have_one_rule),
        cmocka_unit_test(finishing_twice_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
