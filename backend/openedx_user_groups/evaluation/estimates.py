"""How many learners match, from a random sample: what can be said of a rule that takes too long to evaluate.

Every user id of a population is equally likely to be drawn, none twice, so that the share found in the sample is an
unbiased estimate and Wilson's interval holds for it. The population is the learners of the scope where they are few
enough to be listed, otherwise all user ids there are: an id outside the scope then simply does not match. The work is
bounded by the number of draws and by time; what has been found when the time is up counts.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from openedx_user_groups import settings
from openedx_user_groups.data import Estimate
from openedx_user_groups.exceptions import BudgetExceeded, Unevaluable
from openedx_user_groups.groups import accounts
from openedx_user_groups.sets import IdSet, chunks

from .budget import within
from .evaluator import Evaluation
from .learners import matching

#: The quantile of the normal distribution for 95 %.
_Z = 1.959963984540054
#: Scopes with fewer learners are listed.
LISTED = 20_000
#: Drawn ids looked at together. The first few are a smaller step, so that a slow rule gets an answer at all.
_FIRST, _STEP = 200, 1_000


@dataclass
class _Found:
    """What the draws have shown so far."""

    drawn: int = 0
    present: int = 0
    matching: int = 0


def estimate(
    prepare: Callable[[], Evaluation], *, chance: random.Random | None = None, listed: int = LISTED
) -> Estimate | None:
    """About how many learners an evaluation would find. ``None`` where not even a small sample could be evaluated.

    Args:
        prepare: makes the evaluation; whatever its criteria ask beforehand is of the same limited time.
        chance: draws the sample; tests pass one that always draws the same.
        listed: scopes with fewer learners are listed.

    Settings: ``PREVIEW_ESTIMATE_SECONDS``, ``PREVIEW_ESTIMATE_DRAWS``.
    """
    found = _Found()
    population: Sequence[int] = ()
    try:
        with within(settings.get("PREVIEW_ESTIMATE_SECONDS")):
            evaluation = prepare()
            population = _population(evaluation, listed)
            draws = min(settings.get("PREVIEW_ESTIMATE_DRAWS"), len(population))
            ids = (chance or random.Random()).sample(population, draws)
            for step in (ids[:_FIRST], *chunks(ids[_FIRST:], _STEP)):
                _look_at(evaluation, step, found)
    except (BudgetExceeded, Unevaluable):
        pass
    return _extrapolated(found, len(population)) if found.drawn else None


def interval(successes: int, draws: int, population: int) -> tuple[int, int]:
    """The 95 % interval for the successes in ``population``, of which ``draws`` were drawn: Wilson's, with the
    correction for a population of which much was seen."""
    unseen = population - draws
    if unseen <= 0:
        return successes, successes
    size, share = draws * (population - 1) / unseen, successes / draws
    spread = 1 + _Z**2 / size
    middle = (share + _Z**2 / (2 * size)) / spread
    half = _Z * math.sqrt(share * (1 - share) / size + _Z**2 / (4 * size**2)) / spread
    low, high = math.floor(population * (middle - half)), math.ceil(population * (middle + half))
    # What was seen is certain.
    return max(low, successes), min(high, successes + unseen)


def _population(evaluation: Evaluation, listed: int) -> Sequence[int]:
    universe = evaluation.universe
    if not universe.has_about(listed):
        return list(universe.learners())
    return range(1, accounts.largest_id() + 1)


def _look_at(evaluation: Evaluation, ids: Sequence[int], found: _Found) -> None:
    if not ids:
        return
    present = evaluation.universe.restricted_to(IdSet(ids))
    matches = matching({"rule": evaluation}, present)["rule"] if present else IdSet()
    found.drawn, found.present = found.drawn + len(ids), found.present + len(present)
    found.matching += len(matches)


def _extrapolated(found: _Found, population: int) -> Estimate:
    low, high = interval(found.matching, found.drawn, population)
    return Estimate(
        value=round(population * found.matching / found.drawn),
        low=low,
        high=high,
        universe=round(population * found.present / found.drawn),
        sample_size=found.present,
    )
