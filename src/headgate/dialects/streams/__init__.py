"""Durable Streams: what is read again from anywhere, byte for byte."""
