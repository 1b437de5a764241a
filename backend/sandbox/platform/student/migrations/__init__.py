"""Migrations of the stand-in app `student`."""
