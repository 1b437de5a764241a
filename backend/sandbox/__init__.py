"""A runnable Django site around the user groups: stand-in platform tables, demo data and settings. Not installed."""

# Importing the Celery application here makes every `shared_task` of the installed apps use it.
from .celery import app as celery_app

__all__ = ["celery_app"]
