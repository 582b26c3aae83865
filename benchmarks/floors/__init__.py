"""The same work written by hand: plain Python with one pydantic object per message and per token.

This is what a careful programmer writes who needs no framework: no composition, no configuration,
no events beyond those asked for. One validated object of four fields is counted in, because data
that leaves a model must have a type. Start with `invoke.py`.
"""
