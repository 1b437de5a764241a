"""Signals that refreshing sends to whoever watches over it."""

from django.dispatch import Signal

#: A group's members were not what its rule says, because an event was lost. Sent after commit, with ``drift``, a
#: :class:`~openedx_user_groups.refresh.reconcile.Drift`; ``sender`` is ``None``.
drift_found = Signal()
