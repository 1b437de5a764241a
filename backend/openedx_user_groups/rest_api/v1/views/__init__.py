"""Views, one module a resource. Each translates: request serializer, one call of the core, answer serializer."""
