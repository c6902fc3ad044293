/* What check-profile finds, as lines for people or as JSON. */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "checked.h"

void
checked_say_name(const char *name)
{
	struct vl_buf b = { 0 };
	struct vl_err err = { 0 };

	if (vl_escape(&b, vl_slice_of(name), &err) == VL_OK)
		(void)fwrite(b.p, 1, b.n, stdout);
	vl_buf_free(&b);
}

/* A message: the names in it may be anything. */
void
checked_say_text(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return;
	vl_tame(copy);
	(void)fputs(copy, stdout);
	free(copy);
}

/* "word<tab>resource/table.column" */
void
checked_say_place(const struct checked *c, const char *word,
    const char *table_name, const char *column)
{
	(void)printf("%s\t%s", word, c->resource);
	if (table_name != NULL) {
		(void)putchar('/');
		checked_say_name(table_name);
	}
	if (column != NULL) {
		(void)putchar('.');
		checked_say_name(column);
	}
}

void
checked_add_text(struct vl_msg *m, const char *key, const char *text)
{
	if (text != NULL)
		vl_msg_text(m, key, vl_slice_of(text));
}

void
checked_tell_version(void *arg, const char *text)
{
	const struct checked *c = arg;
	struct vl_msg m = { 0 };

	if (c->json) {
		vl_msg_begin(&m, "version");
		checked_add_text(&m, "resource", c->resource);
		checked_add_text(&m, "version", text);
		vl_msg_end(&m);
	} else {
		(void)printf("version\t%s\t%s\n", c->resource, text);
	}
}

void
checked_tell_entry(void *arg, const struct vl_check_entry *e)
{
	struct checked *c = arg;
	struct vl_msg m = { 0 };

	c->tables++;
	c->rows += e->rows;
	if (c->json) {
		vl_msg_begin(&m, "table");
		checked_add_text(&m, "resource", c->resource);
		checked_add_text(&m, "table", e->table);
		checked_add_text(&m, "where", e->where);
		checked_add_text(&m, "key", e->key);
		if (e->line > 0)
			vl_msg_count(&m, "line", e->line);
		vl_msg_count(&m, "rows", e->rows);
		vl_msg_count(&m, "skipped", e->skipped);
		vl_msg_count(&m, "refused", e->refused);
		vl_msg_end(&m);
		return;
	}
	checked_say_place(c, "table", e->table, NULL);
	(void)printf(
	    "\t%llu rows\tkey: %s", (unsigned long long)e->rows, e->key);
	if (e->skipped > 0)
		(void)printf("\t%llu skipped", (unsigned long long)e->skipped);
	if (e->refused > 0)
		(void)printf("\t%llu refused", (unsigned long long)e->refused);
	if (e->where != NULL) {
		(void)printf("\twhere ");
		checked_say_name(e->where);
	}
	(void)putchar('\n');
}

void
checked_tell_reference(void *arg, const struct vl_check_reference *r)
{
	const struct checked *c = arg;
	struct vl_msg m = { 0 };

	if (c->json) {
		vl_msg_begin(&m, "reference");
		checked_add_text(&m, "resource", c->resource);
		checked_add_text(&m, "table", r->table);
		checked_add_text(&m, "column", r->column);
		checked_add_text(&m, "to", r->to);
		checked_add_text(&m, "inside", r->inside);
		if (r->line > 0)
			vl_msg_count(&m, "line", r->line);
		vl_msg_count(&m, "rows", r->rows);
		vl_msg_count(&m, "met", r->met);
		vl_msg_count(&m, "none", r->none);
		vl_msg_count(&m, "dangling", r->dangling);
		if (r->dangling > 0)
			checked_add_text(&m, "examples", r->examples);
		vl_msg_end(&m);
		return;
	}
	checked_say_place(c, "reference", r->table, r->column);
	(void)printf("\tto ");
	checked_say_name(r->to == NULL ? "what a value names" : r->to);
	(void)printf("\t%llu met\t%llu none\t%llu dangling",
	    (unsigned long long)r->met, (unsigned long long)r->none,
	    (unsigned long long)r->dangling);
	if (r->dangling > 0)
		(void)printf(" (%.1f %%): %s",
		    100.0 * (double)r->dangling /
		        (double)(r->dangling + r->met),
		    r->examples);
	if (r->inside != NULL) {
		(void)printf("\tin ");
		checked_say_name(r->inside);
	}
	(void)putchar('\n');
}

void
checked_tell_secret(void *arg, const struct vl_check_secret *s)
{
	static const char *const becomes[] = { [VL_SECRET_CARRY] = "carry",
		[VL_SECRET_BLANK] = "blank",
		[VL_SECRET_KEEP_HERE] = "keep_here" };
	const struct checked *c = arg;
	struct vl_msg m = { 0 };

	if (c->json) {
		vl_msg_begin(&m, "secret");
		checked_add_text(&m, "resource", c->resource);
		checked_add_text(&m, "table", s->table);
		checked_add_text(&m, "column", s->column);
		checked_add_text(&m, "file", s->file);
		if (s->file != NULL)
			vl_msg_count(&m, "files", s->files);
		checked_add_text(&m, "where", s->where);
		checked_add_text(&m, "inside", s->inside);
		checked_add_text(&m, "cipher", s->cipher);
		checked_add_text(&m, "master_key", s->master_key);
		vl_msg_count(&m, "line", s->line);
		checked_add_text(&m, "on_secret", becomes[s->on_secret]);
		vl_msg_count(&m, "values", s->values);
		if (s->tried) {
			vl_msg_count(&m, "opened", s->opened);
			vl_msg_count(&m, "clear", s->clear);
			vl_msg_count(&m, "broken", s->broken);
		}
		vl_msg_end(&m);
		return;
	}
	checked_say_place(
	    c, "secret", s->file != NULL ? s->file : s->table, s->column);
	if (s->file != NULL)
		(void)printf("\t%llu files", (unsigned long long)s->files);
	if (s->tried)
		(void)printf("\t%llu opened", (unsigned long long)s->opened);
	else
		(void)printf("\t%llu values", (unsigned long long)s->values);
	if (s->clear > 0)
		(void)printf("\t%llu in clear", (unsigned long long)s->clear);
	if (s->broken > 0)
		(void)printf("\t%llu broken", (unsigned long long)s->broken);
	(void)printf("\tcipher %s", s->cipher);
	if (s->on_secret != VL_SECRET_CARRY)
		(void)printf("\t%s", becomes[s->on_secret]);
	if (s->master_key != NULL)
		(void)printf("\tmaster key %s", s->master_key);
	if (s->inside != NULL) {
		(void)printf("\tin ");
		checked_say_name(s->inside);
	}
	if (s->where != NULL) {
		(void)printf("\twhere ");
		checked_say_name(s->where);
	}
	(void)putchar('\n');
}

void
checked_end_finding(
    const struct checked *c, struct vl_msg *m, const struct vl_check_finding *f)
{
	checked_add_text(m, "resource", c->resource);
	checked_add_text(m, "table", f->table);
	checked_add_text(m, "column", f->column);
	checked_add_text(m, "text", f->text);
	checked_add_text(m, "add", f->line);
	vl_msg_end(m);
}

void
checked_say_finding(
    const struct checked *c, const char *word, const struct vl_check_finding *f)
{
	checked_say_place(c, word, f->table, f->column);
	(void)putchar('\t');
	checked_say_text(f->text);
	if (f->line != NULL) {
		(void)printf("\tadd: ");
		checked_say_text(f->line);
	}
	(void)putchar('\n');
}

void
checked_tell_finding(void *arg, const struct vl_check_finding *f)
{
	static const char *const words[] = { [VL_CHECK_WRONG] = "wrong",
		[VL_CHECK_REFUSED] = "refused",
		[VL_CHECK_HINT] = "hint" };
	struct checked *c = arg;
	struct vl_msg m = { 0 };

	c->wrong += f->kind == VL_CHECK_WRONG;
	c->refused += f->kind == VL_CHECK_REFUSED;
	c->hints += f->kind == VL_CHECK_HINT;
	if (c->json) {
		vl_msg_begin(&m, "finding");
		checked_add_text(&m, "kind", words[f->kind]);
		checked_end_finding(c, &m, f);
	} else {
		checked_say_finding(c, words[f->kind], f);
	}
}

static void
say_rows(const char *before, uint64_t n, const char *keys)
{
	if (n == 0)
		return;
	(void)printf("\t%llu %s", (unsigned long long)n, before);
	if (keys != NULL)
		(void)printf(": %s%s", keys, n > 3 ? ", ..." : "");
}

void
checked_tell_against(void *arg, const struct vl_against_table *t)
{
	const struct checked *c = arg;
	const struct vl_rows_put_counts *n = &t->counts;
	struct vl_msg m = { 0 };

	if (c->json) {
		vl_msg_begin(&m, "against");
		checked_add_text(&m, "resource", c->resource);
		checked_add_text(&m, "table", t->name);
		vl_msg_count(&m, "same", n->same);
		vl_msg_count(&m, "differ", n->change);
		vl_msg_count(&m, "new", n->add);
		vl_msg_count(&m, "go", n->deletions);
		vl_msg_count(&m, "left", n->skip);
		vl_msg_count(&m, "conflict", n->conflict);
		vl_msg_end(&m);
		return;
	}
	checked_say_place(c, "against", t->name, NULL);
	(void)printf("\t%llu same", (unsigned long long)n->same);
	say_rows("differ", n->change, NULL);
	say_rows("new", n->add, t->news);
	say_rows("go", n->deletions, t->fewer);
	say_rows("left alone", n->skip, NULL);
	say_rows("in conflict", n->conflict, NULL);
	(void)putchar('\n');
}
