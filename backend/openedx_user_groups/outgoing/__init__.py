"""What the rest of the platform is told: events about groups and their members, through an outbox, at least once."""
