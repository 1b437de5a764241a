"""Generates what ``frontend-contract/`` ships besides code: JSON Schemas, and fixtures recorded on a small fixed world.

``manage.py write_contract`` is the command; :func:`sandbox.contract.documents.generate` is what it and the tests call.
Nothing here is part of the product.
"""
