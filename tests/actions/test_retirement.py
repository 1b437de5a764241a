"""A learner is forgotten: no row names the account, counts are right, and no group breaks."""

from __future__ import annotations

import os
import subprocess
import sys
import types
import zlib
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import models
from django.dispatch import Signal
from django.utils import timezone
from opaque_keys.edx.keys import CourseKey

from openedx_user_groups import api, receivers
from openedx_user_groups.contrib.lms.models import CourseProgress, LearnerList
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.data import GroupState, PreviewState, RefreshTrigger, Scope, ScopeType
from openedx_user_groups.evaluation.models import PreviewJob
from openedx_user_groups.groups.history import DefinitionChange
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.refresh import leases
from openedx_user_groups.refresh.models import HeldDifference, Refresh, Slot
from openedx_user_groups.refresh.runs import request_refresh
from openedx_user_groups.sets import IdSet
from openedx_user_groups.testing.factories import (
    COURSE,
    LearnerFactory,
    UserGroupFactory,
    create_group,
    criterion,
    rule,
)

pytestmark = pytest.mark.django_db

NEVER = rule(criterion("last_login", operator="not_exists"))
BACKEND = Path(__file__).resolve().parents[2] / "backend"


@pytest.fixture
def ann():
    """A learner with an id that is part of others' ids, and of no other number here."""
    return LearnerFactory(pk=77_001, username="ann", enrolled_in=COURSE)


@pytest.fixture
def world(ann):
    """ann and two others in three groups: by criteria, by hand, by a list in a rule; and her progress."""
    ben, cleo = LearnerFactory(pk=770_012, username="ben", enrolled_in=COURSE), LearnerFactory(enrolled_in=COURSE)
    never = create_group(COURSE, NEVER)
    listed = create_group(COURSE, rule(criterion("learner_list", operator="in", learners=["ann", "ben"])))
    alone = create_group(COURSE, rule(criterion("learner_list", operator="not_in", learners=["ann"])))
    manual = UserGroupFactory(manual=True)
    api.add_members(manual, ["ann", "ben"], acting_user=LearnerFactory(is_staff=True))
    key = CourseKey.from_string(COURSE.key)
    CourseProgress.objects.create(user=ann, course_key=key, percent=0.5, as_of=timezone.now())
    return types.SimpleNamespace(never=never, listed=listed, alone=alone, manual=manual, ben=ben, cleo=cleo)


def places_that_name(user_id: int) -> list[str]:
    """Every column of the app's tables in which the account stands: links, and ids within JSON."""
    found = []
    for config in apps.get_app_configs():
        if not config.name.startswith("openedx_user_groups"):
            continue
        for model in (model for model in config.get_models() if model._meta.managed):
            for field in model._meta.local_concrete_fields:
                is_account = isinstance(field, models.ForeignKey) and field.related_model is User
                if not is_account and not isinstance(field, models.JSONField):
                    continue
                for value in model._base_manager.values_list(field.attname, flat=True):
                    if value == user_id or (not is_account and names(value, user_id)):
                        found.append(f"{model.__name__}.{field.name}")
    return found


def names(value: object, user_id: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    return any(names(item, user_id) for item in value) if isinstance(value, list) else value == user_id


def test_nothing_names_a_forgotten_learner(world, ann):
    assert set(places_that_name(ann.pk)) == {
        "Membership.user", "MembershipChange.user", "CourseProgress.user", "Criterion.config", "LearnerList.learners",
        "DefinitionChange.after",
    }  # fmt: skip
    forgotten = api.forget_learner(ann.pk)
    assert (forgotten.memberships, forgotten.records, forgotten.rules) == (3, 4, 2)
    assert places_that_name(ann.pk) == []
    assert places_that_name(world.ben.pk) != []
    for group in (world.never, world.listed, world.manual):
        group.refresh_from_db()
    assert [group.member_count for group in (world.never, world.listed, world.manual)] == [2, 1, 1]
    assert Membership.objects.filter(user_group=world.manual).get().user == world.ben
    again = api.forget_learner(ann.pk)
    assert (again.memberships, again.records, again.rules) == (0, 0, 0)


def test_rules_that_listed_the_learner_mean_what_they_meant(world, ann):
    before = world.alone.rule_version
    api.forget_learner(ann.pk)
    User.objects.filter(pk=ann.pk).update(username="retired__user_1")
    for group in (world.listed, world.alone):
        assert request_refresh(group, RefreshTrigger.MANUAL).state == "succeeded"
        (detail,) = api.describe([api.get_user_group(group.uuid)])
        assert (detail.state, detail.group.rule_version) == (GroupState.FRESH, before)
    lists = dict(LearnerList.objects.values_list("user_group_id", "learners"))
    assert lists == {world.listed.pk: [world.ben.pk], world.alone.pk: [0]}
    assert Criterion.objects.get(user_group=world.listed).config["learners"] == [world.ben.pk]
    members = Membership.objects.filter(user_group=world.alone).values_list("user_id", flat=True)
    assert set(members) == {world.ben.pk, world.cleo.pk}
    (change,) = api.describe_definition_changes(list(api.definition_changes(world.listed)))
    assert change.after["rule"]["nodes"][0]["config"]["learners"] == ["ben"]


def test_what_the_account_did_as_staff_stays(world):
    staff = world.manual.refreshes.get().requested_by
    runs = Refresh.objects.count(), DefinitionChange.objects.count()
    api.forget_learner(staff.pk)
    assert world.manual.refreshes.get().requested_by == staff
    assert (Refresh.objects.count(), DefinitionChange.objects.count()) == runs


def test_the_log_names_nobody(world, ann, caplog):
    caplog.set_level("INFO")
    api.forget_learner(ann.pk)
    messages = [record.getMessage() for record in caplog.records]
    assert "A learner was forgotten: 3 memberships, 4 records, 2 rules." in messages
    assert str(ann.pk) not in caplog.text
    assert "ann" not in caplog.text.replace("scanned", "")


def test_deleting_an_account_forgets_it(world, ann):
    pk = ann.pk
    ann.delete()
    assert places_that_name(pk) == []
    world.never.refresh_from_db()
    assert world.never.member_count == 2 == Membership.objects.filter(user_group=world.never).count()


@pytest.fixture
def platform_signals(monkeypatch):
    """The module of the platform, as far as it is named."""
    path, _, _name = receivers.RETIREMENT_SIGNALS[0].rpartition(".")
    module = types.ModuleType(path)
    for signal in receivers.RETIREMENT_SIGNALS:
        setattr(module, signal.rpartition(".")[2], Signal())
    parts = path.split(".")
    for end in range(1, len(parts)):
        monkeypatch.setitem(sys.modules, ".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
    monkeypatch.setitem(sys.modules, path, module)
    return module


@pytest.mark.parametrize("name", ["USER_RETIRE_LMS_MISC", "USER_RETIRE_LMS_CRITICAL"])
def test_the_platform_tells_of_a_retirement(world, ann, platform_signals, name):
    assert set(receivers.connect()) == {*receivers.RETIREMENT_SIGNALS, receivers.RERUN_SIGNAL}
    receivers.connect()
    signal = getattr(platform_signals, name)
    assert len(signal.receivers) == 1
    signal.send(sender=None, user=ann)
    assert places_that_name(ann.pk) == []


def test_a_fresh_process_listens_to_what_exists():
    program = (
        "import django; django.setup()\n"
        "from django.db.models.signals import pre_delete\n"
        "from openedx_events.content_authoring.signals import COURSE_RERUN_COMPLETED as rerun\n"
        "ids = [str(key[0]) for signal in (pre_delete, rerun) for key, *_ in signal.receivers]\n"
        "print(sorted(key for key in ids if key.startswith('openedx_user_groups.')))"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "sandbox.settings", "PYTHONPATH": str(BACKEND)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['openedx_user_groups.copy_to_rerun', 'openedx_user_groups.forget_deleted']"


def test_command_forgets_by_name_by_id_and_whoever_was_retired(world, ann):
    out = StringIO()
    call_command("forget_learner", "ann", stdout=out)
    assert out.getvalue().strip() == f"[1/1] {ann.pk}: 3 memberships, 4 records, 2 rules"
    for nobody in ("nobody", "9" * 20, "9" * 5_000, str(2**31), "0", "²"):
        with pytest.raises(CommandError, match=f"no account '{nobody}'"):
            call_command("forget_learner", nobody, stdout=out)
    with pytest.raises(CommandError, match="at least one"):
        call_command("forget_learner", stdout=out)
    User.objects.filter(pk=world.ben.pk).update(username="retired__user_2")
    call_command("forget_learner", "--retired", stdout=out)
    assert not MembershipChange.objects.filter(user_id=world.ben.pk).exists()
    # A refresh that had found the learner wrote after the account was deleted.
    MembershipChange.objects.create(
        user_group=world.never, user_id=999_999, kind="added", at=timezone.now(), rule_version=1, trigger="schedule"
    )
    assert api.learners_to_forget() == [999_999]
    call_command("forget_learner", "--retired", stdout=out)
    assert api.learners_to_forget() == []
    call_command("forget_learner", str(world.cleo.pk), stdout=out)
    assert places_that_name(world.cleo.pk) == []


# ---- Who is found, and two who leave at once -------------------------------------------------------------------------
def pinned(learner: User) -> None:
    group = create_group(COURSE, rule(criterion("last_login", operator="exists")))
    api.pin_learner(group, learner.username, expected=True, note="Asked for help", acting_user=LearnerFactory())


def listed(*learners: User) -> None:
    """Left out by a rule, so that they were never members."""
    names = [learner.username for learner in learners]
    create_group(COURSE, rule(criterion("learner_list", operator="not_in", learners=names)))


def listed_before(*learners: User) -> None:
    """By a rule that was changed since."""
    listed(*learners)
    group = UserGroup.objects.latest("pk")
    changes = {"rule": rule(criterion("last_login", operator="exists"))}
    api.update_user_group(group.uuid, changes=changes, rule_version=1, acting_user=LearnerFactory())


def listed_in_a_copy(*learners: User) -> None:
    """By a rule that was copied to where its type has no meaning: only the base row is kept."""
    listed(*learners)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LearnerList, "scopes", (ScopeType.COURSE,))
        copied = UserGroup.objects.latest("pk")
        api.copy_user_group(copied, scope=Scope(ScopeType.INSTANCE), acting_user=LearnerFactory())


def listed_without_a_row(*learners: User) -> None:
    """By a rule whose type's table was made anew."""
    listed(*learners)
    LearnerList.objects.all()._raw_delete("default")


def held(*learners: User) -> None:
    """Among those whom a refresh that waits for a person would remove."""
    group = create_group(COURSE, rule(criterion("last_login", operator="exists")))
    refresh, _is_new = leases.open_run(group, Slot.HELD, trigger=RefreshTrigger.SCHEDULE)
    ids = IdSet([learner.pk for learner in learners])
    HeldDifference.objects.create(refresh=refresh, added=IdSet().serialize(), removed=ids.serialize())


def previewed(learner: User) -> PreviewJob:
    """Shown in a preview that is kept, and among those whom its token stands for."""
    now = timezone.now()
    return PreviewJob.objects.create(
        user=LearnerFactory(),
        scope_type=COURSE.type,
        scope_key=COURSE.key,
        state=PreviewState.SUCCEEDED,
        created=now,
        deadline=now,
        expires_at=now + timedelta(hours=1),
        result={"sample": {"results": [{"username": learner.username}]}},
        ids=zlib.compress(IdSet([learner.pk]).serialize()),
    )


@pytest.mark.parametrize("kept", ["result", "ids"])
def test_previews_that_show_a_forgotten_learner_go(ann, kept):
    showing, other = previewed(ann), previewed(LearnerFactory(username="ben"))
    PreviewJob.objects.filter(pk=showing.pk).update(**{"result": None, "ids": None, kept: getattr(showing, kept)})
    api.forget_learner(ann.pk)
    assert list(PreviewJob.objects.all()) == [other]


PLACES = [pinned, listed, listed_before, listed_in_a_copy, listed_without_a_row, held]


def held_ids() -> set[int]:
    return {pk for held in HeldDifference.objects.all() for pk in IdSet.deserialize(bytes(held.removed))}


@pytest.mark.parametrize("place", PLACES)
def test_a_retired_learner_is_found_wherever_the_name_stands(ann, place):
    place(ann)
    assert api.learners_to_forget() == []
    User.objects.filter(pk=ann.pk).update(username="retired__user_1")
    assert api.learners_to_forget() == [ann.pk]
    api.forget_learner(ann.pk)
    assert api.learners_to_forget() == []
    assert (places_that_name(ann.pk), held_ids()) == ([], set())


@pytest.mark.parametrize("place", [listed, held])
def test_a_learner_whose_account_is_gone_is_found(place):
    gone = LearnerFactory()
    place(gone)
    pk = gone.pk
    User.objects.filter(pk=pk)._raw_delete("default")  # As by a bulk deletion of the platform: nobody hears of it.
    assert api.learners_to_forget() == [pk]
    api.forget_learner(pk)
    assert api.learners_to_forget() == []


@pytest.mark.parametrize(("place", "model"), [(listed_before, DefinitionChange), (held, HeldDifference)])
def test_two_who_leave_the_same_row_at_once_do_not_bring_each_other_back(ann, place, model):
    """The second leaves right after the first has read the row."""
    other = LearnerFactory(enrolled_in=COURSE)
    place(ann, other)

    def leave_too(**kwargs: object) -> None:
        models.signals.post_init.disconnect(sender=model, dispatch_uid="test")
        api.forget_learner(other.pk)

    models.signals.post_init.connect(leave_too, sender=model, weak=False, dispatch_uid="test")
    api.forget_learner(ann.pk)
    named = [*places_that_name(ann.pk), *places_that_name(other.pk)]
    assert (named, held_ids()) == ([], set())
