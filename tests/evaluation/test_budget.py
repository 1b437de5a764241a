"""The time budget on the database under test: what it stops, and what it leaves behind."""

from __future__ import annotations

import threading
import time

import pytest
from django.contrib.auth.models import User
from django.db import ProgrammingError, connection, transaction
from django.db.utils import OperationalError

from openedx_user_groups.evaluation import budget
from openedx_user_groups.exceptions import BudgetExceeded, PreviewCancelled
from openedx_user_groups.sets import fetch_ids

_COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {}) SELECT COUNT(*) FROM n"
_SLOW = {
    "sqlite": f"SELECT * FROM ({_COUNTING.format(2_000_000_000)}) AS counted",
    "mysql": "SELECT 1 FROM auth_user WHERE SLEEP(30) = 0",
    "postgresql": "SELECT pg_sleep(30)",
}


def slow():
    """A statement that takes longer than any test waits."""
    with connection.cursor() as cursor:
        cursor.execute(_SLOW[connection.vendor])
        return cursor.fetchall()


@pytest.fixture
def learner(db):
    return User.objects.create(username="ada")


def test_a_statement_is_stopped_when_the_time_is_up(learner):
    start = time.monotonic()
    with pytest.raises(BudgetExceeded), budget.within(0.3):
        slow()
    assert 0.25 < time.monotonic() - start < 2


def test_the_callers_transaction_goes_on(learner):
    with transaction.atomic():
        User.objects.create(username="before")
        with pytest.raises(BudgetExceeded), transaction.atomic(), budget.within(0.2):
            slow()
        User.objects.create(username="after")
    assert set(User.objects.values_list("username", flat=True)) == {"ada", "before", "after"}


def test_nothing_is_limited_afterwards(learner):
    with budget.within(0.2):
        assert User.objects.count() == 1
    short = {"sqlite": "SELECT 1", "mysql": "SELECT SLEEP(0.4)", "postgresql": "SELECT pg_sleep(0.4)"}
    with connection.cursor() as cursor:
        cursor.execute(short[connection.vendor])
        assert cursor.fetchall()
        if connection.vendor == "postgresql":
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("0",)
        if connection.vendor == "mysql":
            cursor.execute("SELECT @@max_statement_time")
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


def test_all_statements_share_one_budget(learner):
    done = []

    def look_often():
        for number in range(50):
            assert User.objects.count() == 1
            time.sleep(0.05)
            done.append(number)

    start = time.monotonic()
    with pytest.raises(BudgetExceeded), budget.within(0.5):
        look_often()
    assert 4 <= len(done) <= 10
    assert time.monotonic() - start < 1


def test_what_is_left_is_the_limit_of_the_next_statement(learner):
    def linger():
        time.sleep(0.4)
        slow()

    start = time.monotonic()
    with pytest.raises(BudgetExceeded), budget.within(0.6):
        linger()
    assert time.monotonic() - start < 1.5


def test_an_inner_budget_is_not_longer_than_the_outer(learner):
    start = time.monotonic()
    with pytest.raises(BudgetExceeded), budget.within(0.3), budget.within(60):
        slow()
    assert time.monotonic() - start < 2


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


def test_mysql_is_told_by_a_hint():
    hinted = budget._for_mysql("SELECT a FROM b WHERE c IN (SELECT d FROM e)", 1.2345)
    assert hinted == "SELECT /*+ MAX_EXECUTION_TIME(1235) */ a FROM b WHERE c IN (SELECT d FROM e)"


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
    time.sleep(0.5)
    stopped_at = time.monotonic()
    budget.stop_statement(seen["id"], seen["since"])
    worker.join(10)
    assert time.monotonic() - stopped_at < 2
    assert (seen["error"], seen["usable"]) == ("preview_cancelled", 1)
