"""Migrations of the stand-in app `certificates`."""
