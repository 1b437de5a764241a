"""The newsletter keeps what every criterion type promises."""

from django.test import TestCase
from sample_criteria.models import Newsletter, Subscription

from openedx_user_groups.testing.contract import CriterionTypeContract, Example


class NewsletterTest(CriterionTypeContract, TestCase):
    """``in`` and ``not_in``, over learners who read about one topic, about two, and about none."""

    criterion_class = Newsletter
    learners = {"reads news": ["news"], "reads both": ["news", "events"], "reads events": ["events"]}
    examples = (
        Example({"operator": "in", "topics": ["news"]}, {"reads news", "reads both"}),
        Example({"operator": "in", "topics": ["events", "offers"]}, {"reads events", "reads both"}),
    )

    def give(self, learner, value):
        for topic in value:
            Subscription.objects.create(user=learner, topic=topic)
