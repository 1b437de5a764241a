"""Migrations of the stand-in app `organizations`."""
