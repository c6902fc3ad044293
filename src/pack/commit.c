/*
 * The end of a bundle, in the order that makes it appear whole or not at all
 * (docs/architecture.md, "The way of one record: export"): packs and index on
 * the medium and read back, readme, head, keys, seal, sync, the state durable,
 * and only then the name.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/fs.h>

#include "parts.h"

#define NEW_FILE (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

/* The public files, as the seal lists them. */
struct public
{
	struct vl_seal_list list;
	uint64_t bytes;
	uint8_t fingerprint[VL_HASH_SIZE];
};

static enum vl_status
finish_streams(struct vl_pack *p, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	/* First the packs: the map needs the places of all blocks. */
	if (p->packs != NULL)
		st = vl_stream_w_finish(p->packs, err);
	if (st == VL_OK)
		st = pack_stream(p, VL_FILE_INDEX, 1, &p->first, err);
	if (st == VL_OK)
		st = map_write(
		    &p->map, p->index, p->first, p->opts.frame_log2, err);
	if (st == VL_OK)
		st = vl_stream_w_finish(p->index, err);
	/* So that the last piece of the map is in the list of files. */
	if (st == VL_OK)
		st = vl_stream_w_settle(p->first, err);
	return st;
}

/* The last record of i0000001, and with it the last file. */
static enum vl_status
write_inner(
    struct vl_pack *p, const uint8_t root[VL_ROOT_SIZE], struct vl_err *err)
{
	struct vl_stream_record r = { .kind = VL_RECORD_INNER, .items = 1 };
	struct vl_buf text = { 0 };
	enum vl_status st = inner_encode(p, &text, root, err);
	size_t files = 0;

	if (st == VL_OK) {
		r.plain = vl_buf_slice(&text);
		st = vl_stream_w_put(p->first, &r, NULL, err);
	}
	if (st == VL_OK)
		st = vl_stream_w_finish(p->first, err);
	if (st != VL_OK)
		goto out;
	(void)vl_stream_w_files(p->first, &files);
	if (files != 1)
		st = vl_fail(err, VL_ELIMIT,
		    "the inner head does not fit into one file");
out:
	vl_buf_free(&text);
	return st;
}

static enum vl_status
list_file(struct public *pub, const char *name, uint64_t size,
    const uint8_t hash[VL_HASH_SIZE], struct vl_err *err)
{
	struct vl_seal_file *files;

	files = reallocarray(pub->list.files, pub->list.n + 1, sizeof(*files));
	if (files == NULL)
		return vl_fail_memory(err);
	pub->list.files = files;
	files += pub->list.n++;
	memset(files, 0, sizeof(*files));
	memcpy(files->name, name, strnlen(name, sizeof(files->name) - 1));
	memcpy(files->hash, hash, VL_HASH_SIZE);
	pub->bytes += size;
	return VL_OK;
}

/* Write one of the small files, durably, and list it. */
static enum vl_status
put_file(struct vl_pack *p, struct public *pub, const char *name,
    struct vl_slice text, struct vl_err *err)
{
	uint8_t hash[VL_HASH_SIZE];
	enum vl_status st;
	int fd;

	fd = openat(p->dirfd, name, NEW_FILE, 0644);
	if (fd < 0)
		return vl_fail_errno(err, "cannot create '%s'", name);
	st = vl_write_all(fd, text, err);
	if (st == VL_OK)
		st = vl_fsync(fd, name, err);
	if (close(fd) != 0 && st == VL_OK)
		st = vl_fail_errno(err, "cannot close");
	if (st != VL_OK) {
		(void)vl_within(err, "cannot write '%s'", name);
		return st;
	}
	vl_hash_of(hash, NULL, text);
	return list_file(pub, name, text.n, hash, err);
}

/* The files of one stream, in the list and in files_root. */
static enum vl_status
list_stream(struct public *pub, const struct vl_stream_w *w,
    enum vl_file_type type, struct vl_hash *root, struct vl_err *err)
{
	const struct vl_stream_file *files;
	char name[VL_FILE_NAME_SIZE];
	enum vl_status st = VL_OK;
	size_t n = 0;
	size_t i;

	files = vl_stream_w_files(w, &n);
	for (i = 0; i < n && st == VL_OK; i++) {
		vl_file_name(name, type, files[i].number);
		vl_files_root_add(root, name, files[i].size, files[i].hash);
		st = list_file(pub, name, files[i].size, files[i].hash, err);
	}
	return st;
}

static enum vl_status
list_streams(struct vl_pack *p, struct public *pub, struct vl_err *err)
{
	struct vl_head *head = &p->opts.head;
	struct vl_hash root;
	enum vl_status st;
	size_t n = 0;

	vl_files_root_begin(&root);
	st = list_stream(pub, p->first, VL_FILE_INDEX, &root, err);
	if (st == VL_OK)
		st = list_stream(pub, p->index, VL_FILE_INDEX, &root, err);
	head->index_files = (uint32_t)pub->list.n;
	if (st == VL_OK && p->packs != NULL) {
		st = list_stream(pub, p->packs, VL_FILE_PACK, &root, err);
		(void)vl_stream_w_files(p->packs, &n);
	}
	head->pack_files = (uint32_t)n;
	vl_hash_end(&root, head->files_root);
	return st;
}

static int
compare_names(const void *a, const void *b)
{
	const struct vl_seal_file *left = a;
	const struct vl_seal_file *right = b;

	return strcmp(left->name, right->name);
}

/* readme, head, keys, and the seal over all of them. */
static enum vl_status
write_public(struct vl_pack *p, struct public *pub, struct vl_err *err)
{
	struct vl_seal_make make = { 0 };
	struct vl_buf head = { 0 };
	enum vl_status st;

	st = list_streams(p, pub, err);
	if (st == VL_OK)
		st = put_file(
		    p, pub, "readme.txt", vl_slice_of(vl_readme_text), err);
	if (st == VL_OK)
		st = vl_head_encode(&head, &p->opts.head, err);
	if (st == VL_OK)
		st = put_file(p, pub, "head.jsn", vl_buf_slice(&head), err);
	if (st == VL_OK)
		st = put_file(
		    p, pub, "keys.jsn", vl_buf_slice(&p->keys_text), err);
	if (st != VL_OK)
		goto out;
	vl_hash_of(pub->fingerprint, NULL, vl_buf_slice(&head));
	qsort(pub->list.files, pub->list.n, sizeof(*pub->list.files),
	    compare_names);
	make.dirfd = p->dirfd;
	make.head = &p->opts.head;
	make.fingerprint = pub->fingerprint;
	make.list = pub->list;
	make.bytes = pub->bytes;
	make.sender = p->opts.sender;
	st = vl_seal_write(&make, err);
out:
	vl_buf_free(&head);
	return st;
}

/*
 * The small files as a reader finds them on the medium; packs and index were
 * read back when they were closed.
 */
static enum vl_status
read_public(struct vl_pack *p, struct vl_err *err)
{
	static const char *const small[] = { "readme.txt", "head.jsn",
		"keys.jsn", "seal.txt", "seal.sig" };
	struct vl_seal seal = { 0 };
	enum vl_status st;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		fd = openat(p->dirfd, small[i], O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return vl_fail_errno(
			    err, "cannot read back '%s'", small[i]);
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		(void)close(fd);
	}
	st = vl_seal_read(&seal, p->dirfd, NULL, err);
	if (st == VL_OK)
		st = vl_seal_verify(&seal, &p->opts.sender->pub, err);
	if (st == VL_OK)
		st = vl_seal_check(
		    &seal, p->dirfd, -1, VL_READS_SMALL, NULL, err);
	vl_seal_free(&seal);
	if (st == VL_OK)
		return VL_OK;
	return vl_fail(err, VL_EIO,
	    st == VL_EFORMAT || st == VL_ELIMIT || st == VL_ETRUST ?
	        "what was written to the medium reads back differently: %s" :
	        "what was written to the medium cannot be read back: %s",
	    err->text);
}

/* A bundle of that name is never replaced. */
static enum vl_status
rename_par(struct vl_pack *p, const char *name, struct vl_err *err)
{
	struct stat there;

	if (renameat2(p->parent, p->par, p->parent, name, RENAME_NOREPLACE) ==
	    0)
		return VL_OK;
	/* File systems that do not know the flag. */
	if (errno == EINVAL || errno == ENOSYS) {
		if (fstatat(p->parent, name, &there, AT_SYMLINK_NOFOLLOW) == 0)
			errno = EEXIST;
		else if (errno == ENOENT &&
		    renameat(p->parent, p->par, p->parent, name) == 0)
			return VL_OK;
	}
	return vl_fail_errno(err, "cannot rename '%s' to '%s'", p->par, name);
}

static enum vl_status
give_name(struct vl_pack *p, const char *name, struct vl_err *err)
{
	enum vl_status st;

	st = rename_par(p, name, err);
	if (st != VL_OK)
		return st;
	st = vl_fsync_dir(p->parent, ".", err);
	if (st == VL_OK && syncfs(p->dirfd) != 0)
		st = vl_fail_errno(
		    err, "cannot sync the file system of '%s'", p->opts.dir);
	if (st == VL_OK) {
		p->made = false;
		return VL_OK;
	}
	/* A bundle that may not last must not look like one. */
	if (renameat(p->parent, name, p->parent, p->par) != 0)
		p->made = false;
	return st;
}

static enum vl_status
commit(struct vl_pack *p, char *name, struct public *pub, struct vl_err *err)
{
	uint8_t root[VL_ROOT_SIZE];
	char final[PAR_SIZE];
	enum vl_status st;

	if (p->in_body)
		return vl_fail(err, VL_EUSAGE, "the last body is not ended");
	st = pack_flush(p, err);
	if (st == VL_OK)
		st = drain_end(p, root, err);
	if (st == VL_OK)
		st = finish_streams(p, err);
	if (st != VL_OK)
		return st;
	p->opts.head.must = VL_MUST_GEAR1;
	if (vl_stream_w_zstd(p->index) ||
	    (p->packs != NULL && vl_stream_w_zstd(p->packs)))
		p->opts.head.must |= VL_MUST_ZSTD;
	if (p->totals.secrets > 0)
		p->opts.head.must |= VL_MUST_SIV1;
	vl_keys_commit(p->opts.head.commit, p->opts.keys);
	st = write_inner(p, root, err);
	if (st == VL_OK)
		st = write_public(p, pub, err);
	if (st == VL_OK)
		st = read_public(p, err);
	if (st == VL_OK)
		st = vl_fsync_dir(p->dirfd, ".", err);
	if (st == VL_OK && p->opts.sealed != NULL)
		st = p->opts.sealed(p->opts.sealed_arg, pub->fingerprint, err);
	if (st != VL_OK)
		return st;
	memcpy(final, p->par, sizeof(final));
	memcpy(strchr(final, '.'), ".vls", 5);
	st = give_name(p, final, err);
	if (st == VL_OK)
		memcpy(name, final, sizeof(final));
	return st;
}

enum vl_status
vl_pack_commit(struct vl_pack *p, char *name, struct vl_pack_totals *totals,
    struct vl_err *err)
{
	struct public pub = { 0 };
	enum vl_status st;

	name[0] = '\0';
	if (p->failed.status != VL_OK) {
		*err = p->failed;
		return p->failed.status;
	}
	st = commit(p, name, &pub, err);
	vl_pack_totals(p, totals);
	totals->stored_bytes = pub.bytes;
	if (st != VL_OK) {
		p->failed = *err;
		p->failed.status = st;
	}
	vl_seal_list_free(&pub.list);
	return st;
}
