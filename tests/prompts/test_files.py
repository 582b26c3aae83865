"""Prompts in files."""

from __future__ import annotations

import os
import sys

import pytest

from levada.errors import MissingExtraError, TemplateError
from levada.prompts import ChatPromptTemplate, PromptDirectory, PromptTemplate, load_prompt
from levada.prompts import save_prompt as save
from levada.prompts.files import MAX_FILE_SIZE

GREETING = ChatPromptTemplate([("system", "Be\n{tone}."), ("human", "Grüß {name}")], name="hi")


@pytest.fixture(params=[".yaml", ".yml", ".json"])
def suffix(request):
    if request.param != ".json":
        pytest.importorskip("yaml")
    return request.param


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_prompt_comes_back_from_a_file(tmp_path, suffix):
    path = tmp_path / "deep" / f"greeting{suffix}"
    save(GREETING, path)
    assert load_prompt(path) == GREETING
    assert "Grüß" in path.read_text(encoding="utf-8")


def test_a_text_of_several_lines_is_a_block_in_yaml(tmp_path):
    pytest.importorskip("yaml")
    save(PromptTemplate("a\nb {c}\n"), tmp_path / "a.yaml")
    assert (tmp_path / "a.yaml").read_text() == "_type: prompt\ntemplate: |\n  a\n  b {c}\n"


def test_a_file_may_have_another_encoding(tmp_path):
    (tmp_path / "a.json").write_text('{"template": "Grüß"}', encoding="latin-1")
    assert load_prompt(tmp_path / "a.json", encoding="latin-1").format() == "Grüß"
    with pytest.raises(TemplateError, match=r"a\.json has no prompt: 'utf-8' codec"):
        load_prompt(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.json", "{", "it is no JSON"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", '{"template": "{a.b}"}', "reads an attribute"),
        ("a.yaml", "a: [", "it is no YAML"),
        ("a.yaml", "- " * 2000, "nested too deeply"),
        ("a.yaml", "just text", "described by a dict"),
        ("a.yaml", "", "described by a dict"),
        ("a.yaml", "template: !!python/object/apply:os.system ['id']", "no YAML of plain data"),
        ("a.yaml", "template: !!python/name:os.system", "no YAML of plain data"),
        ("a.yaml", "!!python/object:levada.prompts.PromptTemplate {}", "no YAML of plain data"),
        ("a.yaml", "template: x\nmetadata: {day: 2026-01-01}", "quotes make it a text"),
        ("a.yaml", "template: 2026-02-30", "no YAML of plain data: day is out of range"),
        ("a.yaml", "template: x\n1: 2", "are not all strings"),
    ],
)
def test_a_file_without_a_prompt_is_refused(write, name, text, why):
    if name.endswith(".yaml"):
        pytest.importorskip("yaml")
    with pytest.raises(TemplateError, match=f"{name} has no prompt: .*{why}"):
        load_prompt(write(name, text))


def test_a_file_that_grows_by_references_is_refused(write):
    pytest.importorskip("yaml")
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    with pytest.raises(TemplateError, match="over 100,000 values"):
        load_prompt(write("a.yaml", "\n".join([*lines, "template: x"])))


def test_a_large_file_is_refused(write):
    with pytest.raises(TemplateError, match="has over 500,000 bytes"):
        load_prompt(write("a.json", " " * (MAX_FILE_SIZE + 1)))


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(TemplateError, match=r"a\.py is neither \.yaml nor \.json"):
        load_prompt(tmp_path / "a.py")
    with pytest.raises(TemplateError, match=r"a\.py is neither \.yaml nor \.json"):
        save(GREETING, tmp_path / "a.py")


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_prompt(tmp_path / "a.json")


def test_without_pyyaml_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'levada\[yaml\]'"):
        save(GREETING, tmp_path / "a.yaml")


# Directories.


def test_a_directory_has_prompts_by_name(tmp_path, suffix):
    prompts = PromptDirectory(tmp_path)
    path = prompts.save("support/greeting", GREETING, suffix=suffix)
    assert path == tmp_path.resolve() / "support" / f"greeting{suffix}"
    assert prompts.load("support/greeting") == GREETING
    assert prompts.names() == ["support/greeting"]
    assert repr(prompts) == f"PromptDirectory({str(tmp_path)!r})"


def test_a_prompt_that_is_not_there_is_an_error_with_those_that_are(tmp_path):
    prompts = PromptDirectory(tmp_path)
    prompts.save("greeting", GREETING, suffix=".json")
    with pytest.raises(TemplateError, match=r"there is no prompt 'greting' .* \['greeting'\]"):
        prompts.load("greting")


@pytest.mark.parametrize(
    "name",
    [
        "../a",
        "a/../../a",
        "/etc/passwd",
        "a\\b",
        "a//b",
        "./a",
        ".a",
        "a.",
        "a.b",
        "",
        "~/a",
        "C:a",
        "a\n",
        "a\0",
        "%2e%2e/a",
        "a/",
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path, name):
    (tmp_path / "inside").mkdir()
    save(GREETING, tmp_path / "a.json")
    prompts = PromptDirectory(tmp_path / "inside")
    with pytest.raises(TemplateError, match="is no name of a prompt"):
        prompts.load(name)
    with pytest.raises(TemplateError, match="is no name of a prompt"):
        prompts.save(name, GREETING)


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="there are no links")
def test_a_link_out_of_the_directory_is_refused(tmp_path):
    save(GREETING, tmp_path / "a.json")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "a.json").symlink_to(tmp_path / "a.json")
    (tmp_path / "inside" / "up").symlink_to(tmp_path)
    prompts = PromptDirectory(tmp_path / "inside")
    for name in ("a", "up/a"):
        with pytest.raises(TemplateError, match="is a link out of"):
            prompts.load(name)
        with pytest.raises(TemplateError, match="is a link out of"):
            prompts.save(name, GREETING, suffix=".json")


def test_a_directory_behind_a_link_is_fine(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    prompts = PromptDirectory(tmp_path / "link")
    prompts.save("a", GREETING, suffix=".json")
    assert prompts.load("a") == GREETING
