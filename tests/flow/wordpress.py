"""Two sites of WordPress, carried by the shipped profile."""
import json
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
import wordpress  # noqa: E402
from application import Sides, open_db  # noqa: E402
from serialized import parse  # noqa: E402

URL = {"src": "http://wpsrc.test:18080",
       "dst": "https://ziel.example.org/blog"}
# What this site's own theme and plugins mean by their values.
OWN = """\
profile:
  use: wordpress
  prefix: {app: wp_}
  references:
    - {resource: app, from: postmeta.meta_value, where: "meta_key = 'related'",
       php: "$[*]", to: posts}
    - {resource: app, from: termmeta.meta_value, where: "meta_key = 'thumb'",
       to: posts}
    - {resource: app, from: options.option_value, php: $.term, to: terms,
       where: "option_name = 'valise_demo_serialized'"}
    - {resource: app, from: options.option_value, php: $.post, to: posts,
       where: "option_name = 'valise_demo_serialized'"}
"""


class View:
    """What WordPress shows of a database: names in the place of ids."""

    def __init__(self, path, url):
        self.db = open_db(path)
        self.url = url
        self.posts = {row[0]: row for row in self.db.execute(
            "select ID, post_type, post_name, post_title, post_content, "
            "post_author, post_parent, post_status, guid, comment_count "
            "from wp_posts")}
        self.users = dict(self.db.execute(
            "select ID, user_login from wp_users"))
        self.terms = {row[0]: f"{row[1]}:{row[2]}" for row in self.db.execute(
            "select t.term_id, taxonomy, slug from wp_terms t join "
            "wp_term_taxonomy x on x.term_id = t.term_id")}

    def close(self):
        self.db.close()

    def post(self, number):
        """By its name; a menu's item by its place, a draft by its text."""
        number = int(number)
        if number == 0:
            return None
        if number not in self.posts:
            return f"MISSING {number}"
        _, kind, name, _, content = self.posts[number][:5]
        if kind == "nav_menu_item":
            name = self.db.execute("select menu_order from wp_posts where "
                                   "ID = ?", (number,)).fetchone()[0]
        elif kind == "revision":
            name = "revision"
        return f"{kind}:{name or content}"

    def term(self, number):
        number = int(number)
        return self.terms.get(number, f"MISSING {number}") if number else None

    def text(self, text):
        text = text.replace(self.url, "{HOME}")
        text = re.sub(r'"id":(\d+)|wp-image-(\d+)|\?p=(\d+)|\?page_id=(\d+)',
                      lambda m: f"<{self.post(m[m.lastindex])}>", text)
        return re.sub(r'ids="([\d,]+)"', lambda m: "ids=" + ",".join(
            self.post(n) for n in m[1].split(",")), text)

    def meta(self, number):
        found = []
        for key, value in self.db.execute(
                "select meta_key, meta_value from wp_postmeta where post_id "
                "= ? and meta_key not in ('_pingme', '_encloseme') order by "
                "meta_key, meta_id", (number,)):
            if key in ("_thumbnail_id", "_menu_item_menu_item_parent"):
                value = self.post(value)
            elif key == "_menu_item_object_id":
                kind = self.db.execute(
                    "select meta_value from wp_postmeta where post_id = ? "
                    "and meta_key = '_menu_item_type'",
                    (number,)).fetchone()[0]
                value = (self.term if kind == "taxonomy"
                         else self.post)(value)
            elif key == "related":
                value = [self.post(v) for v in parse(value).values()]
            elif value.startswith("a:"):
                value = json.dumps(parse(value.replace(
                    self.url, "{HOME}") if "http" not in value else value))
            found.append((key, self.text(value)
                          if isinstance(value, str) else value))
        return found

    def comments(self, number):
        return [(author, text, parent, self.users.get(user, ""))
                for author, text, parent, user in self.db.execute(
                    "select c.comment_author, c.comment_content, "
                    "(select p.comment_content from wp_comments p where "
                    "p.comment_ID = c.comment_parent), c.user_id from "
                    "wp_comments c where comment_post_ID = ? order by "
                    "comment_author", (number,))]

    def all_posts(self):
        found = {}
        for (number, kind, name, title, content, author, parent, status,
             guid, count) in self.posts.values():
            if status == "auto-draft":
                continue
            terms = sorted(self.terms[row[0]] for row in self.db.execute(
                "select x.term_id from wp_term_relationships r join "
                "wp_term_taxonomy x on x.term_taxonomy_id = "
                "r.term_taxonomy_id where object_id = ?", (number,)))
            key = (self.post(number), self.post(parent) or "", content
                   if kind == "revision" or not name else "")
            key = (key[0], key[1], self.text(key[2]))
            self_named = re.match(r"(\d+)(-revision-v1|-autosave-v1)?$", name)
            found[key] = {
                "name": name if not self_named else
                self.post(self_named[1]) + (self_named[2] or ""),
                "title": title, "content": self.text(content),
                "author": self.users[author], "status": status,
                "guid": self.text(guid), "terms": terms,
                "meta": self.meta(number),
                "comments": self.comments(number), "count": count}
        return found

    def option(self, name):
        found = self.db.execute(
            "select option_value from wp_options where option_name = ?",
            (name,)).fetchone()
        return found and found[0]

    def settings(self):
        demo = parse(self.option("valise_demo_serialized"))
        theme = parse(self.option("theme_mods_twentytwentythree"))
        return {
            "name": self.option("blogname"),
            "front": self.post(self.option("page_on_front")),
            "logo": self.post(self.option("site_logo")),
            "sticky": [self.post(v) for v in
                       parse(self.option("sticky_posts")).values()],
            "menu": self.term(theme["nav_menu_locations"]["primary"]),
            "custom logo": self.post(theme["custom_logo"]),
            "opt": [self.term(demo["term"]), self.post(demo["post"]),
                    self.text(demo["url"]), demo["txt"]],
            "thumb": [(self.terms[t], self.post(v)) for t, v in
                      self.db.execute("select term_id, meta_value from "
                                      "wp_termmeta where meta_key = "
                                      "'thumb'")]}

    def counts(self):
        """What WordPress would count, beside what stands there."""
        terms = self.db.execute(
            "select taxonomy || ':' || slug, count, (select count(*) from "
            "wp_term_relationships r join wp_posts p on p.ID = r.object_id "
            "where r.term_taxonomy_id = x.term_taxonomy_id and p.post_status "
            "= 'publish') from wp_term_taxonomy x join wp_terms t on "
            "t.term_id = x.term_id").fetchall()
        posts = self.db.execute(
            "select post_name, comment_count, (select count(*) from "
            "wp_comments where comment_post_ID = ID and comment_approved = "
            "'1') from wp_posts where post_type = 'post'").fetchall()
        return terms + posts


class WordPress(Sides):
    tree_name = "uploads"

    def setUp(self):
        super().setUp()
        for side in ("src", "dst"):
            wordpress.make_database(self.db[side], side, URL[side])
            wordpress.make_uploads(self.files[side], side)
        self.write()

    def write(self, target=OWN):
        keep = "    target_only: keep\n"
        self.write_yaml(OWN + f'here: {{url: "{URL["src"]}"}}\n',
                        target=target + f'here: {{url: "{URL["dst"]}"}}\n',
                        words=keep)

    def view(self, side):
        view = View(self.db[side], URL[side])
        self.addCleanup(view.close)
        return view

    def check_transfer(self):
        """As the README of the sites says."""
        was, now = self.view("src"), self.view("dst")
        here = now.all_posts()
        for key, post in was.all_posts().items():
            self.assertEqual(post, here[key], key)
        self.assertNotIn("MISSING", str(here) + str(now.settings()))
        self.assertEqual(was.settings(), now.settings())
        self.assertEqual(["category:nachrichten", "post:erster-beitrag",
                          "{HOME}/a", "ä\0b"], now.settings()["opt"])
        for said, stands, counted in now.counts():
            self.assertEqual(counted, stands, said)
        for number in range(7):
            self.assertIn((f"post:ziel-eigen-{number}", "", ""), here)
        self.assertIn("dora", now.users.values())
        for path in self.files["src"].rglob("*.png"):
            name = path.relative_to(self.files["src"])
            self.assertEqual(path.read_bytes(),
                             (self.files["dst"] / name).read_bytes(), name)
        self.assertTrue((self.files["dst"] / "2026/11/ziel.png").exists())
        for table, column in (("options", "option_value"),
                              ("postmeta", "meta_value"),
                              ("usermeta", "meta_value")):
            for (value,) in self.ask(
                    "dst", f"select {column} from wp_{table} where {column} "
                    f"glob 'a:[0-9]*'"):
                parse(value)
        self.assertEqual("ok", self.one("dst", "pragma integrity_check"))

    def test_the_whole_of_it_in_one_commit(self):
        self.carry()
        self.check_transfer()
        for table, column in (("posts", "post_content"), ("posts", "guid"),
                              ("options", "option_value"),
                              ("users", "user_url"),
                              ("postmeta", "meta_value")):
            self.assertEqual([], self.ask(
                "dst", f"select {column} from wp_{table} where "
                f"{column} like '%wpsrc.test%'"), f"{table}.{column}")
        self.assertEqual(URL["dst"], self.view("dst").option("home"))

    def test_ids_passwords_and_comments_of_the_target(self):
        self.carry()
        self.assertEqual(11, self.one("dst", "select ID from wp_posts where "
                                      "post_name = 'erster-beitrag'"))
        self.assertEqual(2, self.one(
            "dst", "select t.term_id from wp_terms t join wp_term_taxonomy x "
            "on x.term_id = t.term_id where slug = 'nachrichten' and "
            "taxonomy = 'category'"))
        self.assertTrue(self.one(
            "dst", "select user_pass from wp_users where user_login = 'carl'"
            ).startswith("$P$B7I3"))
        self.assertEqual(0, self.one("dst", "select count(*) from "
                                     "wp_comments where comment_author = "
                                     "'Zielgast'"))

    def test_a_site_may_keep_the_comments_it_has(self):
        self.write(target=OWN + "  tables:\n    - {resource: app, table: "
                   "comments, target_only: keep}\n")
        self.carry()
        self.assertEqual(1, self.one("dst", "select count(*) from "
                                     "wp_comments where comment_author = "
                                     "'Zielgast'"))
        self.assertEqual(3, self.one("dst", "select comment_count from "
                                     "wp_posts where post_name = "
                                     "'erster-beitrag'"))

    def test_a_second_import_changes_nothing(self):
        self.carry()
        result = self.site.import_(self.site.export())
        self.assert_says(result, "nothing")
        self.check_transfer()

    def test_a_renamed_post_stays_the_same_one(self):
        self.carry()
        here = self.one("dst", "select ID from wp_posts where post_name = "
                        "'startseite'")
        self.do("src", "update wp_posts set post_name = 'willkommen' where "
                "post_name = 'startseite'")
        self.carry()
        self.assertEqual(here, self.one("dst", "select ID from wp_posts where"
                                        " post_name = 'willkommen'"))
        self.check_transfer()

    def test_the_profile_is_proved_against_the_source(self):
        result = self.site.run("valise", "check-profile",
                               self.site.source_yaml)
        self.assertNotRegex(result.said, "[1-9][0-9]* dangling")
        self.assert_says(result, "would go")


if __name__ == "__main__":
    unittest.main()
