"""Migrations of the stand-in app `user_api`."""
