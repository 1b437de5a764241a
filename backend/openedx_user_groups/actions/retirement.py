"""Forgetting a learner: nothing that is kept names the account any more, and every count is right."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings as site_settings
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Cast

from openedx_user_groups import settings
from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.configuration import to_config
from openedx_user_groups.criteria.definitions import forget_stored_learner, stored_learners
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.retirement import NOBODY, user_lists
from openedx_user_groups.criteria.storage import from_config
from openedx_user_groups.data import Scope
from openedx_user_groups.evaluation.models import PreviewJob
from openedx_user_groups.evaluation.preview_places import AT_WORK
from openedx_user_groups.groups.history import DefinitionChange
from openedx_user_groups.groups.locks import lock_scope
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.groups.universe import retired_accounts
from openedx_user_groups.membership.models import Membership
from openedx_user_groups.monitoring import measure
from openedx_user_groups.refresh.models import HeldDifference
from openedx_user_groups.sets import IdSet, chunks, fetch_ids

from . import preview_tokens

log = logging.getLogger(__name__)

_PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True)
class Forgotten:
    """What was removed: memberships, other records about the learner, and places in rules that listed them."""

    memberships: int
    records: int
    rules: int


def forget_learner(user_id: int) -> Forgotten:
    """Remove everything that is kept about a learner, whether or not the account still exists. Safe to call twice.

    Memberships go with the groups' counts; so do history, and every record of this app that would go with the account;
    rules and the history of definitions no longer list the learner. What the account did as staff stays: the platform
    has made the account itself anonymous. No event is sent: the platform tells of retirements itself.
    """
    memberships = _leave_groups(user_id)
    records = sum(_delete_records(model, field, user_id) for model, field in _models_about_learners())
    rules = _leave_rules(user_id)
    _leave_definition_changes(user_id)
    _leave_held_differences(user_id)
    _leave_previews(user_id)
    log.info("A learner was forgotten: %s memberships, %s records, %s rules.", memberships, records, rules)
    measure("learners.forgotten")
    return Forgotten(memberships, records, rules)


def learners_to_forget() -> list[int]:
    """Accounts that are retired or gone, and about which something is kept: this app was not there to hear of it, or a
    refresh that had found the learner before wrote after.

    Not found is who is named only where a criterion type keeps learners in a way of its own (``Criterion.forget``).
    """
    found = IdSet()
    tables: list[tuple[type[models.Model], str]] = [(Membership, "user_id"), *_models_about_learners()]
    for model, column in tables:
        present = get_user_model()._default_manager.filter(pk=OuterRef(column))
        rows = model._base_manager.filter(Q(**{f"{column}__in": retired_accounts()}) | ~Exists(present))
        found |= fetch_ids(rows.order_by().values_list(column, flat=True).distinct())
    named = IdSet.union(_listed_in_rules(), _named_in_history(), _in_held_differences()) - IdSet([NOBODY])
    return sorted(found | _retired_or_gone(named))


def _listed_in_rules() -> IdSet:
    """Everybody whom a rule lists. Asked of the base table's copies: one query for all types."""
    fields = {type_.criterion_type: list(user_lists(type_)) for type_ in registry.installed()}
    slugs = [slug for slug, names in fields.items() if names]
    rows = Criterion._base_manager.filter(type_slug__in=slugs).order_by().values_list("type_slug", "config")
    return IdSet([pk for slug, config in rows.iterator() for name in fields[slug] for pk in config.get(name, ())])


def _named_in_history() -> IdSet:
    return IdSet([pk for change in _changes_naming_learners() for pk in _learners_of(change)])


def _in_held_differences() -> IdSet:
    rows = HeldDifference.objects.order_by("pk").iterator(chunk_size=20)
    return IdSet.union(IdSet(), *(ids for held in rows for ids in _sets_of(held).values()))


def _retired_or_gone(user_ids: IdSet) -> IdSet:
    accounts = get_user_model()._default_manager.order_by().values_list("pk", flat=True)
    in_use = IdSet()
    for chunk in chunks(user_ids, settings.get("WRITE_CHUNK_SIZE")):
        in_use |= fetch_ids(accounts.filter(pk__in=chunk).exclude(pk__in=retired_accounts()))
    return user_ids - in_use


def _leave_groups(user_id: int) -> int:
    """Delete the memberships, a transaction a scope, with its locks in the order that every writer keeps."""
    by_scope: dict[Scope, list[int]] = defaultdict(list)
    for group in UserGroup.objects.filter(memberships__user_id=user_id).order_by("pk"):
        by_scope[group.scope].append(group.pk)
    removed = 0
    for scope in sorted(by_scope, key=str):
        with transaction.atomic():
            lock_scope(scope)
            for group in UserGroup.objects.select_for_update().filter(pk__in=by_scope[scope]).order_by("pk"):
                removed += Membership.objects.filter(user_group=group, user_id=user_id).delete()[0]
                count = Membership.objects.filter(user_group=group).count()
                UserGroup.objects.filter(pk=group.pk).update(member_count=count)
    return removed


def _models_about_learners() -> list[tuple[type[models.Model], str]]:
    """The tables of this package, and the column of each, whose rows would go with an account: they are about it.

    Columns that an account's deletion only empties say who did something; they are no learner's data.
    """
    return [
        (model, field.attname)
        for config in apps.get_app_configs()
        if config.name.partition(".")[0] == _PACKAGE
        for model in config.get_models()
        if model._meta.managed and model is not Membership
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
        and field.remote_field.model._meta.label == site_settings.AUTH_USER_MODEL
        and field.remote_field.on_delete is models.CASCADE
    ]


def _delete_records(model: type[models.Model], column: str, user_id: int) -> int:
    return model._base_manager.filter(**{column: user_id}).delete()[0]


def _leave_rules(user_id: int) -> int:
    left = 0
    for criterion_class in registry.installed():
        overridden = criterion_class.forget is not Criterion.forget
        for key in _keys_that_may_list(criterion_class, user_id, everything=overridden):
            left += _leave_criterion(criterion_class, key, user_id)
        if overridden or any(user_lists(criterion_class)):  # The table of any other type need not even be there.
            left += sum(_leave_base_row(criterion_class, key, user_id) for key in _base_rows_alone(criterion_class))
    return left


def _keys_that_may_list(criterion_class: type[Criterion], user_id: int, *, everything: bool) -> set[int]:
    """Criteria in whose lists the digits of the id occur: no database can be asked for an item of a list in a way that
    all of them understand."""
    rows = criterion_class._default_manager.order_by()
    if everything:
        return set(rows.values_list("pk", flat=True))
    keys: set[int] = set()
    for name in user_lists(criterion_class):
        as_text = rows.annotate(listed_as_text=Cast(name, models.TextField()))
        keys.update(as_text.filter(listed_as_text__contains=str(user_id)).values_list("pk", flat=True))
    return keys


def _leave_criterion(criterion_class: type[Criterion], key: int, user_id: int) -> int:
    """Take the learner out of one criterion. The rule's version stays: a retired learner is in no universe, so that the
    rule means what it meant."""
    with transaction.atomic():
        UserGroup.objects.select_for_update().filter(criteria=key).first()
        criterion = criterion_class._default_manager.filter(pk=key).first()
        if criterion is None or not criterion.forget(user_id):
            return 0
        criterion.config = to_config(criterion)
        criterion.save()
        return 1


def _base_rows_alone(criterion_class: type[Criterion]) -> list[int]:
    """Criteria without a row in the type's own table: a copy could not be carried over, or the table was made anew."""
    own = criterion_class._default_manager.order_by().filter(pk=OuterRef("pk"))
    rows = Criterion._base_manager.filter(~Exists(own), type_slug=criterion_class.criterion_type).order_by()
    return list(rows.values_list("pk", flat=True))


def _leave_base_row(criterion_class: type[Criterion], key: int, user_id: int) -> int:
    """Take the learner out of the configuration that is all that is kept of a criterion."""
    with transaction.atomic():
        UserGroup.objects.select_for_update().filter(criteria=key).first()
        base = Criterion._base_manager.filter(pk=key).first()
        if base is None:
            return 0
        before = deepcopy(base.config)
        leaf = {"kind": "criterion", "type": base.type_slug, "config": base.config}
        forget_stored_learner({"nodes": [leaf]}, user_id)
        criterion = from_config(criterion_class, base.config)
        if criterion is not None and criterion.forget(user_id):  # In a way of the type's own.
            base.config = to_config(criterion)
        if base.config == before:
            return 0
        base.save(update_fields=["config"])
        return 1


def _leave_definition_changes(user_id: int) -> None:
    naming = [change.pk for change in _changes_naming_learners() if user_id in _learners_of(change)]
    for key in naming:
        with transaction.atomic():  # Read again and held: another learner may be leaving the same row.
            for change in DefinitionChange.objects.select_for_update().filter(pk=key):
                for definition in _definitions_of(change):
                    forget_stored_learner(definition["rule"], user_id)
                change.save(update_fields=["before", "after"])


def _changes_naming_learners() -> Iterator[DefinitionChange]:
    changes = DefinitionChange.objects.filter(names_learners=True).order_by("pk")
    return changes.iterator(chunk_size=200)


def _definitions_of(change: DefinitionChange) -> list[Any]:
    return [definition for definition in (change.before, change.after) if definition]


def _learners_of(change: DefinitionChange) -> set[int]:
    return {pk for definition in _definitions_of(change) for pk in stored_learners(definition["rule"])}


def _leave_held_differences(user_id: int) -> None:
    """What waits for a confirmation names learners too, in sets of ids."""
    rows = HeldDifference.objects.order_by("pk").iterator(chunk_size=20)
    naming = [held.pk for held in rows if any(user_id in ids for ids in _sets_of(held).values())]
    for key in naming:
        with transaction.atomic():  # As above.
            for held in HeldDifference.objects.select_for_update().filter(pk=key):
                for name, ids in _sets_of(held).items():
                    setattr(held, name, bytes((ids - IdSet([user_id])).serialize()))
                held.save(update_fields=["added", "removed"])


def _leave_previews(user_id: int) -> None:
    """Previews that are kept for a while show learners by name, and hold the ids of all who match. Those go that may
    show this one: whoever needs such a preview makes it again."""
    finished = PreviewJob.objects.exclude(state__in=AT_WORK).order_by("pk")
    names = _names_of(user_id)
    showing = [job.pk for job in finished.iterator(chunk_size=20) if _shows(job, user_id, names)]
    PreviewJob.objects.filter(pk__in=showing).delete()


def _names_of(user_id: int) -> list[str]:
    account = get_user_model()._default_manager.filter(pk=user_id).first()
    return [name for name in (account.get_username(), account.email) if name] if account else []


def _shows(job: PreviewJob, user_id: int, names: list[str]) -> bool:
    texts = json.dumps([job.request, job.result, job.error], ensure_ascii=False)
    return any(name in texts for name in names) or (
        job.ids is not None and user_id in preview_tokens.kept_ids(bytes(job.ids))
    )


def _sets_of(held: HeldDifference) -> dict[str, IdSet]:
    return {name: IdSet.deserialize(bytes(getattr(held, name))) for name in ("added", "removed")}
