"""Migrations of the stand-in app `completion`."""
