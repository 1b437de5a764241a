"""Migrations of the stand-in app `grades`."""
