"""Prompts as plain data, which is what a file holds, and back.

Reading makes objects of the classes that are named here and of no other. It runs no code, imports
nothing, and reads neither the environment nor another file.
"""

from __future__ import annotations
