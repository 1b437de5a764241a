"""The admin site: groups, criteria of every installed type, members, history and runs, for operators.

It shows and asks; what it writes goes through ``api``, so that locks, rule versions, history and refreshes hold. Pages
cost the same for ten members and for a million. Django imports this once all models are loaded, so that the criterion
types of every plugin are known.
"""

from . import collections, criteria, definitions, groups, members, outbox, runs

__all__ = ["collections", "criteria", "definitions", "groups", "members", "outbox", "runs"]
