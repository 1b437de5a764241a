"""Apps that ship with the core but are installed separately: criterion types and the platform integration."""
