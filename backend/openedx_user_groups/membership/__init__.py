"""Who is in a group now, who joined and left when and why, and how lists of people get in and out as files."""
