/*
 * All that an entry is, besides content and mode, through an import: locks
 * that come off for a change and on again, attributes in an order in which
 * none takes back another, names of one file.
 */

#include "oneworld.h"

static void
apply(void)
{
	build_again();
	if (world_stage(&w) != VL_OK)
		fail_msg("%s", w.err.text);
	if (world_redo(&w) != VL_OK)
		fail_msg("%s (%s)", w.err.text, w.said);
	assert_true(model_stands(&w.now, w.root));
	assert_true(w.proved > 0);
	/* And again: a run may be killed before it says so. */
	if (world_redo(&w) != VL_OK)
		fail_msg("again: %s (%s)", w.err.text, w.said);
	assert_true(model_stands(&w.now, w.root));
}

static void
locked_file_gets_other_content(void **state)
{
	static const uint32_t locks[] = { VL_FLAG_IMMUTABLE, VL_FLAG_APPEND };
	size_t i;

	(void)state;
	skip_unless_root();
	for (i = 0; i < 2; i++) {
		start();
		model_text(&w.old, "f", VL_ENTRY_FILE, "old")->flags = locks[i];
		model_text(&w.old, "g", VL_ENTRY_FILE, "same")->flags =
		    locks[i];
		model_text(&w.now, "f", VL_ENTRY_FILE, "longer")->flags =
		    locks[i];
		model_text(&w.now, "g", VL_ENTRY_FILE, "same")->flags =
		    locks[i] | VL_FLAG_NODUMP;
		model_find(&w.now, "g")->mode = 0600;
		apply();
	}
}

static void
file_becomes_locked_and_no_longer(void **state)
{
	(void)state;
	skip_unless_root();
	start();
	(void)model_text(&w.old, "on", VL_ENTRY_FILE, "x");
	(void)model_text(&w.now, "on", VL_ENTRY_FILE, "x");
	model_find(&w.now, "on")->flags = VL_FLAG_IMMUTABLE;
	(void)model_text(&w.old, "off", VL_ENTRY_FILE, "x");
	(void)model_text(&w.now, "off", VL_ENTRY_FILE, "x");
	model_find(&w.old, "off")->flags = VL_FLAG_IMMUTABLE;
	(void)model_text(&w.now, "new", VL_ENTRY_FILE, "x");
	model_find(&w.now, "new")->flags = VL_FLAG_APPEND;
	apply();
}

static void
locked_things_go(void **state)
{
	(void)state;
	skip_unless_root();
	start();
	(void)model_text(&w.old, "append", VL_ENTRY_FILE, "x");
	model_find(&w.old, "append")->flags = VL_FLAG_APPEND;
	(void)model_add(&w.old, "dir", VL_ENTRY_DIR);
	model_find(&w.old, "dir")->flags = VL_FLAG_IMMUTABLE;
	(void)model_text(&w.old, "dir/in", VL_ENTRY_FILE, "x");
	model_find(&w.old, "dir/in")->flags = VL_FLAG_IMMUTABLE;
	/* They change their types. */
	(void)model_text(&w.old, "file", VL_ENTRY_FILE, "x");
	model_find(&w.old, "file")->flags = VL_FLAG_IMMUTABLE;
	(void)model_add(&w.now, "file", VL_ENTRY_DIR);
	(void)model_add(&w.old, "tree", VL_ENTRY_DIR);
	model_find(&w.old, "tree")->flags = VL_FLAG_APPEND;
	(void)model_text(&w.now, "tree", VL_ENTRY_FILE, "x");
	apply();
}

static void
entries_of_a_locked_directory_change(void **state)
{
	static const char *const dirs[] = { "", "d" };
	static const char *const below[] = { "", "d/" };
	char path[PATH];
	size_t i;

	(void)state;
	skip_unless_root();
	start();
	(void)model_add(&w.old, "d", VL_ENTRY_DIR);
	(void)model_add(&w.now, "d", VL_ENTRY_DIR);
	for (i = 0; i < 2; i++) {
		model_find(&w.old, dirs[i])->flags = VL_FLAG_IMMUTABLE;
		model_find(&w.now, dirs[i])->flags = VL_FLAG_IMMUTABLE;
		(void)snprintf(path, sizeof(path), "%sadd", below[i]);
		(void)model_text(&w.now, path, VL_ENTRY_FILE, "new");
		(void)snprintf(path, sizeof(path), "%sgone", below[i]);
		(void)model_text(&w.old, path, VL_ENTRY_FILE, "old");
		(void)snprintf(path, sizeof(path), "%sx", below[i]);
		(void)model_text(&w.old, path, VL_ENTRY_FILE, "old");
		(void)model_text(&w.now, path, VL_ENTRY_FILE, "new");
	}
	apply();
}

static void
new_directories_are_locked_once_they_stand(void **state)
{
	static const char *const paths[] = { "d", "d/s", "d/s/t" };
	char path[PATH];
	size_t i;

	(void)state;
	skip_unless_root();
	start();
	for (i = 0; i < 3; i++) {
		model_add(&w.now, paths[i], VL_ENTRY_DIR)->flags =
		    VL_FLAG_IMMUTABLE | VL_FLAG_NOATIME;
		(void)snprintf(path, sizeof(path), "%s/f", paths[i]);
		model_text(&w.now, path, VL_ENTRY_FILE, "x")->flags =
		    VL_FLAG_APPEND;
	}
	apply();
}

/* Flags of a directory pass to what is made in it, also to a staging. */
static void
no_flag_is_inherited(void **state)
{
	int fd = -1;

	(void)state;
	skip_unless_root();
	start();
	(void)model_text(&w.now, "f", VL_ENTRY_FILE, "x");
	(void)model_add(&w.now, "d", VL_ENTRY_DIR);
	(void)model_text(&w.now, "d/f", VL_ENTRY_FILE, "x");
	model_add(&w.now, "n", VL_ENTRY_DIR)->flags = VL_FLAG_NOATIME;
	(void)model_text(&w.now, "n/f", VL_ENTRY_FILE, "x");
	build_again();
	fd = open(w.path, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0 && vl_flags_set(fd, VL_FLAG_NOATIME));
	(void)close(fd);
	assert_int_equal(VL_OK, world_stage(&w));
	assert_int_equal(VL_OK, world_redo(&w));
	assert_true(model_stands(&w.now, w.root));
}

/* The kernel takes both off a file that gets another owner. */
static void
setuid_and_capabilities_survive_a_new_owner(void **state)
{
	/* cap_net_raw+ep, as setcap(8) writes it */
	static const uint8_t cap[20] = { 1, 0, 0, 2, 0, 0x20 };
	const struct vl_slice value = { cap, sizeof(cap) };
	struct node *n = NULL;
	size_t i;

	(void)state;
	if (geteuid() != 0)
		skip();
	start();
	for (i = 0; i < 2; i++) {
		n = model_text(
		    i == 0 ? &w.old : &w.now, "f", VL_ENTRY_FILE, "x");
		node_attr(n, "security.capability", value);
		n->mode = 06755;
		n->uid = i == 0 ? 0 : 1000;
	}
	n = model_text(&w.now, "new", VL_ENTRY_FILE, "x");
	node_attr(n, "security.capability", value);
	n->mode = 04711;
	n->gid = 1000;
	apply();
}

static void
mode_and_acl_end_right(void **state)
{
	static const uint32_t modes[] = { 0640, 0444, 0777, 0500 };
	struct node *n = NULL;
	char path[PATH];
	size_t i;

	(void)state;
	start();
	/* With an ACL before, after, both, none, and with other masks. */
	for (i = 0; i < 32; i++) {
		(void)snprintf(path, sizeof(path), "f%02zu", i);
		n = model_add(
		    &w.old, path, i % 2 == 0 ? VL_ENTRY_FILE : VL_ENTRY_DIR);
		n->mode = modes[i % 4];
		if (i < 16)
			node_acl(n, "system.posix_acl_access", 4000);
		n = model_add(&w.now, path, n->type);
		n->mode = modes[(i / 4) % 4];
		if (i % 3 != 0)
			node_acl(n, "system.posix_acl_access",
			    4000 + (uint32_t)i % 2);
		if (n->type == VL_ENTRY_DIR && i % 5 == 0)
			node_acl(n, "system.posix_acl_default", 4001);
		node_attr(n, "user.x", vl_slice_of("value"));
	}
	apply();
}

/* A directory that stays writable for the while has an ACL that says no. */
static void
new_directory_has_an_acl_without_write(void **state)
{
	struct node *n = NULL;

	(void)state;
	start();
	n = model_add(&w.now, "d", VL_ENTRY_DIR);
	n->mode = 0555;
	node_acl(n, "system.posix_acl_access", 4000);
	node_acl(n, "system.posix_acl_default", 4000);
	(void)model_text(&w.now, "d/f", VL_ENTRY_FILE, "x");
	apply();
}

static void
attributes_alone_leave_the_inode(void **state)
{
	struct stat before;
	struct stat after;
	char full[PATH];

	(void)state;
	start();
	(void)model_text(&w.old, "f", VL_ENTRY_FILE, "text");
	(void)model_text(&w.now, "f", VL_ENTRY_FILE, "text");
	node_attr(&w.old.nodes[1], "user.gone", vl_slice_of("1"));
	node_attr(&w.old.nodes[1], "user.other", vl_slice_of("1"));
	node_attr(&w.now.nodes[1], "user.new", vl_slice_of(""));
	node_attr(&w.now.nodes[1], "user.other", vl_slice_of("2"));
	build_again();
	(void)snprintf(full, sizeof(full), "%s/f", w.root);
	assert_int_equal(0, stat(full, &before));
	assert_int_equal(VL_OK, world_stage(&w));
	assert_int_equal(0, w.counts.staged_bytes);
	assert_int_equal(VL_OK, world_redo(&w));
	assert_int_equal(0, stat(full, &after));
	assert_int_equal(before.st_ino, after.st_ino);
	assert_true(model_stands(&w.now, w.root));
}

static void
specials_come_change_and_go(void **state)
{
	struct node *n = NULL;

	(void)state;
	if (geteuid() != 0)
		skip();
	start();
	(void)model_add(&w.old, "gone", VL_ENTRY_FIFO);
	(void)model_add(&w.now, "new", VL_ENTRY_FIFO);
	(void)model_add(&w.old, "mode", VL_ENTRY_FIFO);
	model_add(&w.now, "mode", VL_ENTRY_FIFO)->mode = 0600;
	n = model_add(&w.old, "device", VL_ENTRY_CHAR);
	n->major = 1;
	n->minor = 3;
	*model_add(&w.now, "device", VL_ENTRY_CHAR) = *n;
	w.now.nodes[w.now.n - 1].minor = 5;
	*model_add(&w.old, "owner", VL_ENTRY_CHAR) = *n;
	(void)snprintf(n[1].path, PATH, "owner");
	*model_add(&w.now, "owner", VL_ENTRY_CHAR) = n[1];
	w.now.nodes[w.now.n - 1].uid = 1000;
	(void)model_text(&w.old, "kind", VL_ENTRY_FILE, "x");
	(void)model_add(&w.now, "kind", VL_ENTRY_FIFO);
	apply();
	/* And where nothing can be linked aside. */
	fault_no_links = true;
	apply();
	fault_no_links = false;
}

static void
names_of_one_file_come_and_part(void **state)
{
	(void)state;
	start();
	(void)model_text(&w.old, "a", VL_ENTRY_FILE, "x");
	(void)model_hard(&w.old, "parts", "a");
	(void)model_text(&w.now, "a", VL_ENTRY_FILE, "x");
	(void)model_text(&w.now, "parts", VL_ENTRY_FILE, "x");
	/* More names of what stays, of what is replaced, of what is new. */
	(void)model_hard(&w.now, "b", "a");
	(void)model_text(&w.old, "c", VL_ENTRY_FILE, "x");
	(void)model_text(&w.old, "d", VL_ENTRY_FILE, "x");
	(void)model_text(&w.now, "c", VL_ENTRY_FILE, "longer");
	(void)model_hard(&w.now, "d", "c");
	(void)model_add(&w.now, "n", VL_ENTRY_DIR);
	(void)model_text(&w.now, "n/e", VL_ENTRY_LINK, "x");
	(void)model_hard(&w.now, "n/f", "n/e");
	(void)model_hard(&w.now, "o", "n/e");
	apply();
}

/* Somebody has made the name in the meantime. */
static void
name_that_is_there_already(void **state)
{
	char from[PATH];
	char to[PATH];
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		start();
		(void)model_text(&w.old, "a", VL_ENTRY_FILE, "x");
		(void)model_text(&w.now, "a", VL_ENTRY_FILE, "x");
		if (i == 1)
			(void)model_text(&w.old, "b", VL_ENTRY_FILE, "y");
		(void)model_hard(&w.now, "b", "a");
		build_again();
		assert_int_equal(VL_OK, world_stage(&w));
		(void)snprintf(from, sizeof(from), "%s/a", w.root);
		(void)snprintf(to, sizeof(to), "%s/b", w.root);
		assert_int_equal(i == 1 ? 0 : -1, unlink(to));
		assert_int_equal(0, link(from, to));
		assert_int_equal(VL_OK, world_redo(&w));
		assert_true(model_stands(&w.now, w.root));
	}
}

/* Behind the look of the import somebody parts them. */
static void
names_that_were_parted_are_diverged(void **state)
{
	char full[PATH];

	(void)state;
	start();
	(void)model_text(&w.old, "a", VL_ENTRY_FILE, "x");
	(void)model_text(&w.now, "a", VL_ENTRY_FILE, "x");
	(void)model_hard(&w.now, "b", "a");
	build_again();
	assert_int_equal(VL_OK, world_stage(&w));
	(void)snprintf(full, sizeof(full), "%s/a", w.root);
	assert_int_equal(0, unlink(full));
	assert_int_equal(VL_EPENDING, world_redo(&w));
	assert_int_equal(1, w.diverged);
	assert_int_equal(0, w.proved);
	assert_string_equal(
	    "/b: it is no longer another name of the same file", w.said);
	w.choices[0] = (struct vl_choice_line){ full, VL_CHOICE_KEEP_THEIRS };
	w.journal.nchoices = 1;
	assert_int_equal(VL_OK, world_redo(&w));
}

/* After the decision: the others go on, locks come back, and an operator may
 * leave it so. */
static void
what_the_system_refuses_is_blocked_alone(void **state)
{
	static const uint8_t value[100];
	const struct vl_slice bytes = { value, sizeof(value) };
	static struct model without;
	char paths[2][PATH];
	size_t i;

	(void)state;
	skip_unless_root();
	for (i = 0; i < 2; i++) {
		start();
		(void)model_text(&w.old, "a", VL_ENTRY_FILE, "x");
		model_add(&w.old, "d", VL_ENTRY_DIR)->flags = VL_FLAG_IMMUTABLE;
		w.now = w.old;
		(void)model_text(&w.now, "e", VL_ENTRY_FILE, "new");
		w.now.nodes[0].mode = 0711;
		without = w.now;
		node_attr(&w.now.nodes[1], "user.x", bytes);
		node_attr(&w.now.nodes[2], "user.x", bytes);
		build_again();
		assert_int_equal(VL_OK, world_stage(&w));
		fault_room = 50;
		assert_int_equal(VL_EPENDING, world_redo(&w));
		assert_int_equal(2, w.blocked);
		assert_int_equal(0, w.diverged);
		assert_string_equal("/d: cannot set attribute 'user.x': No "
		                    "space left on device",
		    w.said);
		assert_true(model_stands(&without, w.root));
		(void)snprintf(paths[0], PATH, "%s/a", w.root);
		(void)snprintf(paths[1], PATH, "%s/d", w.root);
		if (i == 0)
			fault_room = 0;
		for (; w.journal.nchoices < 2 * i; w.journal.nchoices++)
			w.choices[w.journal.nchoices] =
			    (struct vl_choice_line){ paths[w.journal.nchoices],
				    VL_CHOICE_KEEP_THEIRS };
		assert_int_equal(VL_OK, world_redo(&w));
		fault_room = 0;
		assert_true(model_stands(i == 0 ? &w.now : &without, w.root));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(locked_file_gets_other_content),
		CASE(file_becomes_locked_and_no_longer),
		CASE(locked_things_go),
		CASE(entries_of_a_locked_directory_change),
		CASE(new_directories_are_locked_once_they_stand),
		CASE(no_flag_is_inherited),
		CASE(setuid_and_capabilities_survive_a_new_owner),
		CASE(mode_and_acl_end_right),
		CASE(new_directory_has_an_acl_without_write),
		CASE(attributes_alone_leave_the_inode),
		CASE(specials_come_change_and_go),
		CASE(names_of_one_file_come_and_part),
		CASE(name_that_is_there_already),
		CASE(names_that_were_parted_are_diverged),
		CASE(what_the_system_refuses_is_blocked_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
