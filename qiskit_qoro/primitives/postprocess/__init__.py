"""Conversion of the results of service jobs into a ``PrimitiveResult``."""
