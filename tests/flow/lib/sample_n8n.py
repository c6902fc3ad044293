"""A site of n8n with something of all that its profile speaks of."""
import re
import sqlite3

import n8n
from sample_rows import PROFILES, WHEN, Rows, site_of

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
                       (more if side == "dst" else "")
                       + n8n.master_keys(root, side))

    @staticmethod
    def plain(value):
        """What is encrypted anew by each import, opened."""
        if isinstance(value, bytes) and value.startswith(b"U2FsdGVkX1"):
            return n8n.opened(value.decode(), "dst")
        return value

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
                     type="t", data=n8n.sealed("{}", "src"))
            rows.add("shared_credentials", credentialsId=credential,
                     projectId=name, role="credential:owner")
            rows.add("shared_credentials", credentialsId=credential,
                     projectId=personal, role="credential:user")
            rows.add("credentials_entity", id=f"other-{name}", name="same",
                     type=f"t{number}", data=n8n.sealed("{}", "src"))
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
