"""Two Roundcubes, carried by the shipped profile."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
import packages  # noqa: E402
from application import Sides, open_db  # noqa: E402
from serialized import parse  # noqa: E402

SCHEMA = "usr/share/roundcube/SQL/sqlite.initial.sql"
if packages.find(SCHEMA) is None:
    print("skipped: Debian's package roundcube-core is neither installed nor "
          "below VALISE_PACKAGES")
    sys.exit(77)

SPELLING = 'a:2:{i:0;s:6:"valise";i:1;s:9:"Rücksack";}'


class Mail:
    """A Roundcube, filled as it does; ids begin at `number`."""

    def __init__(self, path, schema, number):
        self.db = open_db(path)
        self.db.executescript(schema.read_text())
        self.last = number

    def add(self, table, column, **values):
        if column:
            self.last += 1
            values[column] = self.last
        names = ", ".join(f'"{name}"' for name in values)
        self.db.execute(f"insert into {table} ({names}) values "
                        f"({', '.join('?' * len(values))})",
                        list(values.values()))
        return self.last

    def user(self, name, preferences, host="localhost"):
        return self.add("users", "user_id", username=name, mail_host=host,
                        last_login=f"by {self.last}", language="de_DE",
                        preferences=preferences)

    def contact(self, user, name, email, **more):
        return self.add("contacts", "contact_id", user_id=user, name=name,
                        email=email, changed="2026-11-01 10:00:00",
                        vcard=f"BEGIN:VCARD\r\nFN:{name}\r\nEND:VCARD",
                        words=name.lower(), **more)

    def group(self, user, name, *contacts, **more):
        number = self.add("contactgroups", "contactgroup_id", user_id=user,
                          name=name, **more)
        for contact in contacts:
            self.add("contactgroupmembers", None, contactgroup_id=number,
                     contact_id=contact)
        return number


class Roundcube(Sides):
    tree_name = None

    def setUp(self):
        super().setUp()
        schema = packages.find(SCHEMA)
        self.make_source(Mail(self.db["src"], schema, 10))
        self.make_target(Mail(self.db["dst"], schema, 700))
        self.write_yaml("profile: roundcube\n")

    def make_source(self, mail):
        ada = mail.user("ada@example.org", 'a:3:{s:8:"timezone";s:13:"Europe/'
                        'Berlin";s:12:"htmleditor";i:1;s:19:'
                        '"default_addressbook";s:1:"0";}')
        mail.add("identities", "identity_id", user_id=ada, standard=1,
                 name="Ada", email="ada@example.org", signature="A.")
        mail.add("identities", "identity_id", user_id=ada, name="Office",
                 email="office@example.org", bcc="ada@example.org")
        mail.add("identities", "identity_id", user_id=ada, name="Old",
                 email="old@example.org", **{"del": 1})
        mail.add("responses", "response_id", user_id=ada, name="Thanks",
                 data="Thank you.")
        blaise = mail.contact(ada, "Blaise", "blaise@example.org")
        twins = [mail.contact(ada, "Twin", "") for _ in range(2)]
        gone = mail.contact(ada, "Gone", "gone@example.org", **{"del": 1})
        mail.group(ada, "Friends", blaise, twins[1], gone)
        mail.group(ada, "Empty")
        mail.group(ada, "Left", blaise, **{"del": 1})
        eve = mail.user("eve@example.org", None)
        mail.contact(eve, "Blaise", "other@example.org")
        for kind in (1, 2):
            mail.add("collected_addresses", "address_id", user_id=ada,
                     email="shop@example.org", type=kind)
        mail.add("dictionary", None, user_id=ada, language="de",
                 data=SPELLING)
        mail.add("dictionary", None, user_id=None, language="en",
                 data='a:1:{i:0;s:6:"minify";}')
        mail.add("searches", "search_id", user_id=ada, type=1, name="New",
                 data='a:1:{s:6:"filter";s:6:"UNSEEN";}')
        mail.add("filestore", "file_id", user_id=ada, context="enigma",
                 filename="pubring.kbx", mtime=1, data="a2V5")
        mail.add("session", None, sess_id="s1", vars="secret")
        mail.add("cache", None, user_id=ada, cache_key="k", data="d")
        mail.add("cache_messages", None, user_id=ada, mailbox="INBOX", uid=1,
                 data="d")
        mail.db.close()

    def make_target(self, mail):
        mail.user("dora@example.org", None)
        ada = mail.user("ada@example.org", 'a:1:{s:8:"timezone";s:3:"UTC";}')
        mail.add("identities", "identity_id", user_id=ada, standard=1,
                 name="Ada", email="ada@example.org", signature="Other")
        mail.add("identities", "identity_id", user_id=ada, name="Own",
                 email="own@example.org")
        own = mail.contact(ada, "Own", "own@example.org")
        twin = mail.contact(ada, "Twin", "")
        mail.group(ada, "Friends", own, twin)
        mail.add("session", None, sess_id="t1", vars="theirs")
        mail.add("dictionary", None, user_id=ada, language="en", data="a:0:{}")
        mail.db.close()

    def rows(self, side, table, columns, more=""):
        """With whose they are in the place of a number."""
        return self.ask(side, f"select username, {columns} from {table} x "
                        "left join users u on u.user_id = x.user_id "
                        f"{more} order by 1, 2, 3")

    def view(self, side):
        live = "where del = 0"
        return {
            "users": self.ask(side, "select username, mail_host, language, "
                              "preferences from users order by 1"),
            "identities": self.rows(side, "identities", "email, name, bcc, "
                                    "standard, signature", live),
            "responses": self.rows(side, "responses", "name, data", live),
            "contacts": self.rows(side, "contacts", "name, email, vcard, "
                                  "words", live),
            "groups": self.ask(
                side, "select username, g.name, c.name, c.email from "
                "contactgroups g join users u on u.user_id = g.user_id left "
                "join contactgroupmembers m on m.contactgroup_id = "
                "g.contactgroup_id left join contacts c on c.contact_id = "
                "m.contact_id where g.del = 0 and coalesce(c.del, 0) = 0 "
                "order by 1, 2, 3"),
            "addresses": self.rows(side, "collected_addresses",
                                   "email, type"),
            "dictionary": self.rows(side, "dictionary", "x.language, x.data"),
            "searches": self.rows(side, "searches", "type, name, data"),
            "files": self.rows(side, "filestore", "context, filename, data")}

    def check_transfer(self):
        was, now = self.view("src"), self.view("dst")
        for table, rows in was.items():
            self.assertEqual([], [row for row in rows
                                  if row not in now[table]], table)
        self.assertEqual(SPELLING, next(
            row[2] for row in now["dictionary"] if row[1] == "de"))
        for row in now["dictionary"]:
            parse(row[2])
        self.assertEqual(2, sum(row[1] == "Twin" for row in now["contacts"]))
        self.assertEqual("ok", self.one("dst", "pragma integrity_check"))
        self.assertEqual([], self.ask("dst", "pragma foreign_key_check"))

    def test_the_whole_of_it_in_one_commit(self):
        self.carry()
        self.check_transfer()
        now = self.view("dst")
        self.assertIn(("dora@example.org", "localhost", "de_DE", None),
                      now["users"])
        self.assertIn("own@example.org", [row[1] for row in
                                          now["identities"]])
        self.assertIn(("ada@example.org", "Friends", "Own",
                       "own@example.org"), now["groups"])
        self.assertIn("Own", [row[1] for row in now["contacts"]])
        self.assertNotIn("Gone", [row[1] for row in now["contacts"]])
        self.assertNotIn("Left", [row[1] for row in now["groups"]])
        self.assertEqual([("t1", "theirs")], self.ask(
            "dst", "select sess_id, vars from session"))
        self.assertEqual(0, self.one("dst", "select count(*) from cache"))
        self.assertEqual("by 701", self.one(
            "dst", "select last_login from users where username like 'ada%'"))

    def test_a_second_import_changes_nothing(self):
        self.carry()
        self.assert_says(self.site.import_(self.site.export()), "nothing")
        self.check_transfer()

    def test_what_was_brought_and_is_deleted_goes(self):
        self.carry()
        here = self.one("dst", "select contactgroup_id from contactgroups "
                        "where name = 'Empty'")
        self.do("src", """
            update contacts set name = 'Pascal' where email =
                'blaise@example.org';
            update contacts set del = 1 where email = 'other@example.org';
            update contactgroups set name = 'Full' where name = 'Empty'""")
        self.carry()
        self.check_transfer()
        self.assertEqual([("Pascal", "blaise@example.org")], self.ask(
            "dst", "select name, email from contacts where name in "
            "('Blaise', 'Pascal')"))
        self.assertEqual("Full", self.one(
            "dst", "select name from contactgroups where contactgroup_id = "
            "?", here))

    def test_a_mail_server_of_another_name(self):
        self.do("src", "update users set mail_host = 'imap.a.example'")
        self.do("dst", "update users set mail_host = 'mail.b.example'")
        self.write_yaml(
            "profile: roundcube\nhere: {imap: imap.a.example}\n",
            target="profile: roundcube\nhere: {imap: mail.b.example}\n")
        self.carry()
        self.assertEqual([("mail.b.example",)], self.ask(
            "dst", "select distinct mail_host from users"))
        self.assertEqual(3, self.one("dst", "select count(*) from users"))

    def test_the_profile_is_proved_against_the_source(self):
        result = self.site.run("valise", "check-profile",
                               self.site.source_yaml)
        self.assert_says(result, "would go")


if __name__ == "__main__":
    unittest.main()
