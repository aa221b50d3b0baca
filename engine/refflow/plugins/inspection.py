"""Looking a plugin over: what importing it brings in, and whether what it names is there.

`refflow plugins check` and `refflow.testing.PluginContract` are made of this.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import msgspec

from .config import Secret, config_schema
from .factories import FactoryUnavailable, resolve
from .host import Host
from .loading import Declared
from .registry import Contribution
from .specs import ActionSpec, CommandSpec, EventTypeSpec, ImporterSpec, Spec, UpcasterSpec, ViewSpec

_ALLOWED = frozenset({"refflow", "msgspec"})
_PROBE = """
import sys
import refflow.plugins.host
before = set(sys.modules)
__import__(sys.argv[1])
print("\\n".join(sorted(set(sys.modules) - before)))
"""


def contributions(host: Host, plugin: str) -> dict[str, Contribution[Any]]:
    """All that a plugin contributes, by its label, such as `channel:sms`."""
    return {
        Declared(attribute=attribute, spec=each.spec).label: each
        for registry in (host.pure, host.effects)
        for attribute in registry.__struct_fields__
        for each in getattr(registry, attribute).values()
        if each.plugin == plugin
    }


def factory_of(spec: Spec) -> str | None:
    """What a declaration names that is imported at its first use."""
    factory = getattr(spec, "target" if isinstance(spec, CommandSpec | ViewSpec) else "factory", None)
    return factory if isinstance(factory, str) else None


def imported_by(module: str) -> frozenset[str]:
    """The modules that importing `module` brings in, beside those of the host that imports it, in a process of its
    own.

    Raises `FactoryUnavailable` with the last line of what went wrong when it cannot be imported.
    """
    done = subprocess.run([sys.executable, "-c", _PROBE, module], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it ended the process"]
        raise FactoryUnavailable(f"{module} cannot be imported: {lines[-1]}")
    return frozenset(done.stdout.split())


def import_faults(module: str, specs: Sequence[Spec]) -> Iterator[str]:
    """Why importing a plugin is not light: what acts must be imported when it acts, and no sooner."""
    own = module.partition(".")[0]
    acting = {factory.partition(":")[0] for spec in specs if (factory := factory_of(spec))} - {module}
    brought = imported_by(module)
    foreign = {name.partition(".")[0] for name in brought} - _ALLOWED - {own} - sys.stdlib_module_names
    # Names that begin so are the private parts of the standard library and of the interpreter.
    for name in sorted(each for each in foreign if not each.startswith("_")):
        yield f"importing {module} imports {name}: import it where it is used"
    for name in sorted(acting & brought):
        yield f"importing {module} imports {name}, which a factory names: it is to wait for its first use"


def spec_faults(plugin: str, specs: Sequence[Spec]) -> Iterator[str]:
    """What is wrong with declarations although a host takes them."""
    for spec in specs:
        yield from _name_faults(plugin, spec)
        yield from _config_faults(spec)
        factory = factory_of(spec)
        if factory is not None:
            try:
                resolve(factory)
            except FactoryUnavailable as error:
                yield f"{spec.name}: {error}"


def typed(module: str) -> bool:
    """Whether the package says that it is typed."""
    import importlib.resources

    package = import_module(module.partition(".")[0])
    return hasattr(package, "__path__") and importlib.resources.files(package).joinpath("py.typed").is_file()


def _name_faults(plugin: str, spec: Spec) -> Iterator[str]:
    if isinstance(spec, EventTypeSpec | UpcasterSpec | ActionSpec):
        return  # a host insists on the first two, and says itself whose an action is
    if spec.name.replace("_", "-") != plugin and not spec.name.replace("_", "-").startswith(f"{plugin}-"):
        yield f"{spec.name}: a name begins with its plugin's, {plugin}: two plugins must not want the same"
    if isinstance(spec, ImporterSpec) and not spec.accepts:
        yield f"{spec.name}: an importer says which files it accepts"


def _config_faults(spec: Spec) -> Iterator[str]:
    config = getattr(spec, "config", None)
    if config is None:
        return
    if not config.__struct_config__.forbid_unknown_fields:
        yield f"{spec.name}: {config.__name__} needs forbid_unknown_fields=True, or a mistake goes unnoticed"
    try:
        config_schema(config)
    except (TypeError, NotImplementedError) as error:
        yield f"{spec.name}: {error}"
    for field in msgspec.structs.fields(config):
        if any(word in field.name for word in ("password", "token", "secret")) and field.type is not Secret:
            yield f"{spec.name}: {config.__name__}.{field.name} is a secret; give it the type Secret"
