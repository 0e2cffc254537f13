"""From results of service jobs to a PrimitiveResult."""
