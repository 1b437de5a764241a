"""User groups themselves: the group, its scope and the universe of learners that it may draw from."""
