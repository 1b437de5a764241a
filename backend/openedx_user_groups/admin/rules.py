"""A rule in words, for people who read and do not edit it: an indented list with a line for each criterion."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import models
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from openedx_user_groups.criteria.fields import UserListField, choices_from
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.operators import Arity, Operator
from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine, Scope
from openedx_user_groups.evaluation.evaluator import problem_message
from openedx_user_groups.exceptions import SourceUnavailable
from openedx_user_groups.groups import accounts

from .links import criterion_url, link

#: Values of a list that are spelled out; the rest is counted.
SHOWN_VALUES = 10


def rule_as_html(rule: Node, scope: Scope, keys: dict[Any, int]) -> SafeString:
    """The rule as nested lists; each criterion links to its page. ``keys`` are the criteria's primary keys by UUID."""
    return format_html("<ul>{}</ul>", _item(rule, scope, keys))


def leaf_in_words(leaf: Leaf, scope: Scope) -> str:
    """One criterion: “Days since last login was more than: days ago: 10”; or why there is nothing to say."""
    if leaf.criterion is None:
        return f"{problem_message(leaf)} {config_text(leaf.config)}"
    criterion = leaf.criterion
    operator = criterion.operator_named(criterion.operator)
    text = f"{criterion.label} {operator.label if operator else criterion.operator}"
    values = "; ".join(_values(criterion, operator, scope)) if operator else ""
    return f"{text} ({values})" if values else text


def config_text(config: Any) -> str:
    """A configuration as short JSON."""
    text = json.dumps(config, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]} …"


def _item(node: Node | Leaf, scope: Scope, keys: dict[Any, int]) -> SafeString:
    if isinstance(node, Leaf):
        words, key = leaf_in_words(node, scope), keys.get(node.id)
        url = criterion_url(node.type, key, is_unresolved=bool(node.unresolved))
        return format_html("<li>{}</li>", link(url, words) if key else words)
    below = format_html_join("", "{}", ((_item(child, scope, keys),) for child in node.nodes))
    return format_html("<li>{}<ul>{}</ul></li>", _heading(node), below)


def _heading(node: Node) -> str:
    if node.combine == Combine.ALL:
        return _("Not all of these:") if node.negated else _("All of these:")
    return _("None of these:") if node.negated else _("Any of these:")


def _values(criterion: Criterion, operator: Operator, scope: Scope) -> Iterator[str]:
    for name in operator.accepts:
        field: Any = criterion._meta.get_field(name)
        value = getattr(criterion, name)
        if value is False or value in (None, "", []):  # Not what equals False: 0 % is a value.
            continue
        label = str(field.verbose_name)
        if isinstance(field, models.BooleanField):
            yield label
            continue
        text = _value_text(field, value, scope)
        if name in operator.fields and operator.arity == Arity.TWO:
            text = f"{text} – {_value_text(field, getattr(criterion, f'{name}_to'), scope)}"
        yield f"{label}: {text}"


def _value_text(field: Any, value: Any, scope: Scope) -> str:
    if not isinstance(value, list):
        unit = "%" if getattr(field, "unit", None) == "%" else ""
        return f"{_labels(field, [value], scope)[0]}{unit}"
    text = ", ".join(_labels(field, value[:SHOWN_VALUES], scope))
    left_out = len(value) - SHOWN_VALUES
    return _("%(values)s and %(count)s more") % {"values": text, "count": left_out} if left_out > 0 else text


def _labels(field: Any, values: list[Any], scope: Scope) -> list[str]:
    """What staff read for stored values; a value that nothing is known of stands for itself."""
    if isinstance(field, UserListField):
        names = accounts.usernames(values)
        return [names.get(value, str(value)) for value in values]
    source = choices_from(field)
    if source is None:
        return [str(value) for value in values]
    texts = [str(value) for value in values]
    try:
        labels = {choice.value: capfirst(str(choice.label)) for choice in source.resolve(scope, texts)}
    except SourceUnavailable:
        labels = {}
    return [labels.get(text, text) for text in texts]
