"""A site of WordPress with something of all that its profile speaks of."""
import re
import sqlite3

import wordpress
from make_app import php
from sample_rows import NOBODY, PROFILES, WHEN, Rows, site_of

URL = {"src": "http://wpsrc.test:18080", "dst": "https://ziel.example.org"}
TERM = 3            # has another number at the target


class WordPress:
    name = "wordpress"

    def make(self, root, side):
        path = root / side / "app.db"
        wordpress.make_database(path, side, URL[side])
        (root / side / "tree").mkdir()
        wordpress.make_uploads(root / side / "tree", side)
        with Rows(path, "wp_") as rows:
            self.left_out(rows, side)
            self.people(rows, side)
            self.posts(rows, side)
            if side == "src":
                self.terms(rows)
                self.texts(rows)
                self.settings(rows)
                self.broken(rows)
            else:
                self.own(rows)

    @staticmethod
    def site(root, side, keys):
        trust = f"trust: [{{sender: {keys}/sender.pub}}]\n"
        return site_of(
            root, side, "uploads", "profile:\n  use: ./app.yaml\n"
            "  prefix: {app: wp_}\n  references:\n"
            "    - {resource: app, from: postmeta.meta_value, where: "
            "\"meta_key = 'related'\", php: \"$[*]\", to: posts}\n"
            "    - {resource: app, from: termmeta.meta_value, where: "
            "\"meta_key = 'thumb'\", to: posts}\n"
            f"here: {{url: \"{URL[side]}\"}}\n",
            trust if side == "dst" else "")

    @staticmethod
    def plain(value):
        """Nothing is encrypted."""
        return value

    @staticmethod
    def later(root):
        """The source a while later."""
        db = sqlite3.connect(root / "src" / "app.db")
        db.executescript("""
            update wp_posts set post_name = 'willkommen' where post_name =
                'startseite';
            delete from wp_users where user_login = 'gone';
            delete from wp_usermeta where meta_key = 'gone';
            delete from wp_options where option_name = 'gone';
            delete from wp_posts where post_name = '4-revision-v1' and
                post_author = 2;
            update wp_options set option_value = '99999' where option_name in
                ('page_on_front', 'default_category');""")
        db.close()

    @staticmethod
    def left_out(rows, side):
        """What the profile leaves out, as the two sides do not have it."""
        text = (PROFILES / "wordpress.yaml").read_text()
        names = re.findall(r"'([a-z_.]+)'", text[
            text.index("option_name like '\\_transient"):
            text.index("{table: options, key")])
        for name in (*names, "_transient_x", "_site_transient_x",
                     "x_children"):
            rows.do("delete from wp_options where option_name = ?", name)
            if name in ("home", "siteurl"):
                value = URL[side]
            elif name == "db_version":
                value = "53496"
            else:
                value = f"of {side}"
            rows.add("options", option_name=name, option_value=value,
                     autoload="yes")
        for name in ("session_tokens", "community-events-location",
                     "default_password_nag"):
            rows.add("usermeta", user_id=1, meta_key=name,
                     meta_value=f"of {side}")
        post = rows.one("select ID from wp_posts where post_name = "
                        "'erster-beitrag'")
        for name in ("_edit_lock", "_pingme", "_encloseme"):
            rows.add("postmeta", post_id=post, meta_key=name,
                     meta_value=f"of {side}")

    @staticmethod
    def people(rows, side):
        for column in ("user_pass", "user_activation_key"):
            rows.do(f"update wp_users set {column} = ? where user_login = "
                    "'carl'", f"{column} of {side}")
        if side == "dst":
            return
        gone = rows.add("users", user_login="gone", user_nicename="gone")
        carl = rows.one("select ID from wp_users where user_login = 'carl'")
        for user, key, value in (
                (carl, "twice", "a"), (carl, "twice", "b"), (gone, "x", "y"),
                (carl, "gone", "z"), (NOBODY, "nobody's", "x"),
                (carl, "about", f"see {URL['src']}/x")):
            rows.add("usermeta", user_id=user, meta_key=key, meta_value=value)

    @staticmethod
    def posts(rows, side):
        """Both have the first two; a part of their key tells others apart."""
        post = rows.one("select ID from wp_posts where post_name = "
                        "'erster-beitrag'")
        author = rows.one("select ID from wp_users where user_login = 'carl'")

        def add(kind, name, **more):
            return rows.add("posts", **dict({
                "post_type": kind, "post_name": name, "post_title": name,
                "post_status": "publish", "post_author": author,
                "post_date": WHEN, "post_modified_gmt": WHEN,
                "comment_count": 7}, **more))

        add("post", "both")
        comment = rows.add(
            "comments", comment_post_ID=post, comment_author="Both",
            comment_date_gmt=WHEN, comment_approved="1")
        rows.add("commentmeta", comment_id=comment, meta_key=f"of {side}",
                 meta_value="x")
        rows.add("commentmeta", comment_id=comment if side == "dst" else 1,
                 meta_key="shared", meta_value=side)
        if side == "dst":
            return
        for kind in ("oembed_cache", "user_request"):
            add(kind, kind)
        add("page", "both")
        top = add("page", "top")
        add("page", "both", post_parent=top)
        add("page", "lost", post_parent=NOBODY)
        # Names that only look like those of items and revisions.
        add("page", "5")
        add("page", f"{post}-revision-notes")
        for author in (author, 1):
            for when in (WHEN, WHEN, "2026-11-04 10:00:00"):
                add("revision", f"{post}-revision-v1", post_parent=post,
                    post_author=author, post_modified_gmt=when,
                    post_content=f"{author} {when}")
                add("post", "", post_status="draft", post_author=author,
                    post_date=when, post_content=f"{author} {when}")
        add("revision", f"{NOBODY}-revision-v1", post_parent=post,
            post_author=1, post_modified_gmt="2026-11-05 10:00:00")
        add("page", "", post_status="draft")
        menu = rows.one("select term_taxonomy_id from wp_term_taxonomy where "
                        "taxonomy = 'nav_menu'")
        for order, name in ((50, NOBODY), (50, "again"), (51, "last")):
            item = add("nav_menu_item", str(name), menu_order=order)
            rows.add("term_relationships", object_id=item,
                     term_taxonomy_id=menu)
            for key, value in (("_menu_item_type", "post_type"),
                               ("_menu_item_object_id", NOBODY),
                               ("_menu_item_menu_item_parent", NOBODY)):
                rows.add("postmeta", post_id=item, meta_key=key,
                         meta_value=str(value))
        for order, term in ((52, NOBODY), (53, TERM)):
            item = add("nav_menu_item", "term", menu_order=order)
            rows.add("term_relationships", object_id=item,
                     term_taxonomy_id=menu)
            for key, value in (("_menu_item_type", "taxonomy"),
                               ("_menu_item_object_id", term)):
                rows.add("postmeta", post_id=item, meta_key=key,
                         meta_value=str(value))
        for value in ("a", "b"):
            rows.add("postmeta", post_id=post, meta_key="twice",
                     meta_value=value)
            rows.add("commentmeta", comment_id=comment, meta_key="twice",
                     meta_value=value)
        for text in ("first", "second"):
            rows.add("comments", comment_post_ID=post, comment_author="Twice",
                     comment_date_gmt=WHEN, comment_approved="1",
                     comment_content=text)
        rows.add("commentmeta", comment_id=comment, meta_key="home",
                 meta_value=URL["src"])

    @staticmethod
    def terms(rows):
        def add(slug, taxonomy, parent=0, **more):
            term = rows.add("terms", slug=slug, name=slug)
            return term, rows.add(
                "term_taxonomy", term_id=term, taxonomy=taxonomy,
                parent=parent, count=7, **more)

        above = [add(name, "category")[0] for name in ("north", "south")]
        for parent in above:
            add("same", "category", parent)
        add("lost", "category", NOBODY)
        tag, number = add("described", "post_tag",
                          description=f"see {URL['src']}/tag")
        for value in ("a", "b"):
            rows.add("termmeta", term_id=tag, meta_key="twice",
                     meta_value=value)
        rows.add("termmeta", term_id=tag, meta_key="home",
                 meta_value=URL["src"])
        _, links = add("blogroll", "link_category")
        for n, owner in enumerate((1, NOBODY)):
            link = rows.add("links", link_url=f"{URL['src']}/one", link_name=f"n{n}",
                            link_owner=owner, link_image=f"{URL['src']}/i",
                            link_rss=f"{URL['src']}/rss")
            rows.add("term_relationships", object_id=link,
                     term_taxonomy_id=links)
        rows.add("links", link_url="https://other.example", link_name="n0",
                 link_owner=1)
        for post, taxonomy in ((NOBODY, number), (1, NOBODY)):
            rows.add("term_relationships", object_id=post,
                     term_taxonomy_id=taxonomy)

    @staticmethod
    def texts(rows):
        picture = rows.one("select ID from wp_posts where post_type = "
                           "'attachment' order by ID limit 1")
        text = ""
        for number in (picture, NOBODY):
            text += (
                f'<!-- wp:image {{"id":{number}}} -->\n<!-- wp:block '
                f'{{"ref":{number}}} /-->\n<!-- wp:gallery {{"ids":[{number},'
                f'{picture}]}} -->\n<img class="wp-image-{number}">\n'
                f'[gallery ids="{number},{picture}"]\n[caption id='
                f'"attachment_{number}"]\n{URL["src"]}/?p={number}\n'
                f'{URL["src"]}/?cat={TERM if number == picture else number}\n')
        rows.add("posts", post_type="post", post_name="texts", post_author=1,
                 post_status="publish", post_content=text,
                 post_excerpt=f"{URL['src']}/e", post_date=WHEN,
                 post_content_filtered=f"{URL['src']}/f", guid=URL["src"] +
                 f"/?p={NOBODY}")
        rows.add("comments", comment_post_ID=1, comment_author="Linker",
                 comment_content=f"see {URL['src']}/c", comment_date_gmt=WHEN,
                 comment_author_url=f"{URL['src']}/a")

    @staticmethod
    def settings(rows):
        posts = {"a": rows.one("select ID from wp_posts where post_name = "
                               "'impressum'"), "b": NOBODY}
        terms = {"a": TERM, "b": NOBODY}
        named = {
            "widget_nav_menu": {n: {"nav_menu": v}
                                for n, v in terms.items()},
            "nav_menu_options": {"auto_add": list(terms.values())},
            "theme_mods_other": {"nav_menu_locations": terms,
                                 "custom_logo": NOBODY},
            "sticky_posts": list(posts.values()),
            "widget_media_gallery": {"x": {"ids": list(posts.values())}}}
        for kind in ("image", "video", "audio"):
            named[f"widget_media_{kind}"] = {
                n: {"attachment_id": v} for n, v in posts.items()}
        values = {name: php(value) for name, value in named.items()}
        for name in ("page_on_front", "page_for_posts", "site_logo",
                     "wp_page_for_privacy_policy", "site_icon"):
            values[name] = posts["a"]
        for name in ("default_category", "default_email_category",
                     "default_link_category"):
            values[name] = TERM
        values["gone"] = "x"
        for name, value in values.items():
            rows.do("delete from wp_options where option_name = ?", name)
            rows.add("options", option_name=name, option_value=str(value),
                     autoload="yes")

    @staticmethod
    def broken(rows):
        """References to nothing, which `on_dangling` is about."""
        rows.add("postmeta", post_id=NOBODY, meta_key="x", meta_value="y")
        rows.add("termmeta", term_id=NOBODY, meta_key="x", meta_value="y")
        rows.add("commentmeta", comment_id=NOBODY, meta_key="x",
                 meta_value="y")
        rows.add("comments", comment_post_ID=NOBODY, comment_author="x",
                 comment_date_gmt=WHEN)
        rows.add("comments", comment_post_ID=1, comment_author="y",
                 comment_date_gmt=WHEN, comment_parent=NOBODY, user_id=NOBODY)
        for value in ("", str(NOBODY)):
            rows.add("postmeta", post_id=1 if value else 2,
                     meta_key="_thumbnail_id", meta_value=value)

    @staticmethod
    def own(rows):
        """Rows below what both have, which only the target has."""
        post = rows.one("select ID from wp_posts where post_name = "
                        "'erster-beitrag'")
        rows.add("posts", post_type="revision", post_parent=post,
                 post_name=f"{post}-revision-v1", post_author=1,
                 post_modified_gmt="2026-10-01 10:00:00", post_content="own")
        carl = rows.one("select ID from wp_users where user_login = 'carl'")
        rows.add("posts", post_type="post", post_status="draft",
                 post_author=carl, post_date="2026-10-01 10:00:00",
                 post_content="own")
        menu = rows.one("select term_taxonomy_id from wp_term_taxonomy where "
                        "taxonomy = 'nav_menu'")
        term = rows.add("terms", slug="own-menu", name="own")
        other = rows.add("term_taxonomy", term_id=term, taxonomy="nav_menu",
                         parent=0)
        for order, number in ((99, menu), (50, other)):
            item = rows.add("posts", post_type="nav_menu_item",
                            post_name="own", menu_order=order, post_author=1)
            rows.add("term_relationships", object_id=item,
                     term_taxonomy_id=number)
        rows.add("postmeta", post_id=post, meta_key="own", meta_value="x")
        rows.add("usermeta", user_id=carl, meta_key="own", meta_value="x")
        rows.add("termmeta", term_id=2, meta_key="own", meta_value="x")
        term = rows.add("terms", slug="own", name="own")
        number = rows.add("term_taxonomy", term_id=term, taxonomy="post_tag",
                          parent=0)
        rows.add("term_relationships", object_id=post,
                 term_taxonomy_id=number)
