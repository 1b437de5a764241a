"""The languages that staff can choose from, for the types about a language."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import global_settings, settings
from django.utils.translation import gettext

from openedx_user_groups.criteria_api import ListedChoices, Scope


def known_languages(scope: Scope) -> Iterable[tuple[str, Any]]:
    """The languages of the site's interface, and those that the platform lets learners name.

    The platform lists the latter in ``ALL_LANGUAGES``; a site without that setting has Django's own list.
    """
    named = getattr(settings, "ALL_LANGUAGES", global_settings.LANGUAGES)
    languages = {code: gettext(name) for code, name in named}
    return (languages | dict(settings.LANGUAGES)).items()


#: Language codes, a closed list. Short enough to stand in the form, long enough to be searched.
LANGUAGE_CHOICES = ListedChoices(known_languages)
