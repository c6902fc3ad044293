/* Families of master keys: each member is found where its entry says, whatever
 * its name is, and a name leads to no other key. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <valise/family.h>
#include <valise/profile.h>

static char dir[] = "/tmp/family.XXXXXX";

static int
make_dir(void **state)
{
	(void)state;
	return vl_secret_init() && mkdtemp(dir) != NULL ? 0 : -1;
}

static int
remove_dir(void **state)
{
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/keys.json", dir);
	(void)unlink(path);
	return rmdir(dir);
}

static void
write_keys(const char *text)
{
	char path[64];
	FILE *f = NULL;

	(void)snprintf(path, sizeof(path), "%s/keys.json", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(0, fclose(f));
}

static struct vl_site *
site(const char *entry)
{
	struct vl_site *s = NULL;
	struct vl_err err = { 0 };
	char text[2000];

	(void)snprintf(text, sizeof(text),
	    "site: t\nresources: [{name: f, kind: files, path: /f}, {name: db, "
	    "kind: sqlite, path: /d}]\n"
	    "master_keys: [%s]\n",
	    entry);
	if (vl_site_parse(&s, "/s/site.yaml", vl_slice_of(text), &err) != VL_OK)
		fail_msg("%s", err.text);
	return s;
}

/* The member that `tenant` is, of the one entry. */
static enum vl_status
member(struct vl_family_member *m, const struct vl_site *s, const char *tenant,
    struct vl_err *err)
{
	const struct vl_captured one = { vl_slice_of("tenant"),
		vl_slice_of(tenant) };
	const struct vl_captured_list with = { &one, 1 };

	return vl_family_member(m, s->masters, &with, err);
}

static void
has_key(const char *entry, const char *tenant, const char *key)
{
	struct vl_site *s = site(entry);
	struct vl_family_member m = { 0 };
	struct vl_master_found found = { 0 };
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = member(&m, s, tenant, &err);

	if (st == VL_OK)
		st = vl_site_master_read(&out, &found, s, &m.words, &err);
	if (st != VL_OK)
		fail_msg("%s: %s", tenant, err.text);
	assert_int_equal(strlen(key), out.n);
	assert_memory_equal(key, out.p, out.n);
	vl_locked_free(&out);
	vl_family_free(&m);
	vl_site_free(s);
}

#define NAMES "name: \"t-{tenant}\", file: "

static void
a_name_is_a_text_in_a_path_whatever_it_holds(void **state)
{
	static const char *const names[] = { "acme", "a.b", "a'b", "a\"b",
		"a\\b", "a]['b", "*", "gr\xc3\xbc\xc3\x9f", "a b", "0", "~",
		"{tenant}" };
	static const char *const spelled[] = { "acme", "a.b", "a'b", "a\\\"b",
		"a\\\\b", "a]['b", "*", "gr\\u00fc\\u00df", "a b", "0", "~",
		"{tenant}" };
	char text[2000] = "{\"tenants\": {";
	char entry[3][200];
	char key[20];
	size_t n = strlen(text);
	size_t i = 0;
	size_t k = 0;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "\"%s\": {\"key\": \"key %zu\"}, \"x-%s!\": \"other "
		    "%zu\", ",
		    spelled[i], i, spelled[i], i);
	(void)snprintf(text + n, sizeof(text) - n, "\"\": 1}, \"a\": {}}");
	write_keys(text);
	(void)snprintf(entry[0], sizeof(entry[0]),
	    "{" NAMES "%s/keys.json, json: \"$.tenants.{tenant}.key\"}", dir);
	(void)snprintf(entry[1], sizeof(entry[1]),
	    "{" NAMES "%s/keys.json, json: \"$.tenants['{tenant}'].key\"}",
	    dir);
	(void)snprintf(entry[2], sizeof(entry[2]),
	    "{" NAMES "%s/keys.json, json: '$.tenants[\"x-{tenant}!\"]'}", dir);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (k = 0; k < 3; k++) {
			(void)snprintf(key, sizeof(key), "%s %zu",
			    k == 2 ? "other" : "key", i);
			has_key(entry[k], names[i], key);
		}
}

static void
refused(const char *entry, const char *tenant, const char *message)
{
	struct vl_site *s = site(entry);
	struct vl_family_member m = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(VL_EUSAGE, member(&m, s, tenant, &err));
	assert_string_equal(message, err.text);
	assert_null(m.words.name);
	vl_site_free(s);
}

static void
a_name_leads_to_no_other_file(void **state)
{
	static const char entry[] = "{" NAMES "\"/keys/{tenant}/k\"}";
	struct vl_site *s = site(entry);
	struct vl_family_member m = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK, member(&m, s, "a..b", &err));
	assert_string_equal("/keys/a..b/k", m.words.file);
	assert_string_equal("t-a..b", m.words.name);
	vl_family_free(&m);
	vl_site_free(s);
	refused(entry, "..",
	    "master key 't-..': the path of its file would not be one below "
	    "'/keys/'");
	refused(entry, ".",
	    "master key 't-.': the path of its file would not be one below "
	    "'/keys/'");
	refused(entry, "",
	    "master key 't-{tenant}': what stands for a part in braces is no "
	    "name");
	refused(entry, "a/b",
	    "master key 't-{tenant}': what stands for a part in braces is no "
	    "name");
	refused("{name: \"{other}\", file: /k}", "a",
	    "master key '{other}': nothing stands for '{other}'");
}

static void
a_message_names_the_member(void **state)
{
	char entry[200];
	char want[200];
	struct vl_site *s = NULL;
	struct vl_family_member m = { 0 };
	struct vl_master_found found = { 0 };
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	write_keys("{\"tenants\": {\"acme\": {}}}");
	(void)snprintf(entry, sizeof(entry),
	    "{" NAMES "%s/keys.json, json: \"$.tenants.{tenant}.key\"}", dir);
	s = site(entry);
	assert_int_equal(VL_OK, member(&m, s, "a\x1b[1m", &err));
	assert_int_equal(
	    VL_EUSAGE, vl_site_master_read(&out, &found, s, &m.words, &err));
	(void)snprintf(want, sizeof(want),
	    "/s/site.yaml:3:15: master key 't-a\\x1b[1m': %s/keys.json: the "
	    "key is not in it",
	    dir);
	assert_string_equal(want, err.text);
	vl_family_free(&m);
	vl_site_free(s);
}

static void
wrong(const char *entry, const char *message)
{
	struct vl_site *s = NULL;
	struct vl_err err = { 0 };
	char text[2000];

	(void)snprintf(text, sizeof(text),
	    "site: t\nresources: [{name: db, kind: sqlite, path: /d}]\n"
	    "master_keys: [%s]\n",
	    entry);
	assert_int_equal(VL_EUSAGE,
	    vl_site_parse(&s, "/s/site.yaml", vl_slice_of(text), &err));
	assert_string_equal(message, err.text);
}

static void
an_entry_that_is_no_family_is_told(void **state)
{
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };

	(void)state;
	wrong("{name: \"t-{tenant\", file: /k}",
	    "/s/site.yaml:3:22: 't-{tenant' cannot be a 'name'; use 1 to 64 "
	    "letters, digits and dashes, or parts in braces such as {tenant}");
	wrong("{" NAMES "\"/k/{other}\"}",
	    "/s/site.yaml:3:15: a part in braces is none of those of 'name'");
	wrong("{" NAMES "/k, json: \"$..{tenant}\"}",
	    "/s/site.yaml:3:15: in a path a part in braces stands in the name "
	    "of a member");
	wrong("{" NAMES "/k, yaml: \"$[{tenant}]\"}",
	    "/s/site.yaml:3:15: in a path a part in braces stands in the name "
	    "of a member");
	wrong("{" NAMES "/k, line: \"K_{tenant}\"}",
	    "/s/site.yaml:3:15: 'line' and 'define' have no parts in braces");
	wrong("{name: \"t-{tenant}\", command: [/k]}",
	    "/s/site.yaml:3:15: keys of a family stand in a 'file'");
	wrong("{" NAMES "/k, check: {resource: db, column: a.b}}",
	    "/s/site.yaml:3:15: 'check' is about one key, and this is a "
	    "family");
	assert_int_equal(VL_EUSAGE,
	    vl_profile_parse(&p, "p",
	        vl_slice_of("resources: [{resource: db, secrets: [{column: a.b,"
	                    " master_key: \"t-{tenant}\", cipher: n8n}]}]\n"),
	        &err));
	assert_string_equal(
	    "p:1:38: a 'master_key' with a part in braces is filled from the "
	    "path of a file, and this is a column",
	    err.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_a_text_in_a_path_whatever_it_holds),
		cmocka_unit_test(a_name_leads_to_no_other_file),
		cmocka_unit_test(a_message_names_the_member),
		cmocka_unit_test(an_entry_that_is_no_family_is_told),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
