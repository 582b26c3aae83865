"""levada's own programs, through its public names only.

The same chain as the hand-written one: `prompt | model | parser`. A module per idea, so that a part
that does not import skips its own rows. Start with `model.py`.
"""
