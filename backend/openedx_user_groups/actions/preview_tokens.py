"""Preview = save: a token stands for exactly the learners that a preview found, and saving with it keeps to them.

The token names what was previewed (the rule in its canonical form, the scope, the person), the instant, the revision of
the criterion types and a digest of the learners, signed. The learners themselves stay here for as long as the token is
good: nothing less could tell later who has moved. They are also the watermark of every source: whatever moved in one
shows in them, and whatever does not show changes nothing.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.conf import settings as site_settings
from django.core import signing
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from openedx_user_groups import settings
from openedx_user_groups.criteria.tree import Node, meaning
from openedx_user_groups.data import Scope, Violation
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.models import PreviewJob
from openedx_user_groups.exceptions import InvalidInput, PreviewExpired, PreviewMoved
from openedx_user_groups.groups import accounts
from openedx_user_groups.groups.clock import evaluation_instant
from openedx_user_groups.sets import IdSet

from .criterion_types import criterion_types_document

POINTER = "/preview_token"
_SALT = "openedx_user_groups.preview"
#: The previews with a token that are kept for one person.
_KEPT = 20


@dataclass(frozen=True)
class Verified:
    """The members that a group gets now: those of the preview."""

    members: IdSet
    as_of: datetime
    plan: str


def issue(job: PreviewJob, evaluation: Evaluation) -> dict[str, Any]:
    """What to write on ``job`` so that its token can be saved with; nothing where there are too many learners.

    ``evaluation`` is the one that was previewed: any other might find other learners than those who were shown.
    """
    kept = zlib.compress(evaluation.ids().serialize())
    if len(kept) > settings.get("PREVIEW_TOKEN_MAX_BYTES"):
        return {}
    token = signing.dumps(
        {
            "preview": job.uuid.hex,
            "about": _about(evaluation.rule, job.scope, job.user_id),
            "as_of": evaluation.context.as_of.isoformat(),
            "asked_at": evaluation.asked_at.isoformat(),
            "contract": _revision(job.scope),
            "learners": blake2b(kept, digest_size=16).hexdigest(),
        },
        salt=_SALT,
    )
    _forget_older(job)
    expires_at = timezone.now() + timedelta(seconds=settings.get("PREVIEW_TOKEN_SECONDS"))
    return {"token": token, "ids": kept, "expires_at": expires_at}


def verify(token: str, rule: Node, scope: Scope, acting_user: Any) -> Verified:
    """Evaluate ``rule`` now, and make sure that it finds exactly the learners of the preview.

    Raises ``InvalidInput`` for a token that is none or is about something else, ``PreviewExpired``, ``PreviewMoved``
    with who moved and why, and ``Unevaluable``.
    """
    claims = _claims(token)
    if claims["about"] != _about(rule, scope, acting_user.pk):
        message = _("This token is of a preview of another rule, scope or person.")
        raise InvalidInput([Violation(POINTER, "other_preview", message)])
    previewed = _kept(claims)
    evaluation = Evaluation(rule, scope, evaluation_instant())
    found = evaluation.ids()
    if found != previewed:
        raise PreviewMoved([_moved(rule, scope, claims, previewed, found)])
    return Verified(found, evaluation.context.as_of, evaluation.plan.value)


def _claims(token: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = signing.loads(token, salt=_SALT, max_age=settings.get("PREVIEW_TOKEN_SECONDS"))
    except signing.SignatureExpired:
        raise PreviewExpired() from None
    except signing.BadSignature:
        raise InvalidInput([Violation(POINTER, "invalid_token", _("This is not a token of a preview."))]) from None
    return claims


def _kept(claims: Mapping[str, Any]) -> IdSet:
    row = PreviewJob.objects.filter(uuid=UUID(claims["preview"])).values_list("ids", flat=True).first()
    kept = bytes(row or b"")
    if blake2b(kept, digest_size=16).hexdigest() != claims["learners"]:
        raise PreviewExpired()
    return kept_ids(kept)


def kept_ids(kept: bytes) -> IdSet:
    """The learners of a preview, as they are kept with its token."""
    ids: IdSet = IdSet.deserialize(zlib.decompress(kept))
    return ids


def _moved(rule: Node, scope: Scope, claims: Mapping[str, Any], previewed: IdSet, found: IdSet) -> Violation:
    """Who would be in now and was not, who was and would not be; and for each whether data or only time has passed."""
    then, asked_at = (parse_datetime(claims[key]) for key in ("as_of", "asked_at"))
    assert then is not None
    by_data = Evaluation(rule, scope, then, asked_at=asked_at).ids() ^ previewed
    added, removed = found - previewed, previewed - found
    names = _names(added, removed)
    reasons = Counter("data" if pk in by_data else "time" for pk in added | removed)
    params = {
        "added": _side(added, by_data, names),
        "removed": _side(removed, by_data, names),
        "reasons": {"data": reasons["data"], "time": reasons["time"]},
        "contract_changed": claims["contract"] != _revision(scope),
        "previewed_as_of": claims["as_of"],
    }
    return Violation(POINTER, PreviewMoved.code, PreviewMoved.message, params)


def _names(added: IdSet, removed: IdSet) -> dict[int, str]:
    limit = settings.get("MAX_MOVED_LEARNERS")
    return accounts.usernames([*added[:limit], *removed[:limit]])


def _side(ids: IdSet, by_data: IdSet, names: Mapping[int, str]) -> dict[str, Any]:
    """One direction; learners whose account is gone have no name, but count."""
    learners = [{"username": names[pk], "reason": "data" if pk in by_data else "time"} for pk in ids if pk in names]
    return {"count": len(ids), "learners": learners}


def _about(rule: Node, scope: Scope, user_id: int) -> str:
    return _digest([user_id, str(scope), meaning(rule)])


def _digest(parts: Collection[Any]) -> str:
    text = json.dumps(parts, sort_keys=True, cls=DjangoJSONEncoder)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _revision(scope: Scope) -> str:
    with translation.override(site_settings.LANGUAGE_CODE):  # The language has no influence on who matches.
        return str(criterion_types_document(scope)["revision"])


def _forget_older(job: PreviewJob) -> None:
    own = PreviewJob.objects.filter(user_id=job.user_id, ids__isnull=False).exclude(pk=job.pk).order_by("-pk")
    PreviewJob.objects.filter(pk__in=list(own.values_list("pk", flat=True)[_KEPT - 1 :][:100])).delete()
