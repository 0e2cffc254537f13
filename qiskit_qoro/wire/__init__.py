"""The wire format: conversion between values and the bytes and JSON of the REST API.

The client and the local service share these modules, which do no I/O. Start with
:mod:`~qiskit_qoro.wire.endpoints`, the table of calls, and :mod:`~qiskit_qoro.wire.payloads`, the bodies
about jobs.
"""
