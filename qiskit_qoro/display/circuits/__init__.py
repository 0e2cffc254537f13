"""Drawings of circuits as SVG. ``layout`` arranges a circuit, and ``drawing`` draws it."""
