"""One module a criterion type. To add one, see ``docs/how-tos/add_a_criterion_type.md``."""
