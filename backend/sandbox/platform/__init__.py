"""Stand-ins for the platform's apps: the same app labels, tables, columns, constraints and indexes, and no code."""
