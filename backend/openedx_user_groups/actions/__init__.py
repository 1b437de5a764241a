"""What ``api`` offers, one module a subject. Each function holds the checks, the change and the log of one request."""
