/* Extended attributes and flags, of real files. */

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "trees.h"

/* How often the system was asked, and what happens between two questions. */
static struct {
	int lists;
	int reads;
	const char *vanishes; /* goes before it is read */
	int left;             /* so often; it comes back when listed */
} spy;

ssize_t __real_flistxattr(int fd, char *list, size_t n);
ssize_t __wrap_flistxattr(int fd, char *list, size_t n);
ssize_t __real_fgetxattr(int fd, const char *name, void *value, size_t n);
ssize_t __wrap_fgetxattr(int fd, const char *name, void *value, size_t n);

ssize_t
__wrap_flistxattr(int fd, char *list, size_t n)
{
	spy.lists++;
	if (spy.vanishes != NULL && spy.left > 0)
		(void)fsetxattr(fd, spy.vanishes, "x", 1, 0);
	return __real_flistxattr(fd, list, n);
}

ssize_t
__wrap_fgetxattr(int fd, const char *name, void *value, size_t n)
{
	spy.reads++;
	if (spy.vanishes != NULL && spy.left > 0 &&
	    strcmp(name, spy.vanishes) == 0) {
		spy.left--;
		(void)fremovexattr(fd, name);
	}
	return __real_fgetxattr(fd, name, value, n);
}

struct file {
	struct trees t;
	struct vl_attrs a;
	int fd;
};

/* A file "f"; false (and a message) where it can have no attributes. */
static bool
file_open(struct file *f)
{
	memset(f, 0, sizeof(*f));
	memset(&spy, 0, sizeof(spy));
	trees_open(&f->t);
	make_file(f->t.rootfd, "f", "");
	f->fd = openat(f->t.rootfd, "f", O_RDONLY | O_CLOEXEC);
	assert_true(f->fd >= 0);
	if (fsetxattr(f->fd, "user.try", "", 0, 0) == 0) {
		assert_int_equal(0, fremovexattr(f->fd, "user.try"));
		return true;
	}
	print_message("skipped: no extended attributes here\n");
	return false;
}

static void
file_close(struct file *f)
{
	vl_attrs_free(&f->a);
	(void)close(f->fd);
	trees_close(&f->t);
}

static void
give(struct file *f, const char *name, const char *value)
{
	assert_int_equal(0, fsetxattr(f->fd, name, value, strlen(value), 0));
}

/* "name=value " of all that was read. */
static void
expect(const struct vl_attrs *a, const char *want)
{
	struct vl_slice rest = vl_buf_slice(&a->bytes);
	struct vl_buf text = { 0 };
	struct vl_xattr x = { 0 };
	struct vl_err err = { 0 };

	assert_true(vl_attrs_valid(rest));
	while (vl_attrs_next(&rest, &x))
		assert_int_equal(VL_OK,
		    vl_buf_printf(&text, &err, "%.*s=%.*s ", (int)x.name.n,
		        (const char *)x.name.p, (int)x.value.n,
		        (const char *)x.value.p));
	assert_int_equal(0, rest.n);
	assert_int_equal(strlen(want), text.n);
	if (text.n > 0)
		assert_memory_equal(want, text.p, text.n);
	vl_buf_free(&text);
}

static void
asks_once_where_there_is_nothing(void **state)
{
	struct file f;

	(void)state;
	if (file_open(&f)) {
		spy.lists = 0;
		assert_true(vl_attrs_read(&f.a, f.fd, "", VL_ATTRS_PLAIN));
		assert_int_equal(0, f.a.bytes.n);
		assert_int_equal(1, spy.lists);
		assert_int_equal(0, spy.reads);
	}
	file_close(&f);
}

static void
reads_what_is_asked_for_and_counts_the_others(void **state)
{
	struct file f;
	bool root = geteuid() == 0;

	(void)state;
	if (file_open(&f)) {
		give(&f, "user.b", "2");
		give(&f, "user.a", "1");
		if (root) {
			give(&f, "trusted.t", "3");
			give(&f, "security.valise", "4");
			give(&f, "security.selinux", "5");
		} else {
			print_message("not root: without trusted\n");
		}
		assert_true(vl_attrs_read(&f.a, f.fd, "", VL_ATTRS_PLAIN));
		expect(&f.a, "user.a=1 user.b=2 ");
		assert_int_equal(root ? 2 : 0, f.a.others);
		assert_true(vl_attrs_read(
		    &f.a, f.fd, "", VL_ATTRS_PLAIN | VL_ATTRS_PRIVILEGED));
		expect(&f.a,
		    root ? "security.valise=4 trusted.t=3 user.a=1 "
		           "user.b=2 " :
		           "user.a=1 user.b=2 ");
		assert_int_equal(0, f.a.others);
	}
	file_close(&f);
}

static void
reads_long_values_and_many_names(void **state)
{
	struct vl_slice rest = { 0 };
	struct vl_xattr x = { 0 };
	struct file f;
	char name[64];
	char value[1500];
	int i;

	(void)state;
	if (file_open(&f)) {
		memset(value, 'v', sizeof(value));
		assert_int_equal(
		    0, fsetxattr(f.fd, "user.z", value, sizeof(value), 0));
		for (i = 0; i < 30; i++) {
			(void)snprintf(name, sizeof(name),
			    "user.a-name-that-takes-some-room-%02d", i);
			give(&f, name, "");
		}
		assert_true(vl_attrs_read(&f.a, f.fd, "", VL_ATTRS_PLAIN));
		assert_true(vl_attrs_valid(vl_buf_slice(&f.a.bytes)));
		rest = vl_buf_slice(&f.a.bytes);
		for (i = 0; i < 31; i++)
			assert_true(vl_attrs_next(&rest, &x));
		assert_int_equal(0, rest.n);
		assert_true(vl_slice_equal(vl_slice_of("user.z"), x.name));
		assert_int_equal(sizeof(value), x.value.n);
		assert_memory_equal(value, x.value.p, x.value.n);
	}
	file_close(&f);
}

static void
reads_anew_when_a_value_vanished(void **state)
{
	struct file f;

	(void)state;
	if (file_open(&f)) {
		give(&f, "user.a", "1");
		spy.lists = 0;
		spy.vanishes = "user.b";
		spy.left = 2;
		assert_true(vl_attrs_read(&f.a, f.fd, "", VL_ATTRS_PLAIN));
		expect(&f.a, "user.a=1 ");
		assert_int_equal(3, spy.lists);
		/* It does so for ever: the tries end, and it is not there. */
		spy.lists = 0;
		spy.left = 1000;
		assert_true(vl_attrs_read(&f.a, f.fd, "", VL_ATTRS_PLAIN));
		expect(&f.a, "user.a=1 ");
		assert_in_range(spy.lists, 2, 9);
		assert_in_range(spy.left, 990, 999);
	}
	file_close(&f);
}

/* A FIFO would wait for a writer, a link would lead to "f". */
static void
reads_and_sets_by_name_what_it_does_not_open(void **state)
{
	struct vl_err err = { 0 };
	struct vl_buf want = { 0 };
	struct vl_slice none = { 0 };
	const char *const names[] = { "p", "l" };
	struct file f;
	size_t i;

	(void)state;
	if (file_open(&f) && geteuid() == 0) {
		give(&f, "trusted.t", "of f");
		assert_int_equal(0, mkfifoat(f.t.rootfd, "p", 0600));
		assert_int_equal(0, symlinkat("f", f.t.rootfd, "l"));
		assert_int_equal(VL_OK,
		    vl_attrs_add(&want, vl_slice_of("trusted.u"),
		        vl_slice_of("own"), &err));
		for (i = 0; i < 2; i++) {
			assert_int_equal(VL_OK,
			    vl_attrs_set(f.t.rootfd, names[i], none,
			        vl_buf_slice(&want), &err));
			assert_true(vl_attrs_read(&f.a, f.t.rootfd, names[i],
			    VL_ATTRS_PRIVILEGED | VL_ATTRS_FLAGS));
			expect(&f.a, "trusted.u=own ");
			assert_int_equal(VL_OK,
			    vl_attrs_set(f.t.rootfd, names[i],
			        vl_buf_slice(&want), none, &err));
			assert_true(vl_attrs_read(
			    &f.a, f.t.rootfd, names[i], VL_ATTRS_PRIVILEGED));
			expect(&f.a, "");
		}
		assert_true(
		    vl_attrs_read(&f.a, f.t.rootfd, "f", VL_ATTRS_PRIVILEGED));
		expect(&f.a, "trusted.t=of f ");
		assert_false(
		    vl_attrs_read(&f.a, f.t.rootfd, "gone", VL_ATTRS_PLAIN));
		assert_int_equal(ENOENT, errno);
	} else {
		print_message("skipped: not root\n");
	}
	vl_buf_free(&want);
	file_close(&f);
}

static void
add(struct vl_buf *b, const char *name, size_t n)
{
	struct vl_buf value = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_buf_reserve(&value, n, &err));
	memset(value.p, 'v', n);
	value.n = n;
	assert_int_equal(VL_OK,
	    vl_attrs_add(b, vl_slice_of(name), vl_buf_slice(&value), &err));
	vl_buf_free(&value);
}

/* Set `want` and read it back. */
static void
set_and_compare(struct file *f, const struct vl_buf *want)
{
	struct vl_err err = { 0 };

	assert_true(vl_attrs_read(&f->a, f->fd, "", VL_ATTRS_PLAIN));
	if (vl_attrs_set(f->fd, "", vl_buf_slice(&f->a.bytes),
	        vl_buf_slice(want), &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_true(vl_attrs_read(&f->a, f->fd, "", VL_ATTRS_PLAIN));
	assert_true(
	    vl_slice_equal(vl_buf_slice(want), vl_buf_slice(&f->a.bytes)));
}

static void
sets_changes_and_removes(void **state)
{
	struct vl_buf want = { 0 };
	struct file f;

	(void)state;
	if (file_open(&f)) {
		give(&f, "user.b", "to go");
		give(&f, "user.d", "to change");
		give(&f, "user.e", "same");
		add(&want, "user.a", 3);
		add(&want, "user.d", 0);
		add(&want, "user.e", 4);
		set_and_compare(&f, &want);
		vl_buf_clear(&want);
		set_and_compare(&f, &want);
	}
	vl_buf_free(&want);
	file_close(&f);
}

/* ext4 has room for one block of them; whose sizes change places must not
 * need more than that on the way. */
static void
lets_two_swap_their_sizes_where_room_is_short(void **state)
{
	struct vl_buf want = { 0 };
	struct file f;
	int i;

	(void)state;
	if (file_open(&f)) {
		for (i = 0; i < 4; i++) {
			vl_buf_clear(&want);
			add(&want, "user.a", i % 2 == 0 ? 3500 : 10);
			add(&want, "user.b", i % 2 == 0 ? 10 : 3500);
			set_and_compare(&f, &want);
		}
	}
	vl_buf_free(&want);
	file_close(&f);
}

/* An ACL of `n` users beside the three that each has. */
static void
add_acl(struct vl_buf *b, unsigned owner, unsigned n)
{
	static uint8_t value[8192];
	const unsigned tags[] = { 1, 4, 16, 32 };
	struct vl_err err = { 0 };
	uint8_t *at = value + 4;
	unsigned i;

	memset(value, 0, sizeof(value));
	value[0] = 2;
	for (i = 0; i < 4 + n; i++, at += 8) {
		vl_put_u32le(at + 4, i > 0 && i <= n ? 9999 + i : UINT32_MAX);
		at[0] = (uint8_t)(i == 0 ? 1 : i <= n ? 2 : tags[i - n]);
		at[2] = (uint8_t)(i == 0 ? owner : 4);
	}
	assert_int_equal(VL_OK,
	    vl_attrs_add(b, vl_slice_of(VL_ATTR_ACL_ACCESS),
	        (struct vl_slice){ value, (size_t)(at - value) }, &err));
}

/* Sets that ext4 holds, if each comes in the right order. */
static void
lets_any_set_follow_any_other_that_fits(void **state)
{
	static const struct {
		const char *name;
		size_t n;
	} all[] = { { "user.c", 10 }, { "user.d", 3900 }, { "user.fill", 66 },
		{ NULL, 0 }, { "user.f", 500 }, { "user.fill", 3517 },
		{ "user.z", 60 }, { NULL, 0 }, { "user.a", 3000 },
		{ "user.b", 80 }, { "user.c", 100 }, { "user.d", 10 },
		{ "user.e", 50 }, { "user.f", 80 }, { "user.fill", 626 },
		{ "user.z", 31 } };
	struct vl_buf sets[4] = { { 0 } };
	struct file f;
	size_t at = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (all[i].name == NULL)
			at++;
		else
			add(&sets[at], all[i].name, all[i].n);
	}
	add_acl(&sets[3], 6, 480);
	if (file_open(&f)) {
		for (i = 0; i < 16; i++) {
			set_and_compare(&f, &sets[i / 4]);
			set_and_compare(&f, &sets[i % 4]);
		}
	}
	for (i = 0; i < 4; i++)
		vl_buf_free(&sets[i]);
	file_close(&f);
}

static void
puts_back_what_was_there_where_there_is_no_room(void **state)
{
	struct vl_buf old = { 0 };
	struct vl_buf want = { 0 };
	struct vl_err err = { 0 };
	struct file f;

	(void)state;
	if (file_open(&f)) {
		add_acl(&old, 6, 9);
		add(&old, "user.a", 2000);
		add(&old, "user.b", 500);
		add(&want, "user.b", 2500);
		add(&want, "user.c", 2500);
		set_and_compare(&f, &old);
		if (vl_attrs_set(f.fd, "", vl_buf_slice(&old),
		        vl_buf_slice(&want), &err) == VL_OK) {
			print_message("skipped: there is room\n");
		} else {
			assert_int_equal(VL_EREFUSED, err.status);
			assert_true(
			    vl_attrs_read(&f.a, f.fd, "", VL_ATTRS_PLAIN));
			assert_true(vl_slice_equal(
			    vl_buf_slice(&old), vl_buf_slice(&f.a.bytes)));
		}
	}
	vl_buf_free(&old);
	vl_buf_free(&want);
	file_close(&f);
}

/* user.* asks for the right to write, which the larger ACL takes away. */
static void
sets_as_its_owner_what_he_may_not_write_then(void **state)
{
	const uid_t nobody = 65534;
	struct vl_buf want = { 0 };
	struct vl_slice none = { 0 };
	struct vl_err err = { 0 };
	struct file f;
	pid_t pid = -1;
	int status = 0;

	(void)state;
	if (file_open(&f) && geteuid() == 0) {
		add_acl(&want, 4, 9);
		add(&want, "user.a", 3);
		assert_int_equal(0, fchown(f.fd, nobody, nobody));
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit(setuid(nobody) != 0 ||
			    vl_attrs_set(f.fd, "", none, vl_buf_slice(&want),
			        &err) != VL_OK);
		assert_int_equal(pid, waitpid(pid, &status, 0));
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		assert_true(vl_attrs_read(&f.a, f.fd, "", VL_ATTRS_PLAIN));
		assert_true(vl_slice_equal(
		    vl_buf_slice(&want), vl_buf_slice(&f.a.bytes)));
	} else {
		print_message("skipped: not root\n");
	}
	vl_buf_free(&want);
	file_close(&f);
}

static void
refuses_what_the_file_system_has_no_room_for(void **state)
{
	struct vl_buf want = { 0 };
	struct vl_slice none = { 0 };
	struct vl_err err = { 0 };
	struct file f;
	int fd = -1;

	(void)state;
	if (file_open(&f)) {
		add(&want, "user.a", 65536);
		if (vl_attrs_set(f.fd, "", none, vl_buf_slice(&want), &err) !=
		    VL_OK)
			assert_int_equal(VL_EREFUSED, err.status);
		vl_buf_clear(&want);
		add(&want, "user.a", 1);
		fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
		assert_int_not_equal(VL_OK,
		    vl_attrs_set(fd, "", none, vl_buf_slice(&want), &err));
		/* Anybody else may not even try there. */
		assert_int_equal(
		    geteuid() == 0 ? VL_EREFUSED : VL_EIO, err.status);
		assert_non_null(
		    strstr(err.text, "cannot set attribute 'user.a': "));
		assert_true(vl_attrs_read(&f.a, fd, "", 7));
		assert_int_equal(0, f.a.bytes.n);
		assert_int_equal(0, f.a.flags);
		(void)close(fd);
	}
	vl_buf_free(&want);
	file_close(&f);
}

static void
knows_well_formed_bytes(void **state)
{
	struct vl_buf good = { 0 };
	struct vl_buf b = { 0 };
	struct vl_err err = { 0 };
	struct vl_slice s = { 0 };
	size_t first = 0;

	(void)state;
	add(&good, "user.a", 2);
	first = good.n;
	add(&good, "user.b", 0);
	assert_true(vl_attrs_valid(s));
	for (s = vl_buf_slice(&good); s.n > 0; s.n--)
		assert_int_equal(
		    s.n == good.n || s.n == first, vl_attrs_valid(s));
	/* twice, not ascending, without a name, with a NUL */
	add(&good, "user.b", 0);
	assert_false(vl_attrs_valid(vl_buf_slice(&good)));
	add(&b, "user.b", 0);
	add(&b, "user.a", 0);
	assert_false(vl_attrs_valid(vl_buf_slice(&b)));
	s = (struct vl_slice){ (const uint8_t *)"\0\0\0\0\0\0", 6 };
	assert_false(vl_attrs_valid(s));
	s = (struct vl_slice){ (const uint8_t *)"\x02\0\0\0\0\0a\0", 8 };
	assert_false(vl_attrs_valid(s));
	assert_int_equal(VL_ELIMIT,
	    vl_attrs_add(&b, (struct vl_slice){ good.p, 0 }, s, &err));
	vl_buf_free(&b);
	vl_buf_free(&good);
}

static void
carries_flags(void **state)
{
	const uint32_t some = VL_FLAG_NODUMP | VL_FLAG_NOATIME | VL_FLAG_SYNC;
	struct file f;
	uint32_t flags = 0;

	(void)state;
	(void)file_open(&f);
	if (vl_flags_set(f.fd, some)) {
		assert_true(vl_flags_get(f.fd, &flags));
		assert_int_equal(some, flags);
		assert_true(vl_flags_set(f.fd, VL_FLAG_NODUMP));
		assert_true(vl_attrs_read(&f.a, f.fd, "", VL_ATTRS_FLAGS));
		assert_int_equal(VL_FLAG_NODUMP, f.a.flags);
		assert_true(vl_attrs_read(&f.a, f.fd, "", VL_ATTRS_PLAIN));
		assert_int_equal(0, f.a.flags);
		assert_true(vl_flags_set(f.fd, 0));
	} else {
		print_message("skipped: no flags here\n");
	}
	file_close(&f);
}

/* A flag that can be changed, but says something of this disk alone. */
static void
leaves_flags_alone_that_it_does_not_carry(void **state)
{
	struct file f;
	int raw = 0;
	int fd = -1;

	(void)state;
	(void)file_open(&f);
	fd = make_and_enter(f.t.rootfd, "d");
	raw = FS_PROJINHERIT_FL;
	if (ioctl(fd, FS_IOC_SETFLAGS, &raw) == 0) {
		assert_true(vl_flags_set(fd, VL_FLAG_NODUMP));
		assert_int_equal(0, ioctl(fd, FS_IOC_GETFLAGS, &raw));
		assert_int_equal(FS_PROJINHERIT_FL | FS_NODUMP_FL,
		    raw & (FS_PROJINHERIT_FL | FS_NODUMP_FL));
		assert_true(vl_attrs_read(&f.a, fd, "", VL_ATTRS_FLAGS));
		assert_int_equal(VL_FLAG_NODUMP, f.a.flags);
	} else {
		print_message("skipped: no such flag here\n");
	}
	(void)close(fd);
	file_close(&f);
}

static void
locks_and_unlocks(void **state)
{
	const uint32_t locks[] = { VL_FLAG_IMMUTABLE, VL_FLAG_APPEND };
	struct file f;
	uint32_t flags = 0;
	int fd = -1;
	size_t i;

	(void)state;
	(void)file_open(&f);
	for (i = 0; i < 2; i++) {
		if (!vl_flags_set(f.fd, locks[i] | VL_FLAG_NODUMP)) {
			print_message("skipped: no such flags for us\n");
			break;
		}
		assert_true(vl_flags_get(f.fd, &flags));
		fd = openat(f.t.rootfd, "f", O_WRONLY | O_CLOEXEC);
		assert_true(vl_flags_set(f.fd, 0)); /* or it stays for ever */
		assert_int_equal(locks[i] | VL_FLAG_NODUMP, flags);
		assert_int_equal(-1, fd);
	}
	file_close(&f);
}

static void
has_no_flags_where_there_are_none(void **state)
{
	uint32_t flags = 99;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(vl_flags_get(fd, &flags));
	assert_int_equal(0, flags);
	assert_true(vl_flags_set(fd, 0));
	assert_false(vl_flags_set(fd, VL_FLAG_NODUMP));
	(void)close(fd);
	assert_false(vl_flags_get(fd, &flags));
	assert_int_equal(EBADF, errno);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_once_where_there_is_nothing),
		cmocka_unit_test(reads_what_is_asked_for_and_counts_the_others),
		cmocka_unit_test(reads_long_values_and_many_names),
		cmocka_unit_test(reads_anew_when_a_value_vanished),
		cmocka_unit_test(reads_and_sets_by_name_what_it_does_not_open),
		cmocka_unit_test(sets_changes_and_removes),
		cmocka_unit_test(lets_two_swap_their_sizes_where_room_is_short),
		cmocka_unit_test(lets_any_set_follow_any_other_that_fits),
		cmocka_unit_test(
		    puts_back_what_was_there_where_there_is_no_room),
		cmocka_unit_test(sets_as_its_owner_what_he_may_not_write_then),
		cmocka_unit_test(refuses_what_the_file_system_has_no_room_for),
		cmocka_unit_test(knows_well_formed_bytes),
		cmocka_unit_test(carries_flags),
		cmocka_unit_test(leaves_flags_alone_that_it_does_not_carry),
		cmocka_unit_test(locks_and_unlocks),
		cmocka_unit_test(has_no_flags_where_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
