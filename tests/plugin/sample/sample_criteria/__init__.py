"""Newsletter topics as a criterion for user groups."""
