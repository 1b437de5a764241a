"""The contract is checked on the small world of the REST API's tests."""

from tests.rest_api.conftest import world

__all__ = ["world"]
