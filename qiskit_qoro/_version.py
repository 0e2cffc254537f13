"""The version of this package: read by the build, the User-Agent and the documentation."""

__version__ = "0.1.0"
