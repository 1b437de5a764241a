"""Migrations of the stand-in app `course_overviews`."""
