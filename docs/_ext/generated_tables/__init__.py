"""Directives that print tables from the values of the code. Each module is an extension, except ``table``."""
