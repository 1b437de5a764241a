"""Stand-in for the platform's app `certificates`."""
