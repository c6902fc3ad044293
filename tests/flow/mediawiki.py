"""Two wikis of MediaWiki, carried by the shipped profile."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
import mediawiki  # noqa: E402
import packages  # noqa: E402
from application import Sides  # noqa: E402

if packages.find(mediawiki.SCHEMA) is None:
    print("skipped: Debian's package mediawiki is neither installed nor below "
          "VALISE_PACKAGES")
    sys.exit(77)

PREFIX = {"src": "wiki_", "dst": "w"}


class MediaWiki(Sides):
    tree_name = "images"

    def setUp(self):
        super().setUp()
        schema = packages.find(mediawiki.SCHEMA)
        for side, make in (("src", self.make_source),
                           ("dst", self.make_target)):
            wiki = mediawiki.Wiki(self.db[side], schema, PREFIX[side],
                                  100 if side == "src" else 3000)
            make(wiki)
            wiki.close()
        self.write()

    def write(self, more=""):
        both = {side: "profile:\n  use: mediawiki\n  prefix: {app: "
                f"{PREFIX[side]}}}\n" for side in PREFIX}
        self.write_yaml(both["src"], target=both["dst"] + more,
                        words="    target_only: keep\n")

    def make_source(self, wiki):
        wiki.user("Ada", language="de", watchcreations="1")
        wiki.user("Carl", skin="vector")
        wiki.edit("Main Page", "Welcome to [[Ships]].", "Ada",
                  "20261101100000", "begun")
        wiki.edit("Ships", "A [[Boat]] and [[File:Ship.png]] {{Box}} "
                  "[[Category:Sea]] https://example.org/?curid=5", "Carl",
                  "20261101110000", "new")
        wiki.edit("Ships", "Two ships. [[Category:Sea]] {{Box}}", "Ada",
                  "20261101120000", "more")
        wiki.edit("Ships", "Vandals.", "203.0.113.9", "20261101130000")
        wiki.edit("Ships", "Two ships. [[Category:Sea]] {{Box}}", "Carl",
                  "20261101140000", "as before")
        wiki.edit("Template:Box", "A box.", "Ada", "20261101120100")
        wiki.edit("Category:Sea", "[[Category:World]]", "Ada",
                  "20261101120200")
        wiki.edit("Long", "word " * 2000, "Ada", "20261101120300")
        wiki.upload("Ship.png", "picture", "Carl", "20261101150000", "older")
        wiki.edit("Boats", "Small. [[Category:Sea]]", "Ada",
                  "20261101160000")
        wiki.move("Boats", "Boat", "Carl", "20261101170000")
        wiki.edit("Spam", "Buy! [[Category:Sea]]", "203.0.113.9",
                  "20261101180000")
        wiki.delete("Spam", "Ada", "20261101190000")
        wiki.patrol("Ships", "Ada", "20261101200000")
        wiki.tag("mw-undo", revision=wiki.ask(
            "select max(rev_id) from {revision}")[0][0])
        page = wiki.page_id("Ships")
        wiki.add("page_props", pp_page=page, pp_propname="displaytitle",
                 pp_value="Ships!")
        wiki.add("page_restrictions", pr_page=page, pr_type="edit",
                 pr_level="sysop", pr_cascade=0, pr_expiry="infinity")
        wiki.add("protected_titles", pt_namespace=0, pt_title="Never",
                 pt_user=wiki.numbers["user", "Ada"], pt_reason_id=wiki.comment(
                     "no"), pt_timestamp="20261101200000",
                 pt_expiry="infinity", pt_create_perm="sysop")
        hidden = wiki.ask("select rev_id from {revision} where rev_timestamp "
                          "= '20261101130000'")[0][0]
        wiki.log("delete", "revision", "Ships", "Ada", "20261101210000", "",
                 mediawiki.php({"4::type": "revision", "5::ids": {
                     0: str(hidden)}, "6::ofield": 0, "7::nfield": 1}))
        wiki.watch("Ada", "Ships")
        wiki.watch("Ada", "Boat", "20271101000000")
        wiki.block("Carl", "Ada", "Main Page")
        wiki.block("203.0.113.9", "Ada", "Ships", auto=1)
        for table, values in (
                ("objectcache", {"keyname": "x", "value": "y",
                                 "exptime": ""}),
                ("job", {"job_cmd": "refresh", "job_namespace": 0,
                         "job_title": "x", "job_params": ""}),
                ("bot_passwords", {"bp_user": wiki.numbers["user", "Ada"],
                                   "bp_app_id": "a", "bp_password": "p",
                                   "bp_restrictions": "", "bp_grants": ""})):
            wiki.add(table, **values)
        self.put("src", "a/a2/Ship.png", "picture")

    def make_target(self, wiki):
        wiki.user("Dora", language="en")
        wiki.user("Carl", skin="monobook", gender="x")
        wiki.edit("Own", "Ours. [[Category:Sea]]", "Dora", "20261031100000",
                  "begun")
        wiki.edit("Main Page", "Our [[Own]] welcome.", "Dora",
                  "20261031110000", "ours")
        wiki.edit("Category:Sea", "Ours.", "Dora", "20261031120000")
        wiki.upload("Own.png", "ours", "Dora", "20261031130000")
        wiki.watch("Dora", "Own")
        wiki.watch("Carl", "Own")
        wiki.block("198.51.100.7", "Dora", "Own")
        wiki.tag("mw-undo", revision=wiki.ask(
            "select max(rev_id) from {revision}")[0][0])
        self.put("dst", "b/b1/Own.png", "ours")

    def put(self, side, name, text):
        path = self.files[side] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def view(self, side):
        view = mediawiki.View(self.db[side], PREFIX[side])
        self.addCleanup(view.close)
        return view

    def check_transfer(self):
        was, now = self.view("src"), self.view("dst")
        here = now.pages()
        for title, page in was.pages().items():
            mine = here[title]
            self.assertEqual([], [one for one in page.pop("history")
                                  if one not in mine["history"]], title)
            self.assertEqual(page["latest"], mine["latest"], title)
            self.assertEqual(page["links"], mine["links"], title)
        self.assertEqual([], [line for line in was.logs()
                              if line not in now.logs()])
        people = now.people()
        for name, said in was.people().items():
            self.assertEqual([], [one for one in said
                                  if one not in people[name]], name)
        self.assertEqual([], [one for one in was.blocks() if one not in
                              now.blocks() and one[0] != "203.0.113.9"])
        self.assertEqual([], [one for one in was.actors()
                              if one not in now.actors()])
        self.assertEqual([], [one for one in was.guarded()
                              if one not in now.guarded()])
        self.assertEqual([], [one for one in was.files()
                              if one not in now.files()])
        for title, pages, subcats, found, below in now.categories():
            self.assertEqual((found, below), (pages, subcats), title)
        self.assertEqual("picture", (self.files["dst"] / "a/a2/Ship.png"
                                     ).read_text())
        self.assertEqual("ok", self.one("dst", "pragma integrity_check"))

    def check_own(self):
        """What only the target has is as it was."""
        now = self.view("dst")
        here = now.pages()
        self.assertEqual("Ours. [[Category:Sea]]",
                         here["Own"]["history"][0][3])
        self.assertIn("Our [[Own]] welcome.", [
            one[3] for one in here["Main_Page"]["history"]])
        people = now.people()
        self.assertIn(("watches", "Own"), people["Dora"])
        self.assertIn(("gender", "x"), people["Carl"])
        self.assertIn("198.51.100.7", [one[0] for one in now.blocks()])
        self.assertNotIn("203.0.113.9", [one[0] for one in now.blocks()])
        self.assertIn("Own.png", [one[0] for one in now.files()])
        self.assertEqual("ours", (self.files["dst"] / "b/b1/Own.png"
                                  ).read_text())
        for table in ("objectcache", "job", "bot_passwords", "archive"):
            self.assertEqual(0, self.one("dst", "select count(*) from "
                                         f"{PREFIX['dst']}{table}"), table)

    def test_the_whole_of_it_in_one_commit(self):
        self.carry()
        self.check_transfer()
        self.check_own()
        self.assertEqual(":pbkdf2:wCarl", self.one(
            "dst", "select user_password from wuser where user_name = "
            "'Carl'"))

    def test_a_second_import_changes_nothing(self):
        self.carry()
        self.assert_says(self.site.import_(self.site.export()), "nothing")
        self.check_transfer()

    def test_a_page_that_moved_stays_the_same_one(self):
        self.carry()
        find = "select page_id from {}page where page_title = '{}'"
        here = self.one("dst", find.format("w", "Long"))
        self.do("src", "update wiki_page set page_title = 'Short' where "
                "page_title = 'Long'")
        self.carry()
        self.assertEqual(here, self.one("dst", find.format("w", "Short")))
        self.check_transfer()

    def test_the_profile_is_proved_against_the_source(self):
        result = self.site.run("valise", "check-profile",
                               self.site.source_yaml)
        self.assert_says(result, "would go")


if __name__ == "__main__":
    unittest.main()
