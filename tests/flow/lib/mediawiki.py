"""A wiki of MediaWiki 1.39, filled as MediaWiki does, and what it shows.

The schema is the package's own; none of it is here.  Texts are TEXT also where
a column says BLOB, as PHP's driver writes them.
"""
import hashlib
import re
import sqlite3

from serialized import parse

SCHEMA = "usr/share/mediawiki/maintenance/sqlite/tables-generated.sql"
SPACES = {0: "", 6: "File:", 10: "Template:", 14: "Category:"}
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def php(value):
    if isinstance(value, dict):
        return f"a:{len(value)}:{{" + "".join(
            php(k) + php(v) for k, v in value.items()) + "}"
    if isinstance(value, int):
        return f"i:{value};"
    return f's:{len(value.encode())}:"{value}";'


def sha1(text):
    """As MediaWiki has it: 31 digits to the base 36."""
    number = int(hashlib.sha1(text.encode()).hexdigest(), 16)
    digits = ""
    for _ in range(31):
        number, one = divmod(number, 36)
        digits = LETTERS[one] + digits
    return digits


def split(title):
    for space, name in SPACES.items():
        if name and title.startswith(name):
            return space, title[len(name):].replace(" ", "_")
    return 0, title.replace(" ", "_")


class Wiki:
    """Whoever makes one gives the number before its first ids."""

    def __init__(self, path, schema, prefix, before):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.prefix = prefix
        self.db.execute("begin")
        text = re.sub(r"--.*", "", schema.read_text())
        for statement in text.replace("/*_*/", prefix).split(";"):
            self.db.execute(statement)
        for (name,) in self.db.execute(
                "select name from sqlite_schema where type = 'table' and sql "
                "like '%AUTOINCREMENT%'").fetchall():
            self.db.execute("insert into sqlite_sequence values (?, ?)",
                            (name, before))
        self.actors = {}
        self.numbers = {}
        self.add("site_stats", ss_row_id=1, ss_total_edits=before)
        self.add("updatelog", ul_key=f"made at {before}")

    def close(self):
        self.db.execute("commit")
        self.db.close()

    def add(self, table, **values):
        names = ", ".join(f'"{name}"' for name in values)
        return self.db.execute(
            f"insert into {self.prefix}{table} ({names}) values "
            f"({', '.join('?' * len(values))})",
            list(values.values())).lastrowid

    def ask(self, sql, *values):
        return self.db.execute(re.sub(r"\{(\w+)\}", self.prefix + r"\1", sql),
                               values).fetchall()

    def number(self, table, id_column, **values):
        """The row with these values, made where it is not there."""
        key = (table, *values.values())
        if key not in self.numbers:
            self.numbers[key] = self.add(table, **values)
        return self.numbers[key]

    # people

    def user(self, name, **options):
        number = self.add(
            "user", user_name=name, user_real_name="", user_password=f":pbkdf2"
            f":{self.prefix}{name}", user_newpassword="", user_email="",
            user_touched="20261101000000", user_token=f"{self.prefix}{name}",
            user_editcount=len(self.prefix))
        self.actors[name] = self.add("actor", actor_user=number,
                                     actor_name=name)
        self.add("user_groups", ug_user=number, ug_group="autopatrolled")
        for option, value in options.items():
            self.add("user_properties", up_user=number, up_property=option,
                     up_value=value)
        self.numbers["user", name] = number

    def actor(self, name):
        """A user, or an address."""
        if name not in self.actors:
            self.actors[name] = self.add("actor", actor_name=name)
        return self.actors[name]

    def watch(self, name, title, expiry=None):
        space, title = split(title)
        item = self.add("watchlist", wl_user=self.numbers["user", name],
                        wl_namespace=space, wl_title=title)
        if expiry:
            self.add("watchlist_expiry", we_item=item, we_expiry=expiry)

    def block(self, name, by, page, auto=0):
        number = self.add(
            "ipblocks", ipb_address=name, ipb_user=self.numbers.get(
                ("user", name), 0), ipb_by_actor=self.actor(by),
            ipb_reason_id=self.comment("enough"), ipb_expiry="infinity",
            ipb_timestamp="20261102000000", ipb_range_start="",
            ipb_range_end="", ipb_auto=auto)
        self.add("ipblocks_restrictions", ir_ipb_id=number, ir_type=1,
                 ir_value=self.page_id(page))
        self.add("ipblocks_restrictions", ir_ipb_id=number, ir_type=2,
                 ir_value=1)

    # texts

    def comment(self, text):
        return self.number("comment", "comment_id",
                           comment_hash=len(text) - 7, comment_text=text)

    def page_id(self, title):
        found = self.ask("select page_id from {page} where page_namespace = ? "
                         "and page_title = ?", *split(title))
        return found[0][0] if found else None

    def edit(self, title, text, who, when, summary="", content=None):
        """A revision; that of a page that moved has the content before."""
        space, name = split(title)
        page = self.page_id(title)
        parent = 0
        if page is None:
            page = self.add("page", page_namespace=space, page_title=name,
                            page_random=0.5, page_touched=when, page_latest=0,
                            page_len=len(text), page_is_new=1)
        else:
            parent = self.ask("select page_latest from {page} where page_id "
                              "= ?", page)[0][0]
        revision = self.add("revision", rev_page=page, rev_actor=self.actor(
            who), rev_timestamp=when, rev_len=len(text), rev_parent_id=parent,
            rev_sha1=sha1(text))
        self.add("revision_comment_temp", revcomment_rev=revision,
                 revcomment_comment_id=self.comment(summary))
        origin = revision
        if content is None:
            address = self.add("text", old_text=text, old_flags="utf-8")
            content = self.add(
                "content", content_size=len(text), content_sha1=sha1(text),
                content_address=f"tt:{address}", content_model=self.number(
                    "content_models", "model_id", model_name="wikitext"))
        else:
            origin = parent
        self.add("slots", slot_revision_id=revision, slot_origin=origin,
                 slot_content_id=content, slot_role_id=self.number(
                     "slot_roles", "role_id", role_name="main"))
        if re.match(r"\d+\.", who):
            self.add("ip_changes", ipc_rev_id=revision, ipc_hex=who,
                     ipc_rev_timestamp=when)
        self.db.execute(
            f"update {self.prefix}page set page_latest = ?, page_len = ?, "
            "page_is_new = ? where page_id = ?",
            (revision, len(text), int(not parent), page))
        self.links(page, space, text)
        self.add("recentchanges", rc_timestamp=when, rc_actor=self.actor(who),
                 rc_namespace=space, rc_title=name, rc_cur_id=page,
                 rc_comment_id=self.comment(summary), rc_this_oldid=revision,
                 rc_last_oldid=parent)
        if not parent:
            self.log("create", "create", title, who, when, summary,
                     php({"associated_rev_id": revision}))
        return revision

    def links(self, page, space, text):
        for table, column in (("pagelinks", "pl"), ("imagelinks", "il"),
                              ("categorylinks", "cl"), ("redirect", "rd"),
                              ("templatelinks", "tl"),
                              ("externallinks", "el")):
            self.db.execute(f"delete from {self.prefix}{table} where "
                            f"{column}_from = ?", (page,))
        for to in sorted(set(re.findall(r"\[\[([^\]|]+)", text))):
            to_space, name = split(to)
            if to_space == 14:
                self.add("categorylinks", cl_from=page, cl_to=name,
                         cl_timestamp="2026-11-01 00:00:00", cl_type={
                             6: "file", 14: "subcat"}.get(space, "page"))
                self.number("category", "cat_id", cat_title=name)
            elif to_space == 6:
                self.add("imagelinks", il_from=page, il_to=name)
            else:
                self.add("pagelinks", pl_from=page, pl_namespace=to_space,
                         pl_title=name, pl_from_namespace=space)
        for to in sorted(set(re.findall(r"\{\{([^}]+)\}\}", text))):
            self.add("templatelinks", tl_from=page, tl_target_id=self.number(
                "linktarget", "lt_id", lt_namespace=10,
                lt_title=to.replace(" ", "_")))
        for to in re.findall(r"https?://\S+", text):
            self.add("externallinks", el_from=page, el_to=to, el_index=to,
                     el_index_60=to[:60])
        if text.startswith("#REDIRECT"):
            self.add("redirect", rd_from=page, rd_title=split(
                re.search(r"\[\[([^\]]+)", text)[1])[1])
        self.db.execute(f"""update {self.prefix}category set cat_pages =
            (select count(*) from {self.prefix}categorylinks where cl_to =
            cat_title), cat_subcats = (select count(*) from
            {self.prefix}categorylinks where cl_to = cat_title and
            cl_type = 'subcat')""")

    def log(self, kind, action, title, who, when, why="", params=""):
        space, name = split(title)
        return self.add(
            "logging", log_type=kind, log_action=action, log_timestamp=when,
            log_actor=self.actor(who), log_namespace=space, log_title=name,
            log_page=self.page_id(title), log_comment_id=self.comment(why),
            log_params=params)

    def move(self, old, new, who, when):
        content = self.ask(
            "select slot_content_id, old_text from {page} join {slots} on "
            "slot_revision_id = page_latest join {content} on content_id = "
            "slot_content_id join {text} on content_address = 'tt:' || old_id"
            " where page_namespace = ? and page_title = ?", *split(old))[0]
        self.db.execute(
            f"update {self.prefix}page set page_namespace = ?, page_title = ?"
            " where page_id = ?", (*split(new), self.page_id(old)))
        self.edit(new, content[1], who, when, "moved", content[0])
        self.edit(old, f"#REDIRECT [[{new}]]", who, when, "moved")
        number = self.log("move", "move", old, who, when, "", php(
            {"4::target": new, "5::noredir": "0"}))
        self.add("log_search", ls_field="target_author_actor",
                 ls_value=str(self.actor(who)), ls_log_id=number)

    def delete(self, title, who, when):
        """Its revisions go to the archive; their slots stay."""
        page = self.page_id(title)
        for row in self.ask("select rev_id, rev_actor, rev_timestamp from "
                            "{revision} where rev_page = ?", page):
            self.add("archive", ar_title=title, ar_rev_id=row[0],
                     ar_comment_id=self.comment(""), ar_actor=row[1],
                     ar_timestamp=row[2], ar_page_id=page)
        for table, column in (("revision", "rev_page"), ("page", "page_id"),
                              ("pagelinks", "pl_from"),
                              ("categorylinks", "cl_from")):
            self.db.execute(f"delete from {self.prefix}{table} where "
                            f"{column} = ?", (page,))
        number = self.log("delete", "delete", title, who, when, "gone",
                          php({}))
        self.db.execute(f"update {self.prefix}logging set log_page = ? where "
                        "log_id = ?", (page, number))

    def patrol(self, title, who, when):
        now, before = self.ask(
            "select rev_id, rev_parent_id from {revision} join {page} on "
            "page_latest = rev_id where page_namespace = ? and page_title = "
            "?", *split(title))[0]
        number = self.log("patrol", "patrol", title, who, when, "", php(
            {"4::curid": str(now), "5::previd": str(before), "6::auto": 0}))
        self.tag("mw-patrolled", log=number)

    def tag(self, name, log=None, revision=None):
        number = self.number("change_tag_def", "ctd_id", ctd_name=name,
                             ctd_user_defined=0)
        self.add("change_tag", ct_log_id=log, ct_rev_id=revision,
                 ct_tag_id=number, ct_rc_id=None)
        self.db.execute(
            f"update {self.prefix}change_tag_def set ctd_count = ctd_count + "
            "1 where ctd_id = ?", (number,))

    def upload(self, name, data, who, when, old=None):
        values = {"metadata": "0", "actor": self.actor(who),
                  "timestamp": when, "description_id": self.comment("file")}
        self.add("image", img_name=name, img_size=len(data), img_sha1=sha1(
            data), **{f"img_{k}": v for k, v in values.items()})
        if old:
            self.add("oldimage", oi_name=name, oi_archive_name=f"2026!{name}",
                     oi_sha1=sha1(old), **{f"oi_{k}": v
                                           for k, v in values.items()})
        self.edit(f"File:{name}", f"A file. {data}", who, when)
        self.log("upload", "upload", f"File:{name}", who, when, "", php(
            {"img_sha1": sha1(data), "img_timestamp": when}))


class View(Wiki):
    """What a wiki shows: names in the place of numbers."""

    def __init__(self, path, prefix):
        self.db = sqlite3.connect(path)
        self.prefix = prefix

    def close(self):
        self.db.close()

    def revision(self, number):
        found = self.ask("select page_title, rev_timestamp from {revision} "
                         "join {page} on page_id = rev_page where rev_id = ?",
                         int(number))
        return ":".join(found[0]) if found else f"gone {bool(int(number))}"

    def history(self, page):
        return [(when, who, why, text, self.revision(parent or 0), origin,
                 role, model)
                for when, who, why, text, parent, origin, role, model
                in self.ask("""
            select r.rev_timestamp, actor_name, comment_text, old_text,
                rev_parent_id, o.made, role_name, model_name
            from {revision} r join {actor} on actor_id = rev_actor
            join {revision_comment_temp} on revcomment_rev = rev_id
            join {comment} on comment_id = revcomment_comment_id
            join {slots} on slot_revision_id = rev_id
            join {slot_roles} on role_id = slot_role_id
            join {content} on content_id = slot_content_id
            join {content_models} on model_id = content_model
            join {text} on content_address = 'tt:' || old_id
            left join (select rev_id as n, rev_timestamp as made from
                {revision}) o
                on o.n = slot_origin
            where rev_page = ? order by r.rev_timestamp""", page)]

    def pages(self):
        return {SPACES[space] + title: {
            "history": self.history(page), "latest": self.revision(latest),
            "links": self.ask(
                "select 'page', pl_title from {pagelinks} where pl_from = ?1 "
                "union select 'file', il_to from {imagelinks} where il_from ="
                " ?1 union select 'in', cl_to from {categorylinks} where "
                "cl_from = ?1 union select 'uses', lt_title from "
                "{templatelinks} join {linktarget} on lt_id = tl_target_id "
                "where tl_from = ?1 union select 'out', el_to from "
                "{externallinks} where el_from = ?1 union select 'to', "
                "rd_title from {redirect} where rd_from = ?1 order by 1, 2",
                page)}
                for page, space, title, latest in self.ask(
                    "select page_id, page_namespace, page_title, page_latest "
                    "from {page}")}

    def params(self, text):
        if not text.startswith("a:"):
            return text
        value = parse(text)
        for name in ("associated_rev_id", "4::curid", "5::previd"):
            if name in value:
                value[name] = self.revision(value[name])
        if "5::ids" in value:
            value["5::ids"] = [self.revision(one)
                               for one in value["5::ids"].values()]
        return str(value)

    def logs(self):
        return sorted(
            (kind, action, when, who, title, page or "", why,
             self.params(params), search or "", tag or "")
            for kind, action, when, who, title, page, why, params, search, tag
            in self.ask("""
                select log_type, log_action, log_timestamp, a.actor_name,
                    log_title, page_title, comment_text, log_params,
                    s.actor_name, ctd_name
                from {logging} join {actor} a on a.actor_id = log_actor
                join {comment} on comment_id = log_comment_id
                left join {page} on page_id = log_page
                left join {log_search} on ls_log_id = log_id
                left join {actor} s on s.actor_id = ls_value
                left join {change_tag} on ct_log_id = log_id
                left join {change_tag_def} on ctd_id = ct_tag_id"""))

    def people(self):
        return {name: self.ask(
            "select 'watches', wl_title || coalesce(we_expiry, '') from "
            "{watchlist} left join {watchlist_expiry} on we_item = wl_id "
            "where wl_user = ?1 union select up_property, up_value from "
            "{user_properties} where up_user = ?1 union select 'is', ug_group"
            " from {user_groups} where ug_user = ?1 order by 1, 2", number)
                for number, name in self.ask(
                    "select user_id, user_name from {user}")}

    def actors(self):
        """Who did something, and which of them are people."""
        return self.ask("select actor_name, user_name from {actor} left join "
                        "{user} on user_id = actor_user")

    def guarded(self):
        """What is known of pages, and which may not be changed or made."""
        return self.ask(
            "select page_title, pp_propname, pp_value from {page_props} join "
            "{page} on page_id = pp_page union select page_title, pr_type, "
            "pr_level from {page_restrictions} join {page} on page_id = "
            "pr_page union select pt_title, user_name, comment_text from "
            "{protected_titles} join {user} on user_id = pt_user join "
            "{comment} on comment_id = pt_reason_id")

    def blocks(self):
        return self.ask("""
            select ipb_address, coalesce(user_name, ''), b.actor_name,
                comment_text, ir_type, coalesce(page_title, ir_value)
            from {ipblocks} join {actor} b on actor_id = ipb_by_actor
            join {comment} on comment_id = ipb_reason_id
            left join {user} on user_id = ipb_user
            left join {ipblocks_restrictions} on ir_ipb_id = ipb_id
            left join {page} on ir_type = 1 and page_id = ir_value
            order by 1, 5""")

    def files(self):
        return self.ask("""
            select img_name, img_sha1, actor_name, comment_text, oi_sha1
            from {image} join {actor} on actor_id = img_actor
            join {comment} on comment_id = img_description_id
            left join {oldimage} on oi_name = img_name order by 1""")

    def categories(self):
        """Their counters, and what they count."""
        return self.ask("""
            select cat_title, cat_pages, cat_subcats, (select count(*) from
                {categorylinks} where cl_to = cat_title), (select count(*)
                from {categorylinks} where cl_to = cat_title and cl_type =
                'subcat') from {category} order by 1""")
