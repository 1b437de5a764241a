"""Unified user groups for Open edX: who is in a group, said once, kept right, always explainable."""

__version__ = "0.1.0"
