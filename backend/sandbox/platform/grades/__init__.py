"""Stand-in for the platform's app `grades`."""
