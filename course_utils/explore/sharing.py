"""The line of code that makes an explorer as it stands, and the button that copies it."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import anywidget
from IPython import get_ipython
from torch import Tensor

from course_utils import toys
from course_utils.generate import Settings

HERE = Path(__file__).parent
IMPORTS = {
    "explore": "from course_utils import explore",
    "toys": "from course_utils import toys",
    "Settings": "from course_utils.generate import Settings",
}


class CopyButton(anywidget.AnyWidget):
    """A button that asks for the code of a panel and puts it into the clipboard.

    It also lets screen readers hear the sliders of its panel as they are read: noUiSlider, which
    draws them, has no names for them, and says 0.9300000000000002 where the number is 0.93.
    """

    _esm = (HERE / "sharing.js").read_text("utf-8")  # as in `LivePicture`, and not as a path

    def __init__(self, code: Callable[[], str]):
        super().__init__()
        self.on_msg(lambda *_: self.send({"code": code()}))


def arguments(function: Callable, args: Sequence, kwargs: Mapping[str, object]) -> dict:
    """What a method of an object is called with, by the names of its parameters."""
    bound = inspect.signature(function).bind(None, *args, **kwargs)
    return dict(list(bound.arguments.items())[1:])


def code_of(kind: type, values: Mapping[str, object], moved: Mapping[str, object]) -> str:
    """The code of `kind(**values).at(**moved)`, without what is the default.

    Imports go before it, if the notebook lacks them.
    """
    parts, by_place = [], True
    for name, parameter in list(inspect.signature(kind.__init__).parameters.items())[1:]:
        value = values.get(name, parameter.default)
        first = not parts and by_place and isinstance(value, str)  # a prompt is always said
        if not first and same(value, parameter.default):
            by_place = False
            continue
        by_place &= parameter.kind is not parameter.KEYWORD_ONLY
        parts.append(("" if by_place else f"{name}=") + said(value, name))
    line = f"explore.{kind.__name__}({', '.join(parts)})"
    if moved:
        line += f".at({', '.join(f'{name}={said(value, name)}' for name, value in moved.items())})"
    missing = [code for name, code in IMPORTS.items() if needs(line, name)]
    return "\n".join([*missing, line])


def needs(line: str, name: str) -> bool:
    """Whether the line uses a name that the notebook does not have."""
    used = f"{name}(" in line if name == "Settings" else f"{name}." in line
    return used and name not in notebook()


def same(value: object, default: object) -> bool:
    if isinstance(value, list | tuple) and isinstance(default, list | tuple):
        return len(value) == len(default) and all(map(same, value, default))
    simple = str | int | float | Settings
    return value is default or (isinstance(value, simple) and value == default)


def said(value: object, parameter: str) -> str:
    """A value as code: its name in the notebook or of a toy, or what makes it.

    What has neither is called like the parameter that takes it.
    """
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Settings):
        knobs = ", ".join(f"{name}={number!r}" for name, number in value.changed().items())
        return f"Settings({knobs})"
    if name := name_of_object(value):
        return name
    if isinstance(value, list | tuple) and not any(isinstance(part, Tensor) for part in value):
        return f"[{', '.join(said(part, parameter) for part in value)}]"
    if isinstance(value, Mapping):
        rows = [f"{key_code(key)}: {said(row, parameter)}" for key, row in value.items()]
        return f"{{{', '.join(rows)}}}"
    name = getattr(value, "__name__", "")
    return name if name.isidentifier() else parameter


def key_code(key: object) -> str:
    """A key of a mapping as code; a list could not be one."""
    return quoted(key) if isinstance(key, str) else repr(key)


def quoted(text: str) -> str:
    code = repr(text)
    return f'"{code[1:-1]}"' if code[0] == "'" and '"' not in code else code


def name_of_object(value: object) -> str:
    """What the notebook calls it, or where the course has it; nothing if it is unknown."""
    for name, other in notebook().items():
        if other is value and name.isidentifier() and not name.startswith("_"):
            return name
    return next((f"toys.{name}" for name, other in vars(toys).items() if other is value), "")


def notebook() -> Mapping[str, object]:
    """The names of the notebook that runs this, none elsewhere."""
    shell = get_ipython()
    return dict(shell.user_ns) if shell else {}
