"""Migrations of the stand-in app `external_user_ids`."""
