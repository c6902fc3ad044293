"""Secrets of a deployment server like Octopus Deploy: a cipher without a MAC,
whose values the server encrypts anew with every save."""
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
import octopus_site as octopus  # noqa: E402
from application import Sides  # noqa: E402


# The first opens no value of either side.  Of what the source (the target)
# has in `variable` the other one opens one, by chance: the padding is right.
WRONG = "xMpCOKC5I4INzFCab3WEmw=="
BY_CHANCE = {"src": "ICy5YqxZB1uWSwcVLSNLcA==",
             "dst": "mPE3CCEBlMR1aHvmEGo7hA=="}


class Octopus(Sides):
    tree_name = None

    def setUp(self):
        super().setUp()
        self.keys = {side: octopus.key_of(side) for side in ("src", "dst")}
        for side in ("src", "dst"):
            octopus.make_database(self.db[side], side)
            self.write_key(side, self.keys[side])
        self.sites()

    def sites(self, words=""):
        self.write_yaml(f"profile: {{use: {octopus.PROFILE}}}\n", sides={
            side: "master_keys:\n  - {name: octopus, file: "
            f"{self.key_file(side)}{words}}}\n" for side in ("src", "dst")})

    def key_file(self, side):
        return self.folder / f"{side}-master.key"

    def write_key(self, side, key):
        self.key_file(side).touch(mode=0o600)
        self.key_file(side).write_text(key)

    def opened(self, side):
        return octopus.all_opened(self.db[side], self.keys[side])

    def all_rows(self, side):
        tables = [row[0] for row in self.ask(
            side, "select name from sqlite_schema where type = 'table'"
            " and name <> 'valise_import'")]
        return {table: self.ask(side, f"select * from {table}")
                for table in tables}

    def put(self, name, text, column="value", table="variable"):
        self.ask("src", f"update {table} set {column} = ? where name = ?",
                 octopus.sealed(text, self.keys["src"]), name)

    def manifest(self, bundle):
        out = self.site.run("valise", "ls", "--json", bundle,
                            *self.site.identity).out
        return [line for line in out.splitlines() if '"r":' in line]

    def assert_none_shown(self, result):
        for side in ("src", "dst"):
            for text in self.opened(side).values():
                for line in text.splitlines():
                    self.assertNotIn(line, result.said)

    def test_every_value_opens_at_the_target_with_its_own_key(self):
        was, own = self.opened("src"), self.opened("dst")
        self.assertEqual("success", was["variable", "value",
                                        "Web shop/Documented/"])
        self.assertEqual(9, len(was))
        result = self.carry()
        now = self.opened("dst")
        self.assertEqual(was, {place: now[place] for place in was})
        self.assertEqual({place: own[place] for place in own.keys() - was},
                         {place: now[place] for place in now.keys() - was})
        self.assertIn(("variable", "value", "Wiki/Wiki.Password/"), now)
        self.assertEqual(
            [("shop.example.test",)], self.ask(
                "dst", "select c.name from variable v join certificate c "
                "on c.id = v.value where v.type = 'Certificate'"))
        self.assert_none_shown(result)

    def test_what_is_the_same_under_two_keys_is_not_written(self):
        sql = ("select value from variable where name = 'Database.Password' "
               "and environment_id = 7")
        before = self.one("dst", sql)
        self.carry()
        self.assertEqual(before, self.one("dst", sql))

    def test_a_second_import_changes_nothing(self):
        self.carry()
        before = self.all_rows("dst")
        self.assert_says(self.site.import_(self.site.export()), "nothing")
        self.assertEqual(before, self.all_rows("dst"))

    def test_a_save_with_new_ivs_is_no_difference(self):
        self.carry()
        first, target = self.manifest(self.bundle), self.all_rows("dst")
        before = self.all_rows("src")
        octopus.sealed_anew(self.db["src"], self.keys["src"])
        self.assertEqual({"variable", "certificate", "account"}, {
            table for table, rows in self.all_rows("src").items()
            if rows != before[table]})
        bundle = self.site.export()
        self.assertEqual(first, self.manifest(bundle))
        self.assertEqual("", self.diff(bundle))
        self.assert_says(self.site.import_(bundle), "nothing")
        self.assertEqual(target, self.all_rows("dst"))

    def diff(self, bundle):
        return self.site.run("valise", "diff", self.bundle, bundle,
                             *self.site.identity).out

    def test_one_change_is_one_line_of_manifest_preview_and_diff(self):
        self.carry()
        first, before = self.manifest(self.bundle), self.all_rows("dst")
        octopus.sealed_anew(self.db["src"], self.keys["src"])
        self.put("Api.Key", "API-the-new-one")
        bundle = self.site.export()
        now = self.manifest(bundle)
        changed = [pair for pair in zip(first, now) if pair[0] != pair[1]]
        self.assertEqual(len(first), len(now))
        self.assertEqual(1, len(changed), changed)
        self.assertIn('"Api.Key"', changed[0][1])
        shown = self.diff(bundle)
        self.assertRegex(shown, r"\As\tapp/variable/.*Api\.Key.*\t"
                                r"secret changed\n\Z")
        result = self.site.preview(bundle)
        self.assertEqual(1, sum(line.startswith("app") and
                                "secret changed" in line
                                for line in result.out.splitlines()))
        self.site.import_(bundle)
        after = self.all_rows("dst")
        self.assertEqual(1, len([pair for pair in zip(
            before.pop("variable"), after.pop("variable"))
            if pair[0] != pair[1]]))
        self.assertEqual(before, after)
        self.assertEqual("API-the-new-one", self.opened("dst")[
            "variable", "value", "Web shop/Api.Key/"])

    def test_one_in_json_changes_alone(self):
        self.carry()
        self.ask("src", "update account set details = json_set(details, "
                 "'$.Password', ?)", octopus.sealed(
                     "another one", self.keys["src"]))
        bundle = self.site.export()
        self.assertRegex(self.diff(bundle),
                         r"\As\tapp/account/.*\tsecret changed\n\Z")
        self.site.import_(bundle)
        self.assertEqual(
            '{"Username":"deploy","Password":"another one"}',
            self.opened("dst")["account", "details", "Deployer"])

    def values_that_open(self, side, key):
        count = 0
        for (value,) in self.ask(side, "select value from variable where "
                                 "type = 'Sensitive' and value is not null"):
            try:
                octopus.opened(value, key)
                count += 1
            except (subprocess.CalledProcessError, UnicodeDecodeError) as e:
                count += isinstance(e, UnicodeDecodeError)
        return count

    def refused_with(self, side, key, *said):
        """The side with another key: nothing is exported, or changed."""
        bundle = self.site.export() if side == "dst" else None
        media = list(self.site.medium.iterdir())
        before = self.all_rows("dst")
        self.write_key(side, key)
        result = (self.site.export(expect=2) if side == "src" else
                  self.refused_import(4, bundle))
        self.assert_says(result, "master key 'octopus'", *said)
        self.assertEqual(before, self.all_rows("dst"))
        self.assertEqual(media, list(self.site.medium.iterdir()))
        self.assert_none_shown(result)

    def test_a_wrong_key_of_the_source_ends_the_export(self):
        self.assertEqual(0, self.values_that_open("src", WRONG))
        self.refused_with("src", WRONG, "'account.details'", "row ",
                          "no value opens")

    def test_a_wrong_key_of_the_target_changes_nothing(self):
        self.assertEqual(0, self.values_that_open("dst", WRONG))
        self.refused_with("dst", WRONG, "'account.details'", "row ",
                          "no value opens")

    def test_a_wrong_key_that_opens_a_value_by_chance_is_found(self):
        for side in ("src", "dst"):
            self.do(side, "delete from account; delete from certificate;"
                    "delete from variable where type = 'Certificate'")
        for side in ("dst", "src"):
            self.assertEqual(1, self.values_that_open(side, BY_CHANCE[side]))
            self.refused_with(side, BY_CHANCE[side], "'variable.value'",
                              "row ", "most values do not open")
            self.write_key(side, self.keys[side])

    def test_so_it_is_by_values_that_are_there_to_check_it(self):
        self.sites(", check: {resource: app, column: variable.value}")
        for side in ("dst", "src"):
            self.refused_with(side, BY_CHANCE[side], "'check'",
                              "most values do not open")
            self.write_key(side, self.keys[side])


if __name__ == "__main__":
    unittest.main()
