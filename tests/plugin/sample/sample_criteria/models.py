"""The newsletter's subscriptions, and the criterion over them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import (
    Criterion,
    Fact,
    Listed,
    ListedChoices,
    ListField,
    ScopeType,
    criterion_link,
    operators,
)


class Topic(models.TextChoices):
    """What the newsletter writes about."""

    NEWS = "news", _("News")
    EVENTS = "events", _("Events")
    OFFERS = "offers", _("Offers")


class Subscription(models.Model):
    """A topic that a learner reads about; a learner may read about several."""

    # No constraint: without the plugin, its table must not keep accounts from being deleted.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_constraint=False)
    topic = models.CharField(max_length=16, choices=Topic.choices)

    def __str__(self):
        return f"{self.user_id} reads {self.topic}"


class Newsletter(Criterion):
    """Topics that the learner subscribed to."""

    criterion_type = "newsletter"
    label = _("Newsletter")
    help_text = _("The topics of our newsletter that learners subscribed to.")
    missing_meaning = _("The learner subscribed to nothing.")
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION, ScopeType.INSTANCE)

    criterion = criterion_link()
    topics = ListField(_("topics"), value_type="enum", choices_from=ListedChoices(lambda scope: Topic.choices))

    operands = (Listed("topics"),)
    operators = operators("in not_in", "topics")

    def fact(self, context):
        return Fact(Subscription.objects.all(), value="topic")
