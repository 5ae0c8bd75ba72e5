"""Dataclasses as JSON documents: one reader, one writer, and the JSON Schema that follows from the same annotations."""
