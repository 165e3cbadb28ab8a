"""From a design to a published artifact: plan, run, manifest, publish.

Nothing is imported here: whether an artifact is up to date (`fresh`) is asked at every start and must cost little.
"""
