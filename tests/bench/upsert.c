/*
 * upsert SOURCE TARGET: what somebody writes by hand to bring rows by name.
 *
 * Each row of SOURCE is read with the names of what it refers to, and put
 * into TARGET where no row has its key, or where that row differs; all in one
 * transaction.  For the tables of databases.py, which measures it beside an
 * import.  Says how many rows were written.
 */
#include <stdio.h>

#include <sqlite3.h>

#define TABLES 5

static const struct {
	const char *from;
	const char *to;
} tables[TABLES] = {
	{ "select mail, name, note from customer order by id",
	    "insert into customer(mail, name, note) values (?1, ?2, ?3) "
	    "on conflict (mail) do update set name = ?2, note = ?3 "
	    "where (name, note) is not (?2, ?3)" },
	{ "select code, name, price from product order by id",
	    "insert into product(code, name, price) values (?1, ?2, ?3) "
	    "on conflict (code) do update set name = ?2, price = ?3 "
	    "where (name, price) is not (?2, ?3)" },
	{ "select number, mail, at, state from purchase "
	  "join customer c on c.id = customer_id order by purchase.id",
	    "insert into purchase(number, customer_id, at, state) "
	    "select ?1, id, ?3, ?4 from customer where mail = ?2 "
	    "on conflict (number) do update set customer_id = "
	    "excluded.customer_id, at = ?3, state = ?4 "
	    "where (customer_id, at, state) is not "
	    "(excluded.customer_id, ?3, ?4)" },
	{ "select number, code, amount, line.price from line "
	  "join purchase p on p.id = purchase_id "
	  "join product q on q.id = product_id order by line.id",
	    "insert into line(purchase_id, product_id, amount, price) "
	    "select p.id, q.id, ?3, ?4 from purchase p, product q "
	    "where p.number = ?1 and q.code = ?2 "
	    "on conflict (purchase_id, product_id) do update set "
	    "amount = ?3, price = ?4 "
	    "where (line.amount, line.price) is not (?3, ?4)" },
	{ "select number, kind, body from event "
	  "join purchase p on p.id = purchase_id order by event.id",
	    "insert into event(purchase_id, kind, body) "
	    "select id, ?2, ?3 from purchase where number = ?1 "
	    "on conflict (purchase_id, kind) do update set body = ?3 "
	    "where event.body is not ?3" },
};

/* One row of `from`, as the parameters of `to`. */
static int
put(sqlite3_stmt *from, sqlite3_stmt *to)
{
	int n = sqlite3_column_count(from);
	int i;

	for (i = 0; i < n; i++)
		sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
	(void)sqlite3_step(to);
	return sqlite3_reset(to);
}

static int
carry(sqlite3 *source, sqlite3 *target, const char *from, const char *to)
{
	sqlite3_stmt *reads = NULL;
	sqlite3_stmt *writes = NULL;
	int st = sqlite3_prepare_v2(source, from, -1, &reads, NULL);

	if (st == SQLITE_OK)
		st = sqlite3_prepare_v2(target, to, -1, &writes, NULL);
	while (st == SQLITE_OK && sqlite3_step(reads) == SQLITE_ROW)
		st = put(reads, writes);
	if (sqlite3_finalize(reads) != SQLITE_OK)
		st = SQLITE_ERROR;
	(void)sqlite3_finalize(writes);
	return st;
}

int
main(int argc, char **argv)
{
	sqlite3 *source = NULL;
	sqlite3 *target = NULL;
	int st = SQLITE_ERROR;
	int i;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: upsert SOURCE TARGET\n");
		return 2;
	}
	if (sqlite3_open(argv[1], &source) == SQLITE_OK &&
	    sqlite3_open(argv[2], &target) == SQLITE_OK)
		st = sqlite3_exec(target,
		    "pragma foreign_keys = on; pragma synchronous = full; "
		    "begin immediate",
		    NULL, NULL, NULL);
	for (i = 0; i < TABLES && st == SQLITE_OK; i++)
		st = carry(source, target, tables[i].from, tables[i].to);
	if (st == SQLITE_OK)
		st = sqlite3_exec(target, "commit", NULL, NULL, NULL);
	if (st == SQLITE_OK)
		(void)printf("%d written\n", sqlite3_total_changes(target));
	else
		(void)fprintf(stderr, "upsert: %s, %s\n",
		    sqlite3_errmsg(source), sqlite3_errmsg(target));
	(void)sqlite3_close(source);
	(void)sqlite3_close(target);
	return st == SQLITE_OK ? 0 : 1;
}
