"""Criteria: the rule's tree, the base of every criterion type, and everything derived from a type's declaration.

Knows no criterion type. What a type is asked for at evaluation stands in ``models.Criterion``; how answers are combined
is the business of ``evaluation``.
"""
