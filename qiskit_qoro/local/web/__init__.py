"""The REST API of the local service: routes, request bodies, handlers and answers."""
