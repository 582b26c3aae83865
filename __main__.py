"""The command `levada`: `levada demo` and `levada pull`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from . import __version__
from .chat_models import ChatLlamaCpp
from .chat_models.weights import pull_weights
from .demo import run_demo
from .errors import LevadaError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status.

    Args:
        arguments: The words after `levada`; else those of the process.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.command == "pull":
            _pull()
        else:
            _demo(options.model)
    except LevadaError as exc:
        # The user's mistake, or the machine's: what is wrong and what to do, without a traceback.
        print(f"levada: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="levada", description="Compose language-model pipelines, and watch them run."
    )
    parser.add_argument("--version", action="version", version=f"levada {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="watch a real language model stream its answer")
    demo.add_argument(
        "--model",
        type=Path,
        metavar="PATH",
        help="a GGUF file of your own; without it a small model is fetched once",
    )
    commands.add_parser("pull", help="fetch the weights of the small model")
    return parser


def _pull() -> None:
    print(pull_weights())


def _demo(model: Path | None) -> None:
    path = model or pull_weights()
    chat = ChatLlamaCpp(model_path=path, temperature=0.8, repeat_penalty=1.1, seed=3, max_tokens=80)
    run_demo(chat, _write)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
