"""Criterion types over the relational data of the LMS. Uses the core as any third-party plugin would."""
