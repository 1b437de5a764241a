"""What evaluating, previewing and refreshing a user group cost, side by side with hand-written SQL. See README.md."""
