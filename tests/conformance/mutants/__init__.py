"""Wrappers and sinks of which each has one defect, to measure what the conformance kit notices.

The docstring of each is what it does wrong, `breaks` the law that is there to notice it.
"""
