"""The sentences of an explanation, in the active language. What they say stands beside them as data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from openedx_user_groups.criteria import showing
from openedx_user_groups.criteria.operands import EvaluationContext
from openedx_user_groups.criteria.tree import Node
from openedx_user_groups.data import Combine, Distance, ExplainedCriterion, Outside, PrecedingGroup


def outside(reason: Outside) -> str:
    """Why somebody is no learner of the scope."""
    return {
        Outside.NOT_ENROLLED: _("This person is not enrolled here, so no rule of this scope can match."),
        Outside.INACTIVE_ENROLLMENT: _("This person has left, so no rule of this scope can match."),
        Outside.RETIRED_ACCOUNT: _("This account has been retired, and retired accounts match no rule."),
        Outside.INACTIVE_ACCOUNT: _("This account is not active, and inactive accounts match no rule."),
    }[reason]


def verdict(
    learner: str,
    matches: bool,
    next_change: datetime | None,
    context: EvaluationContext,
    first: PrecedingGroup | None = None,
) -> str:
    """The answer of the whole rule. ``first``: the group that has or gets the learner although the rule matches."""
    text = _("%(learner)s matches this rule.") if matches else _("%(learner)s does not match this rule.")
    parts = [text % {"learner": learner} if first is None else _preceded(learner, first)]
    if next_change is not None:
        parts.append(_change(next_change, context))
    return " ".join(parts)


def _preceded(learner: str, first: PrecedingGroup) -> str:
    text = _(
        "%(learner)s matches this rule, but the user group “%(group)s” of the collection “%(collection)s” comes first."
    )
    return text % {"learner": learner, "group": first.name, "collection": first.collection}


def inner_node(node: Node, holding: int, matches: bool) -> str:
    """The answer of an inner node, of whose nodes ``holding`` match."""
    total = len(node.nodes)
    text = ngettext("%(holding)s of %(total)s part matches.", "%(holding)s of %(total)s parts match.", total)
    parts = [text % {"holding": holding, "total": total}]
    parts.append(_("All must match.") if node.combine == Combine.ALL else _("One is enough."))
    if node.negated:
        parts.append(_("This part is negated: it matches everybody else."))
    parts.append(_("It matches.") if matches else _("It does not match."))
    return " ".join(parts)


def leaf(criterion: ExplainedCriterion, condition: str, matches: bool, context: EvaluationContext) -> str:
    """The learner's value, what is asked of it, the answer, and when it changes."""
    return " ".join(_leaf(criterion, condition, matches, context))


def _leaf(explained: ExplainedCriterion, condition: str, matches: bool, context: EvaluationContext) -> Iterator[str]:
    params = {"criterion": explained.label, "condition": condition}
    if explained.tells_values:
        yield _("%(criterion)s: %(value)s.") % {"criterion": explained.label, "value": _values(explained)}
        answer = _("This matches “%(condition)s”.") if matches else _("This does not match “%(condition)s”.")
    elif matches:
        answer = _("“%(criterion)s %(condition)s” holds.")
    else:
        answer = _("“%(criterion)s %(condition)s” does not hold.")
    yield answer % params
    if explained.includes_missing and explained.values:
        yield _("That counts as no value, and learners without a value are included.")
    elif explained.includes_missing:
        yield _("Learners without a value are included.")
    if explained.distance is not None:
        yield _distance(explained.distance)
    if explained.next_change is not None:
        yield _change(explained.next_change, context)
    if len(explained.values) == 1 and explained.values[0].recorded is not None:
        written = showing.instant(explained.values[0].recorded, context.time_zone)
        yield _("The value was recorded on %(instant)s.") % {"instant": written}


def _values(explained: ExplainedCriterion) -> str:
    if explained.counts_as is not None:
        return _("no value, which counts as %(value)s") % {"value": explained.counts_as.text}
    if not explained.values:
        return _("no value")
    texts = ", ".join(value.shown.text for value in explained.values)
    more = explained.value_count - len(explained.values)
    return texts if more <= 0 else _("%(items)s and %(count)s more") % {"items": texts, "count": more}


def _distance(distance: Distance) -> str:
    threshold = distance.threshold
    limit = showing.with_unit(threshold.value, showing.DAYS) if threshold.unit == showing.DAYS else threshold.text
    params = {"distance": showing.amount(abs(distance.difference), distance.unit), "limit": limit}
    if distance.difference == 0:
        return _("That is exactly the limit of %(limit)s.") % params
    above = distance.difference > 0
    if isinstance(threshold.value, str):  # An instant.
        text = _("That is %(distance)s after %(limit)s.") if above else _("That is %(distance)s before %(limit)s.")
    elif above:
        text = _("That is %(distance)s above the limit of %(limit)s.")
    else:
        text = _("That is %(distance)s below the limit of %(limit)s.")
    return text % params


def _change(instant: datetime, context: EvaluationContext) -> str:
    return _("If nothing else changes, the answer changes on %(instant)s.") % {
        "instant": showing.instant(instant, context.time_zone)
    }
