"""Stand-in for the platform's app `course_overviews`."""
