"""Migrations of the stand-in app `teams`."""
