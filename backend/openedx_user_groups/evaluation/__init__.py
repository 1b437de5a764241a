"""Evaluation: from a rule and an instant to the set of learners, by whichever plan is cheaper.

One :class:`~.evaluator.Evaluation` serves preview, refresh and explanation; :mod:`.learners` answers the same rule for
a few learners from their facts. All give the same set (the oracle test runs every rule through every way).
"""
