"""The backend for frontend: translates between HTTP and ``openedx_user_groups.api``. It decides nothing itself."""
