"""Configurations: TOML files read once, strictly, into frozen dataclasses."""
