"""The stand-in tables are the platform's: names, columns, types, NULLs, uniqueness, indexes and foreign keys.

What is expected is written down here from the platform's sources and not derived from the stand-in's models. The
database is asked, so that it also holds on every server the suite runs on.
"""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection, models

pytestmark = pytest.mark.django_db

# Columns as `name type`, with a question mark where NULL is allowed. `key` is an opaque key, 255 characters.
COLUMNS = {
    "auth_userprofile": """
        id int, user_id int, name char255, meta text, language char255, location char255, year_of_birth int?,
        gender char6?, level_of_education char6?, mailing_address text?, city text?, country char2?, state char2?,
        goals text?, bio char3000?, phone_number char50?, profile_image_uploaded_at datetime?""",
    "student_languageproficiency": "id int, user_profile_id int, code char16",
    "student_courseenrollment": """
        id int, user_id int, course_id key, created datetime?, is_active bool, mode char100""",
    "student_courseaccessrole": "id int, user_id int, org char64, course_id key, role char64",
    "user_api_userpreference": "id int, user_id int, key char255, value text",
    "course_modes_coursemode": """
        id int, course_id key, mode_slug char100, mode_display_name char255, min_price int, currency char8,
        expiration_datetime datetime?""",
    "course_overviews_courseoverview": """
        id key, created datetime, modified datetime, org text, display_name text?, display_org_with_default text,
        start datetime?, end datetime?, enrollment_start datetime?, enrollment_end datetime?, self_paced bool,
        invitation_only bool, lowest_passing_grade decimal?, language text?, has_any_active_web_certificate bool""",
    "organizations_organization": """
        id int, created datetime, modified datetime, name char255, short_name char255, description text?,
        logo char255?, active bool""",
    "organizations_organizationcourse": """
        id int, created datetime, modified datetime, course_id char255, organization_id int, active bool""",
    "grades_persistentcoursegrade": """
        id unsigned, created datetime, modified datetime, user_id int, course_id key,
        course_edited_timestamp datetime?, course_version char255, grading_policy_hash char255, percent_grade float,
        letter_grade char255, passed_timestamp datetime?""",
    "grades_visibleblocks": "id int, blocks_json text, hashed char100, course_id key",
    "grades_persistentsubsectiongrade": """
        id unsigned, created datetime, modified datetime, user_id int, course_id key, usage_key key,
        subtree_edited_timestamp datetime?, course_version char255, earned_all float, possible_all float,
        earned_graded float, possible_graded float, first_attempted datetime?, visible_blocks_hash char100""",
    "certificates_generatedcertificate": """
        id int, user_id int, course_id key, verify_uuid char32, grade char5, status char32, mode char32,
        download_uuid char32, download_url char128, created_date datetime, modified_date datetime""",
    "completion_blockcompletion": """
        id bigint, created datetime, modified datetime, user_id int, course_key key, block_key key,
        block_type char64, completion float""",
    "course_groups_courseusergroup": "id int, name char255, course_id key, group_type char20",
    "course_groups_courseusergroup_users": "id int, courseusergroup_id int, user_id int",
    "course_groups_cohortmembership": "id int, course_user_group_id int, user_id int, course_id key",
    "course_groups_coursecohortssettings": "id int, is_cohorted bool, course_id key",
    "teams_courseteam": """
        id int, team_id char255, discussion_topic_id char255, name char255, course_id key, topic_id char255,
        date_created datetime, description char300, country char2, language char16, last_activity_at datetime,
        team_size int, organization_protected bool""",
    "teams_courseteammembership": "id int, user_id int, team_id int, date_joined datetime, last_activity_at datetime",
    "external_user_ids_externalidtype": "id int, created datetime, modified datetime, name char32, description text",
    "external_user_ids_externalid": """
        id int, created datetime, modified datetime, external_user_id uuid, external_id_type_id int, user_id int""",
}

UNIQUE = {
    "auth_userprofile": ["user_id"],
    "student_languageproficiency": ["code user_profile_id"],
    "student_courseenrollment": ["user_id course_id"],
    "student_courseaccessrole": ["user_id org course_id role"],
    "user_api_userpreference": ["user_id key"],
    "course_modes_coursemode": ["course_id mode_slug currency"],
    "course_overviews_courseoverview": [],
    "organizations_organization": ["short_name"],
    "organizations_organizationcourse": ["course_id organization_id"],
    "grades_persistentcoursegrade": ["course_id user_id"],
    "grades_visibleblocks": ["hashed"],
    "grades_persistentsubsectiongrade": ["course_id user_id usage_key"],
    "certificates_generatedcertificate": ["user_id course_id"],
    "completion_blockcompletion": ["course_key block_key user_id"],
    "course_groups_courseusergroup": ["name course_id"],
    "course_groups_courseusergroup_users": ["courseusergroup_id user_id"],
    "course_groups_cohortmembership": ["user_id course_id"],
    "course_groups_coursecohortssettings": ["course_id"],
    "teams_courseteam": ["team_id", "discussion_topic_id"],
    "teams_courseteammembership": ["user_id team_id"],
    "external_user_ids_externalidtype": ["name"],
    "external_user_ids_externalid": ["external_user_id", "user_id external_id_type_id"],
}

# Indexes that queries of the criteria rely on; those of foreign keys and uniqueness are not repeated.
INDEXES = {
    "auth_userprofile": ["name", "language", "location", "year_of_birth", "gender", "level_of_education"],
    "student_courseenrollment": ["created", "user_id created", "course_id"],
    "student_courseaccessrole": ["org", "course_id", "role"],
    "user_api_userpreference": ["key"],
    "organizations_organizationcourse": ["course_id"],
    "grades_persistentcoursegrade": ["user_id", "passed_timestamp course_id", "modified course_id"],
    "grades_visibleblocks": ["course_id"],
    "grades_persistentsubsectiongrade": ["modified course_id usage_key", "first_attempted course_id user_id"],
    "completion_blockcompletion": ["course_key block_type user_id", "user_id course_key modified"],
    "course_groups_courseusergroup": ["course_id"],
    "teams_courseteam": ["course_id", "topic_id", "last_activity_at"],
}
WITHOUT_INDEX = [("auth_user", "last_login"), ("auth_user", "date_joined"), ("auth_userprofile", "country")]

# Columns that look like foreign keys and are plain ones in the database.
NO_FOREIGN_KEY = [
    ("student_courseenrollment", "course_id"),
    ("course_modes_coursemode", "course_id"),
    ("grades_persistentcoursegrade", "user_id"),
    ("grades_persistentsubsectiongrade", "user_id"),
]

# The first that fits counts.
TYPES: dict[type[models.Field], str] = {
    models.BigAutoField: "bigint",
    models.AutoField: "int",
    models.IntegerField: "int",
    models.TextField: "text",
    models.DateTimeField: "datetime",
    models.BooleanField: "bool",
    models.FloatField: "float",
    models.DecimalField: "decimal",
    models.UUIDField: "uuid",
}


def expected_columns(table):
    columns = (column.split() for column in COLUMNS[table].split(","))
    return dict(columns)


def kind_of(field):
    """Return a field's type in the words of COLUMNS."""
    if isinstance(field, models.ForeignKey):
        return kind_of(field.target_field)
    if hasattr(field, "KEY_CLASS"):
        return "key"
    if isinstance(field, models.CharField | models.FileField):
        return f"char{field.max_length}"
    if type(field).__name__ == "UnsignedBigAutoField":
        return "unsigned"
    return next(kind for base, kind in TYPES.items() if isinstance(field, base))


def model_of(table):
    return next(model for model in apps.get_models(include_auto_created=True) if _manages(model, table))


def _manages(model, table):
    return model._meta.managed and model._meta.db_table == table


def constraints_of(table):
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, table).values()


@pytest.mark.parametrize("table", COLUMNS)
def test_columns(table):
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
    expected = expected_columns(table)
    assert {column.name: column.null_ok for column in described} == {
        name: kind.endswith("?") for name, kind in expected.items()
    }
    declared = {field.column: kind_of(field) for field in model_of(table)._meta.concrete_fields}
    assert declared == {name: kind.rstrip("?") for name, kind in expected.items()}


@pytest.mark.parametrize("table", UNIQUE)
def test_uniqueness(table):
    found = {
        " ".join(constraint["columns"])
        for constraint in constraints_of(table)
        if constraint["unique"] and not constraint["primary_key"]
    }
    assert found == set(UNIQUE[table])


@pytest.mark.parametrize("table", INDEXES)
def test_indexes(table):
    found = {" ".join(constraint["columns"]) for constraint in constraints_of(table) if constraint["index"]}
    assert set(INDEXES[table]) <= found


@pytest.mark.parametrize(("table", "column"), WITHOUT_INDEX)
def test_columns_that_the_platform_does_not_index(table, column):
    assert all(column not in constraint["columns"] for constraint in constraints_of(table) if constraint["index"])


@pytest.mark.parametrize(("table", "column"), NO_FOREIGN_KEY)
def test_columns_without_a_foreign_key(table, column):
    assert all(not constraint["foreign_key"] for constraint in constraints_of(table) if column in constraint["columns"])


def test_opaque_keys_compare_as_on_the_platform():
    """Keys are case-insensitive where the database can do that (PostgreSQL cannot without help)."""
    collations = {"sqlite": "NOCASE", "mysql": "utf8mb4_unicode_ci", "postgresql": None}
    field = model_of("student_courseenrollment")._meta.get_field("course")
    assert field.db_parameters(connection).get("collation") == collations[connection.vendor]


def test_the_apps_have_the_labels_of_the_platform():
    labels = {config.label for config in apps.get_app_configs() if config.name.startswith("sandbox.platform.")}
    assert labels == {
        *("student", "user_api", "course_modes", "course_overviews", "organizations", "grades", "certificates"),
        *("completion", "course_groups", "teams", "external_user_ids"),
    }
