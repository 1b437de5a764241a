"""The group builder as a page of the sandbox."""
