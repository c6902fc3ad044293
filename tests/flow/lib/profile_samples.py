"""The sites that tests/flow/profile_lines.py looks at: those of fixtures/sites
and, so that every word of their profiles is about something, rows more.  And
what it does not find there."""
from sample_n8n import N8n
from sample_wordpress import WordPress

WORDPRESS = WordPress()
N8N = N8n()

# What nobody finds: reason to words.
OPTIONS = ("tables / options where option_name like '\\_transient\\_%' escape "
           "'\\' or option_name like '... / where / ")
SCHEMA = "the schema has a unique key of the same columns"
ALONE = "all rows that the entry is about have the same there"
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
        ALONE: ["tables / posts where post_type = 'attachment' / key / "
                "post_type", "tables / term_taxonomy / key / taxonomy"],
        "target_only is said, and no owner of such a row goes": [
            "tables / posts where post_type = 'revision' / owned_by",
            "tables / term_taxonomy / owned_by",
            "tables / usermeta / owned_by"]},
    "n8n": {
        LABEL: ["application"],
        VERSION: ["version"],
        "what is not looked for elsewhere travels there in clear, and stands "
        "at the target as it did": [
            "secrets / credentials_entity.data / search", *(
                f"secrets / credentials_entity.data / search / $.{name}"
                for name in ("value", "password", "passphrase", "privateKey",
                             "accessToken", "apiKey", "apiToken", "token",
                             "secret", "clientSecret", "secretAccessKey",
                             "oauthTokenData.access_token",
                             "oauthTokenData.refresh_token"))],
        SCHEMA: [f"tables / {table} / key" for table in (
            "annotation_tag_entity", "data_table", "execution_annotation_tags",
            "folder_tag", "project_relation", "role",
            "role_scope", "scope", "settings", "tag_entity", "user",
            "variables", "webhook_entity", "workflows_tags")] + [
                "tables / binary_data / match",
                "tables / test_case_execution / match"],
        ALONE: ["tables / project / key / type",
                "tables / project where type = 'personal' / key / type"],
        STAYS: [f"tables / {table} / owned_by" for table in (
            "execution_entity", "shared_credentials", "shared_workflow",
            "test_run", "workflow_history")]}}
KNOWN = {name: {word for words in reasons.values() for word in words}
         for name, reasons in NOT_FOUND.items()}
