"""Helpers for the tests of plugins; shipped, and never imported by the product itself.

* :mod:`.contract`: ``CriterionTypeContract``, the tests that every criterion type must pass.
* :mod:`.factories`: groups, rules, learners and enrollments for tests of your own.
* As an app (``"openedx_user_groups.testing"`` in ``INSTALLED_APPS`` of the *test* settings): stand-ins for the
  platform's tables where the platform is not installed.

Needs the extra ``openedx-user-groups[testing]``. This module imports nothing, because Django loads it before models.
"""
