"""The time budget on the database under test: what it stops, and what it leaves behind."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.db import ProgrammingError, connection, transaction
from django.db.utils import OperationalError

from openedx_user_groups import sets
from openedx_user_groups.evaluation import budget
from openedx_user_groups.exceptions import BudgetExceeded, PreviewCancelled
from openedx_user_groups.sets import fetch_ids, fetch_rows
from tests.workers import SOON, eventually

_COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {}) SELECT COUNT(*) FROM n"
_SLOW = {
    "sqlite": f"SELECT * FROM ({_COUNTING.format(2_000_000_000)}) AS counted",
    "mysql": "SELECT 1 FROM auth_user WHERE SLEEP(30) = 0",
    "postgresql": "SELECT pg_sleep(30)",
}


#: The same in the forms that do not begin with SELECT.
_SLOW_FORMS = {
    "with": {
        "sqlite": _COUNTING.format(2_000_000_000),
        "mysql": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) SELECT SLEEP(i) FROM n",
        "postgresql": "WITH n AS (SELECT pg_sleep(30)) SELECT * FROM n",
    },
    "union": {
        "sqlite": f"SELECT * FROM ({_COUNTING.format(2_000_000_000)}) AS counted UNION ALL SELECT 1",
        "mysql": "((SELECT SLEEP(30)) UNION ALL (SELECT 1))",
        "postgresql": "((SELECT '' || pg_sleep(30)) UNION ALL (SELECT '1'))",
    },
}


def read(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def slow():
    """A statement that takes longer than any test waits."""
    return read(_SLOW[connection.vendor])


@pytest.fixture
def clock(monkeypatch):
    """The clock of the budget, which stands still but for what the test adds to ``now``. The database has its own."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(budget, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def learner(db):
    return User.objects.create(username="ada")


def test_a_statement_is_stopped_when_the_time_is_up(learner):
    start = time.monotonic()
    with pytest.raises(BudgetExceeded), budget.within(0.3):
        slow()
    assert 0.25 < time.monotonic() - start < SOON


@pytest.mark.parametrize("form", _SLOW_FORMS)
def test_in_whatever_form_it_reads(learner, form):
    start = time.monotonic()
    with pytest.raises(BudgetExceeded), budget.within(0.3):
        read(_SLOW_FORMS[form][connection.vendor])
    assert time.monotonic() - start < SOON


@pytest.mark.parametrize("form", ["WITH n AS (SELECT 1 AS i) SELECT i FROM n", "((SELECT 1) UNION (SELECT 1))"])
def test_nothing_is_begun_when_nothing_is_left(learner, form):
    if connection.vendor == "sqlite" and form.startswith("("):
        pytest.skip("No statement of SQLite begins with a parenthesis.")
    with pytest.raises(BudgetExceeded), budget.within(0):
        read(form)


def test_the_callers_transaction_goes_on(learner):
    with transaction.atomic():
        User.objects.create(username="before")
        with pytest.raises(BudgetExceeded), transaction.atomic(), budget.within(0.2):
            slow()
        User.objects.create(username="after")
    assert set(User.objects.values_list("username", flat=True)) == {"ada", "before", "after"}


def test_nothing_is_limited_afterwards(learner):
    with budget.within(2):  # Enough for a count, however busy the machine is.
        assert User.objects.count() == 1
    short = {"sqlite": "SELECT 1", "mysql": "SELECT SLEEP(2.2)", "postgresql": "SELECT pg_sleep(2.2)"}
    with connection.cursor() as cursor:
        cursor.execute(short[connection.vendor])
        assert cursor.fetchall()
        if connection.vendor == "postgresql":
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("0",)
        if connection.vendor == "mysql":
            limit = "max_statement_time" if connection.mysql_is_mariadb else "max_execution_time"
            cursor.execute(f"SELECT @@{limit}")
            assert cursor.fetchone()[0] == 0


def test_a_limit_that_the_caller_has_set_is_his_again(learner):
    if connection.vendor != "postgresql":
        pytest.skip("Only PostgreSQL's limit is a setting of the transaction.")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '70s'")
        with budget.within(5):
            assert User.objects.count() == 1
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("70s",)


def test_all_statements_share_one_budget(learner, clock):
    done = []

    def look_often():
        for number in range(50):
            assert User.objects.count() == 1
            clock.now += 5
            done.append(number)

    with pytest.raises(BudgetExceeded), budget.within(50):
        look_often()
    assert len(done) == 10


def test_what_is_left_is_the_limit_of_the_next_statement(learner):
    def linger():
        time.sleep(0.4)
        slow()

    start = time.monotonic()
    with pytest.raises(BudgetExceeded), budget.within(0.6):
        linger()
    assert time.monotonic() - start < SOON


def test_an_inner_budget_is_not_longer_than_the_outer(learner):
    start = time.monotonic()
    with pytest.raises(BudgetExceeded), budget.within(0.3), budget.within(60):
        slow()
    assert time.monotonic() - start < SOON


def test_an_inner_budget_is_shorter_and_ends_the_outer_does_not(learner):
    def nested():
        with pytest.raises(BudgetExceeded), budget.within(0.2):
            slow()
        assert time.monotonic() - start < 3
        assert User.objects.count() == 1
        slow()

    start = time.monotonic()
    with pytest.raises(BudgetExceeded), budget.within(3):
        nested()
    assert 2.9 < time.monotonic() - start < SOON


def test_every_portion_of_a_large_result_is_of_the_same_budget(db, monkeypatch):
    """The database works between two portions, and each of them alone is quick."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite asks us all the time.")
    User.objects.bulk_create(User(username=f"learner_{number}") for number in range(60))
    monkeypatch.setattr(sets, "_FETCH_SIZE", 5)
    takes_a_moment = {
        "mysql": "SLEEP(0.05) = 0",
        "postgresql": "pg_sleep(0.05) IS NOT NULL",
    }[connection.vendor]
    start = time.monotonic()
    with pytest.raises(BudgetExceeded), budget.within(0.5):
        fetch_ids(User.objects.extra(where=[takes_a_moment]).values_list("pk", flat=True))
    assert time.monotonic() - start < SOON
    assert User.objects.count() == 60


def test_no_portion_is_taken_when_nothing_is_left(db, monkeypatch, clock):
    User.objects.bulk_create(User(username=f"learner_{number}") for number in range(4))
    monkeypatch.setattr(sets, "_FETCH_SIZE", 1)
    taken = []

    def dawdle():
        for rows in fetch_rows(User.objects.values_list("pk")):
            taken.extend(rows)
            clock.now += 30

    with pytest.raises(BudgetExceeded), budget.within(40):
        dawdle()
    assert len(taken) == 2


def test_reading_ids_is_limited_too(learner):
    querysets = {
        "sqlite": User.objects.extra(where=[f"id < ({_COUNTING.format(2_000_000_000)})"]),
        "mysql": User.objects.extra(where=["SLEEP(30) = 0"]),
        "postgresql": User.objects.extra(where=["pg_sleep(30) IS NOT NULL"]),
    }
    with pytest.raises(BudgetExceeded), budget.within(0.3):
        fetch_ids(querysets[connection.vendor].values_list("pk", flat=True))
    assert list(fetch_ids(User.objects.values_list("pk", flat=True))) == [learner.pk]


def test_other_errors_stay_what_they_are(learner):
    with (
        pytest.raises((ProgrammingError, OperationalError)),
        transaction.atomic(),
        budget.within(5),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT no_such_column FROM auth_user")
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT! a FROM b WHERE c IN (SELECT d FROM e)",
        "((SELECT! a FROM b) UNION (SELECT c FROM d))",
        "WITH n(i) AS (SELECT 1 UNION (SELECT i + 1 FROM n)), m AS (SELECT ')') SELECT! i FROM n WHERE i IN (SELECT 2)",
        "WITH `as (` AS\n(SELECT 'it''s AS (' FROM b) (SELECT! 1) UNION (SELECT 2)",
    ],
)
def test_mysql_is_told_by_a_hint_in_the_main_select(sql):
    hinted = budget._for_mysql(sql.replace("!", ""), 1.2345)
    assert hinted == sql.replace("!", " /*+ MAX_EXECUTION_TIME(1235) */")


def test_without_a_main_select_there_is_no_hint():
    sql = "WITH n AS (SELECT 1) DELETE FROM b"
    assert budget._for_mysql(sql, 1) == sql


def is_slow(other):
    """Whether the slow statement is what that connection is at."""
    query = {
        "mysql": "SELECT 1 FROM information_schema.processlist WHERE id = %s AND info LIKE '%%SLEEP%%'",
        "postgresql": "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND state = 'active' AND query LIKE '%%sleep%%'",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query, [other])
        return cursor.fetchone() is not None


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_statement_is_stopped_from_another_connection():
    if connection.vendor == "sqlite":
        pytest.skip("Nothing outside a process can stop a statement of SQLite.")
    User.objects.create(username="ada")
    seen: dict[str, object] = {}
    started = threading.Event()

    def work():
        from django.utils import timezone

        seen["id"], seen["since"] = budget.connection_id(), timezone.now()
        started.set()
        try:
            with budget.within(60):
                slow()
        except PreviewCancelled as error:
            seen["error"] = error.code
        seen["usable"] = User.objects.count()
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    started.wait()
    eventually(lambda: is_slow(seen["id"]), "the statement does not begin")
    stopped_at = time.monotonic()
    assert budget.stop_statement(seen["id"], seen["since"]) is True
    worker.join(10)
    assert time.monotonic() - stopped_at < SOON
    assert (seen["error"], seen["usable"]) == ("preview_cancelled", 1)
    # The server needs a moment to see that the connection was closed.
    until = time.monotonic() + SOON
    while budget.stop_statement(seen["id"], seen["since"]):
        assert time.monotonic() < until
        time.sleep(0.05)
