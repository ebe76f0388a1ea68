"""Wrappers and sinks of which each has one defect, to measure what the conformance kit notices.

The docstring of each is its defect, `breaks` the law that must notice it.
"""
