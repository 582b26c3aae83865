"""levada, hand-written code and other frameworks, measured side by side in one run.

Here are the workloads, the hand-written programs (`floors/`), the same work in each framework
(`peers/`) and the process that asks them in turn. Nothing here is installed with the package. Read
`workloads.py` first, then `docs/performance.md` for how to read the figures.
"""
