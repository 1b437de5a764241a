"""A site that is just large enough to test the plugin: no platform, only stand-ins for its tables."""

SECRET_KEY = "only-for-tests"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "openedx_user_groups",
    "openedx_user_groups.testing",
    "sample_criteria",
]
