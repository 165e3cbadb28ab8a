"""Designs: what a model needs built, as values (`spec`), and the planners that make them."""
