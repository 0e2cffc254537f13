"""The REST API of the local service: routes, request bodies, handlers and answers.

Start with :mod:`~qiskit_qoro.local.web.app`, which processes every request, and
:mod:`~qiskit_qoro.local.web.handlers`, which has one function for each call.
"""
