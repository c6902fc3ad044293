"""The sites that tests/flow/profile_lines.py looks at: those of fixtures/sites
and, so that every word of their profiles is about something, rows more."""
import re
import sqlite3
from pathlib import Path

import n8n
import wordpress
from make_app import php

URL = {"src": "http://wpsrc.test:18080", "dst": "https://ziel.example.org"}
PROFILES = Path(__file__).resolve().parents[3] / "formats/profiles"
NOBODY = 99999      # a number that no row has
TERM = 3            # of WordPress, that has another number at the target
WHEN = "2026-11-03 10:00:00"


class Rows:
    """Rows of a database, with something in every column that wants it."""

    def __init__(self, path, prefix=""):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.prefix = prefix
        self.count = 0

    def __enter__(self):
        self.db.execute("begin")
        return self

    def __exit__(self, *_):
        self.db.execute("commit")
        self.db.close()

    def do(self, sql, *values):
        return self.db.execute(sql, values)

    def one(self, sql, *values):
        return self.db.execute(sql, values).fetchone()[0]

    def add(self, table, **values):
        self.count += 1
        name = self.prefix + table
        for _, column, kind, wanted, default, key in self.db.execute(
                f'pragma table_info("{name}")').fetchall():
            if column not in values and wanted and default is None and \
                    not (key and kind.upper() == "INTEGER"):
                number = any(word in kind.upper()
                             for word in ("INT", "BOOL", "REAL"))
                values[column] = self.count if number else (
                    WHEN if "date" in kind else f"made {self.count}"
                    if key else "")
        names = ", ".join(f'"{column}"' for column in values)
        return self.db.execute(
            f'insert into "{name}" ({names}) values '
            f"({', '.join('?' * len(values))})",
            list(values.values())).lastrowid


def site_of(root, side, tree, profile, more=""):
    return (f"site: demo\nstate: {root}/state-{side}\nresources:\n"
            f"  - {{name: app, kind: sqlite, path: {root}/{side}/app.db}}\n"
            f"  - {{name: {tree}, kind: files, path: {root}/{side}/tree,"
            f" target_only: keep}}\n{profile}{more}")


# ---------------------------------------------------------------- WordPress

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


# ---------------------------------------------------------------------- n8n

SUB = "wfSubNormalise01"    # has another id at the target
NODE = ('{"credentials": {"x": {"id": "%s"}}, "parameters": {"workflowId": '
        '{"value": "%s"}, "dataTableId": {"value": "%s"}}}')


def both(rows, mode):
    """A run that both sides know."""
    return rows.add(
        "execution_entity", workflowId=rows.one(
            "select id from workflow_entity where name = 'Sub: normalise'"),
        finished=1, mode=mode, status="success", createdAt=WHEN)


class N8n:
    name = "n8n"

    def make(self, root, side):
        path = root / side / "app.db"
        n8n.make_database(path, side)
        (root / side / "tree").mkdir()
        if side == "src":
            n8n.make_binary(root / side / "tree")
        with Rows(path) as rows:
            table = rows.one("select name from sqlite_schema where name like "
                             "'data_table_user_%' and type = 'table'")
            rows.do(f'alter table "{table}" add column customer_id text')
            if side == "src":
                self.left_out(rows)
                self.more(rows)
            else:
                self.own(rows)

    @staticmethod
    def site(root, side, keys):
        more = ("map:\n  - {resource: app, table: user, from: "
                "[admin@example.test], to: [chef@ziel.test]}\n"
                f"trust: [{{sender: {keys}/sender.pub}}]\n")
        return site_of(root, side, "binary", "profile: ./app.yaml\n",
                       more if side == "dst" else "")

    @staticmethod
    def later(root):
        """The source a while later."""
        db = sqlite3.connect(root / "src" / "app.db")
        db.executescript("""
            update workflow_entity set name = 'Renamed' where name =
                'Main: order intake';
            update credentials_entity set name = 'Renamed' where name =
                'SSH build host';
            delete from execution_data where executionId = 12;
            delete from execution_entity where id = 12;
            delete from test_run where id = 'run-2';
            delete from shared_workflow where role = 'workflow:editor';
            delete from shared_credentials where role = 'credential:user';
            delete from project_relation where role = 'project:viewer' or
                projectId = 'p-gone';
            delete from project where id = 'p-gone';
            delete from user where email = 'gone@example.test';""")
        db.close()

    @staticmethod
    def more(rows):
        """Something in each table, and of each kind of reference one that
        leads nowhere."""
        flow = "wfMainIntake0001"
        # One that leads to what is not there, and is kept, and one to what
        # has another id at the target.
        nodes = "[%s, %s]" % (NODE % (("none",) * 3), NODE % (
            rows.one("select id from credentials_entity where name = 'Header "
                     "token'"), SUB, rows.one("select id from data_table")))
        admin = rows.one("select id from user where email like 'admin%'")
        personal = rows.one("select id from project")
        rows.add("role", slug="made", roleType="project", systemRole=0)
        rows.add("role_scope", roleSlug="made", scopeSlug=rows.one(
            "select min(slug) from scope"))
        rows.add("scope", slug="made:up")
        rows.add("user", id="gone", email="gone@example.test",
                 roleSlug="global:member")
        rows.add("project", id="p-gone", name="his", type="personal")
        rows.add("project_relation", projectId="p-gone", userId="gone",
                 role="project:personalOwner")
        for number, name in enumerate(("team", "crew")):
            rows.add("project", id=name, name=name, type="team")
            rows.add("project_relation", projectId=name, userId="gone",
                     role="project:viewer")
            rows.add("project_relation", projectId=name, userId=admin,
                     role="made")
            rows.add("folder", id=f"top-{name}", name="plans", projectId=name)
            rows.add("folder", id=f"in-{name}", name="old", projectId=name,
                     parentFolderId=f"top-{name}")
            for folder, title, up in (("new", "new", "top"),
                                      ("deep", "plans", "in")):
                rows.add("folder", id=f"{folder}-{name}", name=title,
                         projectId=name, parentFolderId=f"{up}-{name}")
            for key in ("place", "time"):
                rows.add("variables", id=f"v-{key}-{name}", key=key,
                         value=name, projectId=name)
            rows.add("data_table", id=f"dt-{name}", name="orders",
                     projectId=name)
            rows.add("data_table_column", id=f"c-{name}", name="n",
                     type="string", dataTableId=f"dt-{name}", index=0)
            rows.add("shared_workflow", workflowId=flow, projectId=name,
                     role="workflow:editor")
            credential = f"cred-{name}"
            rows.add("credentials_entity", id=credential, name="same",
                     type="t", data="sealed")
            rows.add("shared_credentials", credentialsId=credential,
                     projectId=name, role="credential:owner")
            rows.add("shared_credentials", credentialsId=credential,
                     projectId=personal, role="credential:user")
            rows.add("credentials_entity", id=f"other-{name}", name="same",
                     type=f"t{number}", data="sealed")
            rows.add("shared_credentials", credentialsId=f"other-{name}",
                     projectId=personal, role="credential:owner")
            for folder in (None, f"top-{name}"):
                ident = f"flow-{name}-{folder}"
                rows.add("workflow_entity", id=ident, name="same",
                         parentFolderId=folder, active=0, nodes="[]",
                         connections="{}", versionId=f"none-{ident}")
                rows.add("shared_workflow", workflowId=ident, projectId=name,
                         role="workflow:owner")
            for method in ("GET", "POST"):
                rows.add("webhook_entity", webhookPath=name, method=method,
                         workflowId=flow, node="n")
            rows.add("test_run", id=f"run-{number + 1}", workflowId=SUB,
                     status="done")
            rows.add("test_case_execution", id=f"case-{name}",
                     testRunId="run-1", executionId=1, status="done")
            rows.add("chat_hub_agents", id=f"agent-{name}", name=name,
                     systemPrompt="", ownerId=admin, provider="p", model="m")
            rows.add("chat_hub_sessions", id=f"session-{name}", title="t",
                     ownerId=admin, agentId=("agent-team", "nobody")[number])
            rows.add("chat_hub_messages", id=f"message-{name}", type="human",
                     sessionId="session-team", name="n", content="c",
                     agentId=("agent-team", "nobody")[number])
            rows.add("annotation_tag_entity", id=f"tag-{name}", name=name)
            if name == "crew":
                rows.add("annotation_tag_entity", id="tag-none", name="none")
            note = rows.add("execution_annotations", executionId=number + 1)
            for tag in ("tag-team", "tag-crew")[:number + 1]:
                rows.add("execution_annotation_tags", annotationId=note,
                         tagId=tag)
            rows.add("execution_metadata", executionId=1, key=name,
                     value="v")
            rows.add("execution_metadata", executionId=2, key=name,
                     value="v")
        tags = [row[0] for row in rows.do("select id from tag_entity order "
                                          "by id limit 2").fetchall()]
        for folder, tag in (("top-team", tags[0]), ("top-team", tags[1]),
                            ("top-crew", tags[0])):
            rows.add("folder_tag", folderId=folder, tagId=tag)
        for tag in tags:
            rows.add("workflows_tags", workflowId="flow-team-None", tagId=tag)
        rows.add("variables", id="v", key="place", value="nobody's")
        for kind, source in (("execution", "1"), (
                "chat_message_attachment", "message-team")):
            rows.add("binary_data", fileId=f"file-{kind}", sourceType=kind,
                     sourceId=source, data=b"x", fileSize=1)
        for number, status in ((898, "new"), (899, "waiting"),
                               (900, "running")):
            rows.add("execution_entity", id=number, workflowId=flow,
                     finished=0, mode="manual", status=status, createdAt=WHEN)
        for number, again in ((901, 902), (902, 99999)):
            rows.add("execution_entity", id=number, workflowId=flow,
                     mode="manual", status="error", finished=1,
                     createdAt=WHEN, retryOf=str(99999 if again == 902
                                                 else 901),
                     retrySuccessId=str(again))
            to = SUB if number == 901 else "none"
            rows.add("execution_data", executionId=number, workflowData=(
                '{"id": "%s", "nodes": %s, "settings": {"errorWorkflow": '
                '"%s"}}' % (to, nodes, to)), data='["filesystem-v2:workflows/'
                f'{to}/executions/{1 if to == SUB else 99999}/binary_data/x"]')
        both(rows, "cli")
        rows.add("execution_annotations", executionId=both(rows, "chat"))
        # Of another kind, and of another time, than one of the target.
        for mode, when in (("webhook", WHEN), ("manual", "2026-11-05")):
            rows.add("execution_entity", workflowId=SUB, finished=1,
                     mode=mode, status="error", createdAt=when)
        rows.do("update workflow_entity set nodes = ?, settings = ? where "
                "id = 'flow-team-None'", nodes,
                '{"errorWorkflow": "DEFAULT", "callerIds": "none,' + SUB +
                '"}')
        rows.do("update workflow_entity set settings = ? where id = "
                "'flow-crew-None'", '{"errorWorkflow": "%s"}' % SUB)
        rows.add("workflow_history", versionId="old", workflowId=flow,
                 authors="a", nodes=nodes, connections="{}")
        for name, to in (("gone", "none"), ("else", SUB)):
            if name == "else":
                rows.add("user", id=name, email="else@example.test",
                         roleSlug="global:member")
            rows.do("update user set settings = ? where id = ?",
                    '{"firstSuccessfulWorkflowId": "%s"}' % to, name)
        rows.add("data_table", id="dt-more", name="more", projectId="team")
        made = rows.one("select sql from sqlite_schema where name like "
                        "'data_table_user_%' and type = 'table'")
        rows.do(re.sub('"data_table_user_[^"]*"', '"data_table_user_dt-more"',
                       made, 1))

    @staticmethod
    def left_out(rows):
        """A row in each table that the profile leaves out as a whole."""
        text = (PROFILES / "n8n.yaml").read_text()
        text = text[text.index("# -- What belongs to an instance"):
                    text.index("    references:")]
        for table in re.findall(r"\b([a-z]+(?:_[a-z]+)+|settings)\b", text):
            if rows.one("select count(*) from sqlite_schema where name = ?",
                        table) and not rows.one(
                            f'select count(*) from "{table}"'):
                rows.add(table)

    @staticmethod
    def own(rows):
        """What only the target has of what both have."""
        flow = rows.one("select id from workflow_entity where name = 'Sub: "
                        "normalise'")
        rows.do("update workflow_entity set versionCounter = 77, staticData ="
                " 'own' where id = ?", flow)
        rows.add("workflow_history", versionId="own", workflowId=flow,
                 authors="a", nodes="[]", connections="{}")
        rows.add("project", id="own", name="own", type="team")
        rows.add("shared_workflow", workflowId=flow, projectId="own",
                 role="workflow:editor")
        rows.add("shared_credentials", projectId="own", role="credential:user",
                 credentialsId=rows.one("select id from credentials_entity "
                                        "where name = 'Header token'"))
        rows.add("webhook_entity", webhookPath="own", method="GET",
                 workflowId=flow, node="n")
        rows.add("workflows_tags", workflowId=flow, tagId=rows.one(
            "select id from tag_entity where name = 'zielmarke'"))
        rows.add("execution_entity", workflowId=flow, finished=1,
                 mode="manual", status="error", createdAt=WHEN)
        number = both(rows, "cli")
        rows.add("annotation_tag_entity", id="tag-own", name="own")
        rows.add("execution_annotation_tags", tagId="tag-own",
                 annotationId=rows.add("execution_annotations",
                                       executionId=both(rows, "chat")))
        rows.add("execution_data", executionId=number, workflowData="{}",
                 data="[]")
        rows.add("role", slug="made", roleType="project", systemRole=0)
        rows.add("role_scope", roleSlug="made", scopeSlug=rows.one(
            "select max(slug) from scope"))
        rows.add("test_run", id="run-1", workflowId=flow, status="done")
        rows.add("test_case_execution", id="case-own", testRunId="run-1",
                 status="done")
        rows.add("project", id="dst-team", name="team", type="team")
        rows.add("folder", id="dst-top", name="plans", projectId="dst-team")
        rows.add("folder_tag", folderId="dst-top", tagId=rows.one(
            "select id from tag_entity where name = 'zielmarke'"))
        rows.add("execution_metadata", executionId=number, key="own",
                 value="v")
        rows.add("execution_annotations", executionId=number, note="own")
        rows.add("binary_data", fileId="file-run", fileSize=1, data=b"x",
                 sourceType="execution", sourceId=str(number))
        rows.add("data_table_column", id="c-own", name="own", type="string",
                 dataTableId=rows.one("select id from data_table"), index=9)
        admin = rows.one("select id from user")
        rows.add("chat_hub_sessions", id="session-team", title="t",
                 ownerId=admin)
        for message in ("message-team", "message-own"):
            rows.add("chat_hub_messages", id=message, type="human",
                     sessionId="session-team", name="n", content="c")
        rows.add("binary_data", fileId="file-own", fileSize=1, data=b"x",
                 sourceType="chat_message_attachment",
                 sourceId="message-team")
        rows.add("test_run", id="own", workflowId=flow, status="done")
        rows.do("update user set firstName = 'own'")
        rows.do("update project set name = 'own name' where type = "
                "'personal'")
        rows.add("user", id="own", email="own@ziel.test",
                 roleSlug="global:member")
        rows.add("project_relation", userId="own", role="project:viewer",
                 projectId=rows.one("select id from project where type = "
                                    "'personal'"))


WORDPRESS = WordPress()
N8N = N8n()

# What nobody finds: reason to words.
OPTIONS = ("tables / options where option_name like '\\_transient\\_%' escape "
           "'\\' or option_name like '... / where / ")
SCHEMA = "the schema has a unique key of the same columns"
ALONE = "all rows that the entry is about have the same there"
BEFORE = "rows are also found by their key where `match` does not say so"
STAYS = "target_only is said, and rows that go take theirs along by a cascade"
LABEL = "it is what the profile is called"
VERSION = "both sides of the sample are of one version"
NOT_FOUND = {
    "wordpress": {
        LABEL: ["application"],
        VERSION: ["version"],
        "a reference to an empty text is kept as it is": ["none /"],
        "more is called no secret then, and nothing else": [
            "not_secret / usermeta.meta_value where meta_key = "
            "'_application_passwords' / where"],
        "a name that is no number names no row, and is kept": [
            "references / posts.post_name where post_type = 'nav_menu_item' "
            "pattern ^(\\d+)$ / pattern"],
        SCHEMA: ["tables / options / key", "tables / term_relationships / "
                 "key", "tables / term_taxonomy / key"],
        "the target's own is what `here` makes of the source's": [
            f"{OPTIONS}'{name}'" for name in ("home", "siteurl")],
        "`version` sees to it that both have the same": [
            f"{OPTIONS}'db_version'"],
        BEFORE: ["tables / posts / match / key"],
        ALONE: ["tables / posts where post_type = 'attachment' / key / "
                "post_type", "tables / term_taxonomy / key / taxonomy"],
        "target_only is said, and no owner of such a row goes": [
            "tables / posts where post_type = 'revision' / owned_by",
            "tables / term_taxonomy / owned_by",
            "tables / usermeta / owned_by"]},
    "n8n": {
        LABEL: ["application"],
        VERSION: ["version"],
        "it is about what export and import say, and not what they do": [
            "secrets", "secrets / credentials_entity.data / plain"],
        SCHEMA: [f"tables / {table} / key" for table in (
            "annotation_tag_entity", "data_table", "execution_annotation_tags",
            "execution_data", "folder_tag", "project_relation", "role",
            "role_scope", "scope", "settings", "tag_entity", "user",
            "variables", "webhook_entity", "workflows_tags")] + [
                "tables / binary_data / match",
                "tables / test_case_execution / match"],
        BEFORE: ["tables / credentials_entity / match / key",
                 "tables / workflow_entity / match / key"],
        ALONE: ["tables / project / key / type",
                "tables / project where type = 'personal' / key / type"],
        STAYS: [f"tables / {table} / owned_by" for table in (
            "execution_entity", "shared_credentials", "shared_workflow",
            "test_run", "workflow_history")]}}
KNOWN = {name: {word for words in reasons.values() for word in words}
         for name, reasons in NOT_FOUND.items()}
