"""Stand-in for the platform's app `user_api`."""
