"""Prompts in files: YAML or JSON, one prompt a file, data only."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from ..errors import MissingExtraError, TemplateError, shown
from .base import BasePromptTemplate
from .data import prompt_from_dict, prompt_to_dict

__all__ = ["PromptDirectory", "load_prompt", "save_prompt"]

MAX_FILE_SIZE: Final = 500_000
"""How many bytes a file with a prompt may have."""

_MOST_DIGITS: Final = 100
_READERS: Final = {"int": "construct_yaml_int", "float": "construct_yaml_float"}
_SUFFIXES: Final = (".yaml", ".yml", ".json")
_NAME: Final = re.compile(r"\w[\w-]*(?:/\w[\w-]*)*", re.ASCII)


def load_prompt(path: str | Path, *, encoding: str = "utf-8") -> BasePromptTemplate[Any, Any]:
    """Read the prompt in a YAML or JSON file; no other file is read.

    Raises:
        TemplateError: See `prompt_from_dict`; or the file is too large, or neither YAML nor JSON.
        MissingExtraError: It is YAML, and PyYAML is not installed.
        OSError: It cannot be read.
    """
    path = Path(path)
    _check_suffix(path)
    with path.open("rb") as file:
        content = file.read(MAX_FILE_SIZE + 1)
    if len(content) > MAX_FILE_SIZE:
        raise TemplateError(f"{path} has over {MAX_FILE_SIZE:,} bytes")
    try:
        text = content.decode(encoding)
        return prompt_from_dict(_from_json(text) if path.suffix == ".json" else _from_yaml(text))
    except (RecursionError, UnicodeDecodeError, TemplateError) as exc:
        reason = "it is nested too deeply" if isinstance(exc, RecursionError) else exc
        raise TemplateError(f"{path} has no prompt: {reason}") from exc


def save_prompt(prompt: BasePromptTemplate[Any, Any], path: str | Path) -> None:
    """Write a prompt to a YAML or JSON file, in UTF-8; its directory is made if need be.

    Raises:
        TemplateError: See `prompt_to_dict`; or the name of the file does not end in .yaml or .json.
        MissingExtraError: It is YAML, and PyYAML is not installed.
        OSError: It cannot be written.
    """
    path = Path(path)
    _check_suffix(path)
    data = prompt_to_dict(prompt)
    text = _to_json(data) if path.suffix == ".json" else _to_yaml(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


class PromptDirectory:
    """A directory of prompts: `PromptDirectory("prompts").load("support/greeting")`.

    A name is that of a file without its suffix, below the directory. Nothing outside of the
    directory is read or written, also not through a link.
    """

    def __init__(self, root: str | Path) -> None:
        self.root: Path = Path(root)

    def __repr__(self) -> str:
        return f"PromptDirectory({str(self.root)!r})"

    def names(self) -> list[str]:
        """Give the names of all prompts, sorted."""
        found = (
            path.relative_to(self.root).with_suffix("").as_posix()
            for path in self.root.rglob("*")
            if path.suffix in _SUFFIXES
        )
        return sorted({name for name in found if _NAME.fullmatch(name)})

    def load(self, name: str) -> BasePromptTemplate[Any, Any]:
        """Read a prompt; see `load_prompt`.

        Raises:
            TemplateError: There is none of this name, or it is outside of the directory.
        """
        for suffix in _SUFFIXES:
            path = self._path(name, suffix)
            if path.is_file():
                return load_prompt(path)
        raise TemplateError(f"there is no prompt {name!r} in {self.root}; it has {self.names()}")

    def save(
        self, name: str, prompt: BasePromptTemplate[Any, Any], *, suffix: str = ".yaml"
    ) -> Path:
        """Write a prompt, and give the path of its file; see `save_prompt`.

        Raises:
            TemplateError: The name would be outside of the directory.
        """
        path = self._path(name, suffix)
        save_prompt(prompt, path)
        return path

    def _path(self, name: str, suffix: str) -> Path:
        if not _NAME.fullmatch(name):
            raise TemplateError(
                f"{shown(name)} is no name of a prompt: it has letters, digits, - and _, and / "
                "between directories"
            )
        path = (self.root / f"{name}{suffix}").resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise TemplateError(f"the prompt {name!r} is a link out of {self.root}")
        return path


def _check_suffix(path: Path) -> None:
    if path.suffix not in _SUFFIXES:
        raise TemplateError(f"{path} is neither .yaml nor .json")


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as exc:  # also of an integer of thousands of digits
        raise TemplateError(f"it is no JSON: {exc}") from None


def _to_json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _yaml() -> Any:
    try:
        import yaml
    except ImportError as exc:
        raise MissingExtraError("a prompt in YAML", "pyyaml", "yaml") from exc
    return yaml


def _from_yaml(text: str) -> Any:
    yaml = _yaml()
    try:
        return yaml.load(text, _loader(yaml))
    except (yaml.YAMLError, ValueError) as exc:  # ValueError: such as the 30th of February
        raise TemplateError(f"it is no YAML of plain data: {exc}") from None


def _loader(yaml: Any) -> Any:
    """Give PyYAML's safe loader, without what lets a short file take long to read."""

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # a class of a package that is not there
        def flatten_mapping(self, node: Any) -> None:
            # Merges of merges multiply: see tests/prompts/test_costs.py.
            if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
                raise TemplateError("it merges mappings with <<. Write the keys out")

        def construct_number(self, node: Any) -> Any:
            # 1:59:59:... is a number to the base 60, in time that grows with its square.
            if len(node.value) > _MOST_DIGITS:
                raise TemplateError(f"a number in it has over {_MOST_DIGITS} digits")
            read = _READERS[node.tag.rpartition(":")[2]]
            return getattr(yaml.SafeLoader, read)(self, node)

    for kind in _READERS:
        Loader.add_constructor(f"tag:yaml.org,2002:{kind}", Loader.construct_number)
    return Loader


def _to_yaml(data: object) -> str:
    yaml = _yaml()

    def represent(dumper: Any, text: str) -> Any:
        style = "|" if "\n" in text else None  # several lines as a block
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    dumper = type("Dumper", (yaml.SafeDumper,), {})
    yaml.add_representer(str, represent, Dumper=dumper)
    written: str = yaml.dump(data, Dumper=dumper, sort_keys=False, allow_unicode=True)
    return written
