"""Python functions as text and back: Keras's form of a lambda.

The text is the function's bytecode, which only the same version of Python runs, and which does
whatever its author wanted when it is run. `func_load` is for text from files that are trusted.
"""

from __future__ import annotations

import base64
import builtins
import marshal
from collections.abc import Callable, Sequence
from types import CellType, FunctionType
from typing import Any


def func_dump(function: FunctionType) -> tuple[str, tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """The code as text, the defaults of the arguments, and the values that the function encloses.

    Global names stay names: they are looked up where the function is loaded.
    """
    code = base64.encodebytes(marshal.dumps(function.__code__)).decode("ascii")
    enclosed = function.__closure__
    return code, function.__defaults__, enclosed and tuple(c.cell_contents for c in enclosed)


def func_load(
    code: Any,
    defaults: Sequence[Any] | None = None,
    closure: Sequence[Any] | None = None,
    globs: dict[str, Any] | None = None,
) -> Callable[..., Any]:
    """The function that `func_dump` wrote down: its three results, apart or as one sequence.

    globs: what the function's global names mean; Python's built-in functions unless given.
    """
    if not isinstance(code, str):
        code, defaults, closure = code
    compiled = marshal.loads(base64.decodebytes(code.encode("ascii")))
    cells = None if closure is None else tuple(CellType(value) for value in closure)
    return FunctionType(
        compiled,
        {"__builtins__": builtins} if globs is None else globs,
        compiled.co_name,
        None if defaults is None else tuple(defaults),
        cells,
    )
