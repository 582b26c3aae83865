"""What a model can do, as data."""

from __future__ import annotations

from typing_extensions import TypedDict

__all__ = ["ModelProfile"]


class ModelProfile(TypedDict, total=False):
    """What is known of a model: the size of its context, and what it takes and gives.

    A key that is missing is not known.
    """

    max_input_tokens: int
    max_output_tokens: int
    text_inputs: bool
    image_inputs: bool
    image_url_inputs: bool
    pdf_inputs: bool
    audio_inputs: bool
    video_inputs: bool
    image_tool_message: bool
    pdf_tool_message: bool
    text_outputs: bool
    image_outputs: bool
    audio_outputs: bool
    video_outputs: bool
    reasoning_output: bool
    tool_calling: bool
    tool_choice: bool
    structured_output: bool
