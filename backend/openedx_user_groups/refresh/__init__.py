"""Refreshing: bringing a group's members up to date with its rule, one recorded run at a time."""
