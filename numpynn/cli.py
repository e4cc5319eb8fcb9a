"""The `numpynn` command: the catalogue, training, the comparison with Keras, speed, data.

    numpynn list                      the catalogue
    numpynn show SLUG                 a system's model and both sources
    numpynn train SLUG                train it in NumPy
    numpynn compare [SLUG … | --all]  NumPy and Keras side by side: errors, metrics, time a step
    numpynn bench [SLUG … | --all]    the time of a step alone, longer and steadier
    numpynn data [list | fetch | where]

`--json` prints one object on stdout and nothing else there; progress goes to stderr. Exit status: 0
all within bars, 1 a bar missed, 2 bad usage or an unknown name, 3 Keras is not installed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from numpynn import process

OK, BAD_USAGE, KERAS_MISSING = 0, 2, 3
FLOAT_TYPES = ("float64", "float32")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    if argv is None:
        process.reexec_prepared()
    arguments = _parser().parse_args(argv)
    from numpynn import commands

    try:
        status: int = commands.COMMANDS[arguments.command](arguments)
    except commands.UsageError as error:
        print(f"numpynn: {error}", file=sys.stderr)
        return BAD_USAGE
    except commands.KerasIsMissing as error:
        print(f"numpynn: {error}", file=sys.stderr)
        return KERAS_MISSING
    except ImportError as error:
        if "numpynn[" not in str(error):
            raise
        print(f"numpynn: {error}", file=sys.stderr)  # an extra that this command needs
        return BAD_USAGE
    except BrokenPipeError:
        sys.stderr.close()
        return OK
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="numpynn", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, about: str, **extra: Any) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=about, description=about, **extra)
        made.add_argument("--json", action="store_true", help="print one JSON object on stdout")
        return made

    command("list", "the catalogue: slug, chapter, task, parameters, which sides exist")

    show = command("show", "a system's model, its formula, and both sources side by side")
    show.add_argument("slug")

    train = command("train", "train a system in NumPy")
    train.add_argument("slug")
    train.add_argument("--epochs", type=_positive, help="instead of the recipe's")
    train.add_argument("--seed", type=int, default=0, help="of everything random (default 0)")
    train.add_argument("--dtype", choices=FLOAT_TYPES, default="float32")
    train.add_argument("--plot", metavar="FILE", help="write a picture (png, svg, pdf)")
    train.add_argument("--save", metavar="FILE.keras", help="write the model, for Keras, too")

    compare = command("compare", "NumPy and Keras side by side: errors, metrics, time a step")
    _systems_argument(compare)
    compare.add_argument("--steps", type=_positive, default=20, help="of training (default 20)")
    compare.add_argument("--dtype", choices=FLOAT_TYPES, help="default: both, a table each")
    compare.add_argument(
        "--train", action="store_true", help="also train both to the end, from five seeds"
    )
    compare.add_argument("--plot", metavar="FILE", help="write the errors and times as a picture")

    bench = command("bench", "the time of a step on both sides, longer and steadier")
    _systems_argument(bench)
    bench.add_argument("--dtype", choices=FLOAT_TYPES, default="float32")
    bench.add_argument("--rounds", type=_positive, default=9, help="of alternation (default 9)")

    data = command("data", "where the data sets come from, and fetching them")
    data.add_argument("action", nargs="?", choices=("list", "fetch", "where"), default="list")
    data.add_argument("name", nargs="?")
    return parser


def _systems_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("slugs", nargs="*", metavar="SLUG")
    parser.add_argument("--all", action="store_true", help="every system of the catalogue")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more; got {text}")
    return value


if __name__ == "__main__":
    sys.exit(main())
