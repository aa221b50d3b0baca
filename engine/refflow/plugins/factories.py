"""Factories: what acts is named as `"package.module:Class"` and imported at its first use."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import RefflowError
from ..spelling import did_you_mean


class FactoryUnavailable(RefflowError):
    """A plugin names code that cannot be imported. `refflow doctor` says more."""


def resolve(factory: str) -> Any:
    """The object that `"package.module:Class"` names; its module is imported if it was not yet.

    Raises `FactoryUnavailable`, which names the factory and says why.
    """
    module_name, colon, path = factory.partition(":")
    if not (module_name and colon and path):
        raise FactoryUnavailable(f'"{factory}" names no factory: write it as "package.module:Class"')
    target = _import(module_name, factory)
    for attribute in path.split("."):
        try:
            target = getattr(target, attribute)
        except AttributeError:
            hint = did_you_mean(attribute, dir(target))
            said = f"{factory}: {module_name} has no {path}" + (f"; {hint}" if hint else "")
            raise FactoryUnavailable(said) from None
    return target


def _import(module_name: str, factory: str) -> Any:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module_name == missing or module_name.startswith(f"{missing}."):
            raise FactoryUnavailable(f"{factory}: there is no module {missing}") from error
        raise FactoryUnavailable(f"{factory} needs {missing}, which is not installed") from error
    except Exception as error:
        # What a plugin's module does on import is not ours to foresee; the cause is kept for `doctor`.
        raise FactoryUnavailable(f"{factory} failed on import: {type(error).__name__}: {error}") from error
